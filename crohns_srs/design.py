"""What a mixed model is fitted to: columns of fixed effects, and the groups whose effects are random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.arrays import FloatArray, IntArray

INTERCEPT = "(Intercept)"
# A column whose part that the others do not hold is smaller than this share of its length is one of their sums (as in R).
_COLLINEAR = 1e-7
_NAMED_SHARE = 1e-5
# The same share above which cross products have digits enough.
_WELL_APART = 1e-4


@dataclass(frozen=True, slots=True)
class Grouping:
    """One set of groups, such as trials.

    Parameters
    ----------
    name : str
        What the groups are, for messages: ``Trial``.
    code : (n_obs,) array
        Position of each row's group in `levels`.
    levels : tuple of str
        Groups, each with at least one row.
    """

    name: str
    code: IntArray
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Fixed effects and groups of rows.

    Parameters
    ----------
    place : str
        Which rows these are, for messages.
    terms : tuple of str
        Names of the columns.
    matrix : (n_obs, n_terms) array
        Fixed effects, linearly independent.
    groupings : tuple of Grouping
        One, or two that are crossed or nested.
    """

    place: str
    terms: tuple[str, ...]
    matrix: FloatArray
    groupings: tuple[Grouping, ...]

    @property
    def n_obs(self) -> int:
        """Number of rows."""
        return self.matrix.shape[0]


def grouping(name: str, labels: Sequence[str]) -> Grouping:
    """Return the groups of rows that each have a label, in alphabetical order."""
    levels = sorted(set(labels))
    place = {level: i for i, level in enumerate(levels)}
    return Grouping(name, np.fromiter(map(place.__getitem__, labels), dtype=np.int64, count=len(labels)), tuple(levels))


def nested(outer: Grouping, inner: Grouping) -> Grouping:
    """Return groups of `inner` that are told apart between groups of `outer`: site 1 of trial A is not site 1 of trial B."""
    labels = [f"{outer.levels[i]}:{inner.levels[j]}" for i, j in zip(outer.code, inner.code, strict=True)]
    return grouping(f"{outer.name}:{inner.name}", labels)


def create_design(place: str, columns: Mapping[str, FloatArray], groupings: Sequence[Grouping]) -> Design:
    """Return the design with an intercept and some columns.

    Parameters
    ----------
    place : str
        Which rows these are, for messages.
    columns : mapping of str to (n_obs,) array
        Covariates, finite.
    groupings : sequence of Grouping
        One or two.

    Raises
    ------
    InputError
        With a problem for each column that is constant or a sum of those before it, each grouping with one group, and too few rows.
    """
    n = groupings[0].code.size
    terms = (INTERCEPT, *columns)
    matrix = np.column_stack([np.ones(n), *columns.values()])
    problems = [
        Problem(
            place,
            f"{one.name} is {', '.join(one.levels)} in every row; expected at least two, for their variance to be estimated",
        )
        for one in groupings
        if len(one.levels) < 2
    ]
    if n <= len(terms):
        message = f"{n} rows for {len(terms)} coefficients; expected more rows than coefficients"
        problems.append(Problem(place, message))
    else:
        problems += _column_faults(place, terms, matrix)
    if problems:
        raise InputError(problems)
    return Design(place, terms, matrix, tuple(groupings))


def orthonormal(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Q and R of a matrix whose columns have length 1, QR being the matrix and Q orthonormal.

    By Cholesky's decomposition of the cross products twice, which is as exact as Householder's reflections where no column is nearly a sum of
    others, and a few products of matrices instead of many of vectors; by reflections elsewhere.

    References
    ----------
    Yamamoto Y et al. Roundoff error analysis of the CholeskyQR2 algorithm. Electron Trans Numer Anal 2015;44:306-26.
    """
    basis, triangle = matrix, np.eye(matrix.shape[1])
    for _ in range(2):
        try:
            factor = np.linalg.cholesky(basis.T @ basis).T
        except np.linalg.LinAlgError:
            return np.linalg.qr(matrix)
        if np.diag(factor).min() < _WELL_APART:
            return np.linalg.qr(matrix)
        basis, triangle = basis @ np.linalg.inv(factor), factor @ triangle
    return basis, triangle


def _column_faults(place: str, terms: tuple[str, ...], matrix: FloatArray) -> list[Problem]:
    """Return a problem for each column that adds nothing to those before it."""
    lengths = np.linalg.norm(matrix, axis=0)
    if lengths.all() and np.abs(np.diag(orthonormal(matrix / lengths)[1])).min() > _COLLINEAR:
        return []
    found: list[Problem] = []
    kept = [0]
    for j in range(1, len(terms)):
        column = matrix[:, j]
        if (column == column[0]).all():
            message = (
                f"{terms[j]} is {column[0]:g} in every row; expected different values, for its effect to be estimated"
            )
            found.append(Problem(place, message))
            continue
        others, length = matrix[:, kept], np.linalg.norm(matrix[:, kept], axis=0)
        unit: FloatArray = column / float(np.linalg.norm(column))
        share: FloatArray = np.array(np.linalg.pinv(others / length) @ unit, dtype=np.float64)
        rest: FloatArray = unit - others / length @ share
        if np.linalg.norm(rest) > _COLLINEAR:
            kept.append(j)
            continue
        of = [terms[k] for k, value in zip(kept, share, strict=True) if abs(value) > _NAMED_SHARE and k]
        message = f"{terms[j]} is a sum of multiples of {', '.join(of) or 'the intercept'}; leave one of them out"
        found.append(Problem(place, message))
    return found
