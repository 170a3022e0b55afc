"""How the standard deviation of a residual error grows with the prediction, found from its values at a few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from nonmem_ref.recognition.atoms import NotRecognizedError
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

_CLOSE = 1e-7
# Powers of the prediction that are looked for: from all but none to more than any error has.
_LEAST_POWER, _LARGEST_POWER = 0.01, 8.0
_POWER_TOLERANCE = 1e-14


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """A residual error as a function of the prediction.

    Parameters
    ----------
    kind : ResidualKind
        How the parts make the standard deviation.
    additive, proportional : float
        Standard deviations; 0 where there is no such part.
    exponent : float
        Power of the prediction in the proportional part.
    """

    kind: ResidualKind
    additive: float
    proportional: float
    exponent: float = 1.0

    @property
    def n_parts(self) -> int:
        """Return the number of parts that are there."""
        return int(self.additive > 0.0) + int(self.proportional > 0.0)

    def sd(self, centre: FloatArray) -> FloatArray:
        """Return the standard deviation at some predictions."""
        if self.kind is ResidualKind.LOGARITHMIC:
            return np.full_like(centre, self.additive)
        part = self.proportional * centre**self.exponent
        return self.additive + part if self.kind is ResidualKind.SDS_ADD else np.sqrt(self.additive**2 + part**2)


def shape_of(by_eps: FloatArray, sigma: FloatArray, predictions: FloatArray, *, is_log: bool) -> ErrorShape:
    """Return the shape of an error.

    Parameters
    ----------
    by_eps : (n_eps, n_predictions) array
        Derivatives of Y by each EPS.
    sigma : (n_eps, n_eps) array
        Their covariances.
    predictions : (n_predictions,) array
        The predictions, in rising order.
    is_log : bool
        Whether Y is the logarithm of the prediction.

    Raises
    ------
    NotRecognizedError
        For another shape than the engine's.
    """
    sd = np.sqrt(np.einsum("ip,ij,jp->p", by_eps, sigma, by_eps))
    if is_log:
        if not np.allclose(sd, sd[0], rtol=_CLOSE):
            raise NotRecognizedError("gives LOG(F) an error that depends on the prediction; expected a constant one")
        return ErrorShape(ResidualKind.LOGARITHMIC, float(sd[0]), 0.0)
    for exponent in (1.0, None):
        for kind in (ResidualKind.VARIANCES_ADD, ResidualKind.SDS_ADD):
            found = _grown(kind, sd, predictions, exponent)
            if found is not None:
                return found
    _refuse_correlated(by_eps, sigma)
    raise NotRecognizedError("gives Y an error that is neither additive, proportional nor both")


def _grown(kind: ResidualKind, sd: FloatArray, predictions: FloatArray, exponent: float | None) -> ErrorShape | None:
    """Return the parts of an error of one kind, whose variances or standard deviations are a straight line in a power of the prediction.

    The power is searched for where none is given; None where the values are on no such line.
    """
    squares = 2.0 if kind is ResidualKind.VARIANCES_ADD else 1.0
    y = sd**squares
    power = _power(y, predictions) if exponent is None else squares * exponent
    if power is None:
        return None
    x = predictions**power
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    offset = y[0] - slope * x[0]
    if not np.allclose(y, offset + slope * x, rtol=_CLOSE) or offset < -_CLOSE * y[0] or slope < -_CLOSE * y[-1]:
        return None
    low = offset if offset > _CLOSE * y[0] else 0.0
    steep = slope if slope * x[-1] > _CLOSE * y[-1] else 0.0
    return ErrorShape(kind, float(low ** (1.0 / squares)), float(steep ** (1.0 / squares)), power / squares)


def _power(y: FloatArray, predictions: FloatArray) -> float | None:
    """Return the power of the prediction in which three of the values are on a straight line, or None."""
    if not y[0] < y[2] < y[-1]:
        return None
    first, middle, last = (float(np.log(predictions[i])) for i in (0, 2, -1))

    def bend(power: float) -> float:
        ends = np.expm1(power * (last - first))
        return float(np.expm1(power * (middle - first)) / ends - (y[2] - y[0]) / (y[-1] - y[0]))

    if bend(_LEAST_POWER) * bend(_LARGEST_POWER) > 0.0:
        return None
    found = brentq(bend, _LEAST_POWER, _LARGEST_POWER, xtol=_POWER_TOLERANCE, rtol=_POWER_TOLERANCE)
    return float(f"{found:.12g}")


def _refuse_correlated(by_eps: FloatArray, sigma: FloatArray) -> None:
    """Refuse an error whose variance has covariances of $SIGMA in it; `by_eps` has a row of slopes for each EPS."""
    for i, j in zip(*np.nonzero(np.triu(sigma, 1)), strict=True):
        if (by_eps[i] * by_eps[j]).any():
            both = f"EPS({i + 1}) and EPS({j + 1})"
            raise NotRecognizedError(
                f"gives Y an error of {both}, which $SIGMA has correlated; the engine has independent ones"
            )
