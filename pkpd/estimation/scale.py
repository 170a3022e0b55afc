"""The scale that a fit searches on: no bounds, and steps of one that mean about the same for every parameter.

Positive parameters become logarithms, as does the distance from a single bound; those between two bounds become logits,
coefficients multiples of a unit, and a block of Omega its Cholesky factor with the logarithms of the diagonal, so that every
point is a covariance matrix. A larger coordinate is a larger value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pkpd.errors import input_error
from pkpd.model.population import ParameterKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.model.population import PopulationParameter

_SMALLEST_UNIT = 0.1
# A search may go on towards a correlation of one for ever; less of its own than this, as a standard deviation, is lost in rounding.
_LEAST_OWN = 1e-6
NO_SHARE = 2e-5
"""Share of its variance that a random effect has apart from those before it in its block, below which it is a line through them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some parameters that are searched together.

    Parameters
    ----------
    kind : str
        log (of the distance above a lower bound), log_below (minus that of the distance below an upper one), logit, identity, or
        block (of Omega).
    places : tuple of int
        Which parameters: one, or the lower triangle of a block by rows.
    lower, upper : float
        Bounds; the unit of an identity is ``upper``.
    """

    kind: Literal["log", "log_below", "logit", "identity", "block"]
    places: tuple[int, ...]
    lower: float = 0.0
    upper: float = 1.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How the free parameters of a model are searched.

    Parameters
    ----------
    values : (n_parameters,) array
        Values of all parameters, those of the fixed ones for good.
    pieces : tuple of Piece
        The free ones.
    """

    values: FloatArray
    pieces: tuple[Piece, ...]

    @property
    def n_free(self) -> int:
        """Return the number of free parameters."""
        return sum(len(piece.places) for piece in self.pieces)

    @property
    def free(self) -> list[int]:
        """Return the places of the free parameters, in the order of the search."""
        return [place for piece in self.pieces for place in piece.places]


def scale_of(parameters: Sequence[PopulationParameter]) -> Scale:
    """Return the scale of a model's parameters.

    Raises
    ------
    InputError
        For correlations that are no full block, and for a block that is fixed in part.
    """
    pieces: list[Piece] = []
    blocks = _blocks(parameters)
    in_block = {place for block in blocks for place in block}
    for i, one in enumerate(parameters):
        if one.is_fixed or i in in_block:
            continue
        if np.isfinite(one.lower) and np.isfinite(one.upper):
            pieces.append(Piece("logit", (i,), one.lower, one.upper))
        elif np.isfinite(one.lower):
            pieces.append(Piece("log", (i,), one.lower))
        elif np.isfinite(one.upper):
            pieces.append(Piece("log_below", (i,), upper=one.upper))
        else:
            pieces.append(Piece("identity", (i,), upper=max(abs(one.value), _SMALLEST_UNIT)))
    for block in blocks:
        fixed = {parameters[place].is_fixed for place in block}
        if fixed == {True, False}:
            names = ", ".join(parameters[place].name for place in block)
            raise input_error("omega", f"the block of {names} is fixed in part; fix all of it or nothing of it")
        if fixed == {False}:
            pieces.append(Piece("block", block))
    return Scale(np.array([one.value for one in parameters]), tuple(pieces))


def reach_of(one: PopulationParameter, bound: float, typical: float) -> float:
    """Return the distance from a bound in which nearness to it is measured: that of a typical value, at most the other bound's."""
    return float(min(one.upper - one.lower, abs(typical - bound) or 1.0))


def inside(one: PopulationParameter, value: float, share: float) -> float:
    """Return a value, or the nearest one that lies inside of each bound by a share of the initial value's distance from it."""
    if np.isfinite(one.lower):
        value = max(value, one.lower + share * reach_of(one, one.lower, one.value))
    if np.isfinite(one.upper):
        value = min(value, one.upper - share * reach_of(one, one.upper, one.value))
    return value


def to_free(scale: Scale, values: FloatArray) -> FloatArray:
    """Return where some values lie on the scale."""
    parts = [piece_place(piece, values[list(piece.places)]) for piece in scale.pieces]
    return np.concatenate(parts) if parts else np.empty(0)


def piece_place(piece: Piece, values: FloatArray) -> FloatArray:
    """Return where the values of a piece's parameters lie on the scale."""
    if piece.kind == "block":
        factor: FloatArray = np.linalg.cholesky(_square(values)).astype(np.float64)
        n = len(factor)
        factor[np.arange(n), np.arange(n)] = np.log(np.diag(factor))
        return factor[np.tril_indices(n)]
    if piece.kind == "log":
        return np.log(values - piece.lower)
    if piece.kind == "log_below":
        return -np.log(piece.upper - values)
    if piece.kind == "logit":
        return np.log((values - piece.lower) / (piece.upper - values))
    return values / piece.upper


def to_values(scale: Scale, free: FloatArray) -> FloatArray:
    """Return the values of all parameters at a point of the scale."""
    values = scale.values.copy()
    at = 0
    for piece in scale.pieces:
        n = len(piece.places)
        values[list(piece.places)] = piece_values(piece, free[at : at + n])
        at += n
    return values


def jacobian(scale: Scale, free: FloatArray) -> FloatArray:
    """Return the derivatives of all values by the free coordinates, (n_parameters, n_free)."""
    result = np.zeros((scale.values.size, free.size))
    at = 0
    for piece in scale.pieces:
        n = len(piece.places)
        result[np.ix_(list(piece.places), range(at, at + n))] = _piece_jacobian(piece, free[at : at + n])
        at += n
    return result


def piece_values(piece: Piece, free: FloatArray) -> FloatArray:
    """Return the values of a piece's parameters at a point of the scale."""
    if piece.kind == "block":
        factor = _factor(free)
        return (factor @ factor.T)[np.tril_indices(len(factor))]
    if piece.kind == "log":
        return piece.lower + np.exp(free)
    if piece.kind == "log_below":
        return piece.upper - np.exp(-free)
    if piece.kind == "logit":
        return piece.lower + (piece.upper - piece.lower) / (1.0 + np.exp(-free))
    return free * piece.upper


def own_shares(triangle: FloatArray) -> FloatArray:
    """Return what share of its variance each random effect of a block has apart from those before it, (n,), from the block's lower triangle.

    With two of them the second's share is 1 - correlation^2. After one that has none the others' mean nothing.
    """
    omega = _square(triangle)
    n = len(omega)
    determinants = np.array([1.0, *(np.linalg.det(omega[: k + 1, : k + 1]) for k in range(n))])
    with np.errstate(divide="ignore", invalid="ignore"):
        return determinants[1:] / determinants[:-1] / np.diag(omega)


def lines_of(piece: Piece, values: FloatArray) -> list[int]:
    """Return the places of the variances of a block's random effects that are lines through those before them."""
    if piece.kind != "block":
        return []
    shares = own_shares(values[list(piece.places)])
    return [piece.places[k * (k + 3) // 2] for k in np.flatnonzero(shares < NO_SHARE)]


def place_of_share(free: FloatArray, k: int, share: float) -> float:
    """Return the coordinate of row k of a block's diagonal at which its own share of the variance is the given one."""
    before = _factor(free)[k, :k]
    return float(0.5 * np.log(share * (before @ before) / (1.0 - share)))


def _piece_jacobian(piece: Piece, free: FloatArray) -> FloatArray:
    if piece.kind == "log":
        return np.exp(free)[:, None]
    if piece.kind == "log_below":
        return np.exp(-free)[:, None]
    if piece.kind == "logit":
        share = 1.0 / (1.0 + np.exp(-free))
        return ((piece.upper - piece.lower) * share * (1.0 - share))[:, None]
    if piece.kind == "identity":
        return np.array([[piece.upper]])
    factor = _factor(free)
    n = len(factor)
    rows, columns = np.tril_indices(n)
    result = np.empty((free.size, free.size))
    for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
        change = np.zeros((n, n))
        change[i, j] = factor[i, i] if i == j else 1.0
        omega = change @ factor.T + factor @ change.T
        result[:, k] = omega[rows, columns]
    return result


def _factor(free: FloatArray) -> FloatArray:
    n = round((np.sqrt(8.0 * free.size + 1.0) - 1.0) / 2.0)
    factor = np.zeros((n, n))
    factor[np.tril_indices(n)] = free
    before = np.sqrt((np.tril(factor, -1) ** 2).sum(axis=1))
    factor[np.arange(n), np.arange(n)] = np.maximum(np.exp(np.diag(factor)), _LEAST_OWN * before)
    return factor


def _square(triangle: FloatArray) -> FloatArray:
    n = round((np.sqrt(8.0 * triangle.size + 1.0) - 1.0) / 2.0)
    matrix = np.zeros((n, n))
    matrix[np.tril_indices(n)] = triangle
    return matrix + np.tril(matrix, -1).T


def _blocks(parameters: Sequence[PopulationParameter]) -> list[tuple[int, ...]]:
    """Return the places of every block of correlated random effects, lower triangles by rows."""
    pairs = {
        frozenset((str(one.place[1]), str(one.place[2]))): i
        for i, one in enumerate(parameters)
        if one.kind is ParameterKind.OMEGA and one.place[0] == "covariance"
    }
    variances = {
        str(one.place[1]): i
        for i, one in enumerate(parameters)
        if one.kind is ParameterKind.OMEGA and one.place[0] == "omega2" and one.place[2] is None
    }
    groups: list[list[str]] = []
    for pair in pairs:
        joined = [group for group in groups if pair & set(group)]
        merged = sorted({*pair, *(eta for group in joined for eta in group)}, key=list(variances).index)
        groups = [group for group in groups if group not in joined] + [merged]
    blocks: list[tuple[int, ...]] = []
    for group in groups:
        block: list[int] = []
        for i, eta in enumerate(group):
            for other in group[:i]:
                if frozenset((eta, other)) not in pairs:
                    message = f"{', '.join(group)} are correlated in part; add the covariance of {other} and {eta}"
                    raise input_error("omega", message)
                block.append(pairs[frozenset((eta, other))])
            block.append(variances[eta])
        blocks.append(tuple(block))
    return blocks
