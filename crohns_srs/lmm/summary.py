"""What a fit needs of its rows: a few sums over groups, whatever the number of rows.

With X = QR and Z the indicators of groups, the likelihood of y depends on y through Q'y, Z'r and r'r alone, where r = y - QQ'y. The
restricted likelihood needs K = Z'(I - QQ')Z, whose eigenvectors turn the sums of groups into independent numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.design import orthonormal
from pkpd.errors import input_error

if TYPE_CHECKING:
    from crohns_srs.design import Design
    from pkpd.arrays import FloatArray, IntArray

# Shares of the largest eigenvalue of K below which a direction of the groups is one of the fixed effects.
_ALIASED = 1e-10
# Share of the outcome's own spread below which what the fixed effects or the groups leave over is rounding.
_EXACT = 1e-20
_EXACT_WITHIN = 1e-12


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums over the groups of a design.

    Parameters
    ----------
    design : Design
        Rows.
    basis : (n_obs, n_terms) array
        Q, orthonormal columns that span the fixed effects.
    triangle : (n_terms, n_terms) array
        R, with X = QR.
    back : (n_terms, n_terms) array
        R⁻¹: from coefficients of the basis to those of the columns.
    sums : (n_groups, n_terms) array
        Z'Q.
    counts : (n_groups, n_groups) array
        Z'Z; diagonal for one grouping.
    factor : (n_groups,) array
        Grouping that each group is of.
    values : (rank,) array
        Eigenvalues of K = Z'Z - Z'QQ'Z that are not 0.
    vectors : (n_groups, rank) array
        Their eigenvectors U.
    """

    design: Design
    basis: FloatArray
    triangle: FloatArray
    back: FloatArray
    sums: FloatArray
    counts: FloatArray
    factor: IntArray
    values: FloatArray
    vectors: FloatArray

    @property
    def n_obs(self) -> int:
        """Number of rows."""
        return self.basis.shape[0]

    @property
    def n_terms(self) -> int:
        """Number of fixed effects."""
        return self.basis.shape[1]

    @property
    def n_factors(self) -> int:
        """Number of groupings."""
        return len(self.design.groupings)

    @property
    def half(self) -> FloatArray:
        """Half of K, (n_groups, rank), with K = half half'."""
        return self.vectors * np.sqrt(self.values)

    @property
    def kernel(self) -> FloatArray:
        """K, (n_groups, n_groups)."""
        return (self.vectors * self.values) @ self.vectors.T

    @property
    def log_det_cross(self) -> float:
        """Logarithm of the determinant of X'X."""
        return 2.0 * float(np.log(np.abs(np.diag(self.triangle))).sum())


@dataclass(frozen=True, slots=True)
class Statistics:
    """What of outcomes a fit depends on, for one outcome or many.

    Parameters
    ----------
    projection : (n_outcomes, n_terms) array
        Q'y.
    rotated : (n_outcomes, rank) array
        U'Z'r.
    square : (n_outcomes,) array
        r'r.
    """

    projection: FloatArray
    rotated: FloatArray
    square: FloatArray


def summarize(design: Design) -> Summary:
    """Return the sums over the groups of a design.

    Raises
    ------
    InputError
        Where the fixed effects leave no difference between the groups, so that their variance cannot be estimated.
    """
    length = np.linalg.norm(design.matrix, axis=0)
    basis, triangle = orthonormal(design.matrix / length)
    sums = np.vstack([_group_sums(basis, one.code, len(one.levels)) for one in design.groupings])
    factor = np.repeat(np.arange(len(design.groupings)), [len(one.levels) for one in design.groupings])
    counts = _counts(design)
    values, vectors = np.linalg.eigh(counts - sums @ sums.T)
    is_kept = values > _ALIASED * counts.max()
    # Of columns of length 1, so that units of covariates cost no digits.
    back = np.linalg.inv(triangle) / length[:, None]
    whole = Summary(design, basis, triangle * length, back, sums, counts, factor, values[is_kept], vectors[:, is_kept])
    _check_identified(whole)
    return whole


def _check_identified(summary: Summary) -> None:
    """Refuse groups between which nothing differs but covariates, and two groupings whose variances only count together."""
    place, groupings = summary.design.place, summary.design.groupings
    diagonal = summary.vectors**2 @ summary.values
    own = [np.flatnonzero(summary.factor == i) for i in range(len(groupings))]
    for one, rows in zip(groupings, own, strict=True):
        if not (diagonal[rows] > _ALIASED * summary.counts.max()).any():
            message = f"{one.name}: the covariates hold every difference between its groups; expected covariates that vary within them, or fewer"
            raise input_error(place, message)
    if len(groupings) == 1:
        return
    kernel = summary.kernel
    a, ab, b = (float((kernel[np.ix_(own[i], own[j])] ** 2).sum()) for i, j in ((0, 0), (0, 1), (1, 1)))
    if ab >= (1.0 - _ALIASED) * np.sqrt(a * b):
        message = f"{groupings[0].name} and {groupings[1].name} are the same groups of rows; leave one of them out"
        raise input_error(place, message)


def statistics_of(summary: Summary, outcome: FloatArray) -> Statistics:
    """Return what of one outcome a fit depends on.

    Parameters
    ----------
    summary : Summary
        Of the rows.
    outcome : (n_obs,) array
        Outcome, finite.

    Raises
    ------
    InputError
        Where nothing of the outcome is left to chance.
    """
    place = summary.design.place
    projection, residual = _split(summary, outcome)
    square = float(residual @ residual)
    if square <= _EXACT * float(outcome @ outcome):
        raise input_error(
            place, "the outcome is a sum of multiples of the covariates; expected one that varies around them"
        )
    rotated = summary.vectors.T @ _stacked_sums(summary, residual[:, None])[:, 0]
    within = square - float((rotated**2 / summary.values).sum())
    n_left = summary.n_obs - summary.n_terms - summary.values.size
    if n_left <= 0 or within <= _EXACT_WITHIN * square:
        names = " and ".join(one.name for one in summary.design.groupings)
        message = f"{names} and the covariates hold the outcome exactly; expected rows of one group that differ"
        raise input_error(place, message)
    return Statistics(projection[None, :], rotated[None, :], np.array([square]))


def projected_sums(summary: Summary, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Q'c, and Z'(I - QQ')c, of some columns: (n_terms, n_columns) and (n_groups, n_columns)."""
    projection, residual = _split(summary, columns)
    return projection, _stacked_sums(summary, residual)


def _split(summary: Summary, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Q'c and (I - QQ')c, taken twice, so that a column with a large mean loses nothing but what its own digits lost."""
    projection = summary.basis.T @ columns
    residual = columns - summary.basis @ projection
    again = summary.basis.T @ residual
    return projection + again, residual - summary.basis @ again


def _stacked_sums(summary: Summary, columns: FloatArray) -> FloatArray:
    """Return Z'c."""
    return np.vstack([_group_sums(columns, one.code, len(one.levels)) for one in summary.design.groupings])


def coefficients(summary: Summary, in_basis: FloatArray) -> FloatArray:
    """Return coefficients of the columns from those of the basis, (..., n_terms)."""
    return in_basis @ summary.back.T


def _group_sums(columns: FloatArray, code: IntArray, n_groups: int) -> FloatArray:
    """Return the sums of columns over groups, (n_groups, n_columns)."""
    sums = [np.bincount(code, weights=column, minlength=n_groups).astype(np.float64) for column in columns.T]
    return np.column_stack(sums)


def _counts(design: Design) -> FloatArray:
    """Return Z'Z: rows of each group, and of each pair of groups of two groupings."""
    blocks = [
        [_pair_counts(a.code, b.code, (len(a.levels), len(b.levels))) for b in design.groupings]
        for a in design.groupings
    ]
    return np.block(blocks)


def _pair_counts(a: IntArray, b: IntArray, shape: tuple[int, int]) -> FloatArray:
    flat = np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1]).astype(np.float64)
    return flat.reshape(shape)
