"""The residual error of $ERROR, found by evaluating it: what Y is at each record for several predictions, and how it changes with each EPS.

NONMEM itself reads no more of $ERROR than that: Y where every EPS is 0, and the derivatives of Y by EPS there. So whatever way the code
is written in, the same error is recognized.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from nonmem_ref.control.evaluate import evaluate
from nonmem_ref.recognition.atoms import NotRecognizedError
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nonmem_ref.control.tree import Statement
    from pkpd.arrays import BoolArray, FloatArray, IntArray

# Predictions at which the code is looked at, and how close numbers have to be.
PREDICTIONS = (0.37, 1.0, 2.9, 8.3, 24.0)
_CLOSE, _NOTHING = 1e-7, 1e-12
_DISTURBED = 1.13
_ENOUGH = 1000
# Where limits are searched for, and at which distances of the logarithm of the prediction the probability is looked at. Code that adds
# something as small as 1E-10 to a probability is understood all the same.
_SMALLEST, _LARGEST, _HALVINGS, _LEAST = 1e-9, 1e9, 40, 0.01
_STEPS, _CLOSE_PROBABILITY = (-0.3, -0.02, 0.0, 0.05, 0.2), 1e-6


@dataclass(frozen=True, slots=True)
class Censoring:
    """Observations that count with a probability (F_FLAG 1 or 2).

    Parameters
    ----------
    record : (n,) array
        Their records, as places in the data set, from 0.
    is_below : (n,) array
        Whether the observation is known to lie below its limit, not above.
    limit : (n,) array
        The limits, on the scale of DV.
    """

    record: IntArray
    is_below: BoolArray
    limit: FloatArray


@dataclass(frozen=True, slots=True)
class RecognizedResidual:
    """Residual error.

    Parameters
    ----------
    kind : ResidualKind
        How the parts make the standard deviation; LOGARITHMIC where Y is the logarithm of the prediction.
    additive, proportional : float
        Standard deviations at the initial estimates (the logarithm's in `additive`); 0 where there is no such part.
    additive_from, proportional_from : tuple of str
        Elements of THETA and SIGMA that each part depends on, fixed ones left out; with none of them the part is fixed.
    censoring : Censoring or None
        Observations beyond limits.
    """

    kind: ResidualKind
    additive: float
    proportional: float
    additive_from: tuple[str, ...]
    proportional_from: tuple[str, ...]
    censoring: Censoring | None


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """What a residual error is recognized in.

    Parameters
    ----------
    statements : sequence of Statement
        $PK followed by $ERROR.
    known : mapping of str to float or (n,) array
        Data items of all n records; THETA at its initial estimates, ETA at 0.
    sigma : (n_eps, n_eps) array
        Initial SIGMA.
    compartment : int
        Number of the central compartment.
    scale : (n,) array
        Its scale at each record.
    is_observed : (n,) array
        Which records are observations.
    free : set of str
        Elements of THETA and SIGMA that are not fixed.
    """

    statements: Sequence[Statement]
    known: Mapping[str, float | FloatArray]
    sigma: FloatArray
    compartment: int
    scale: FloatArray
    is_observed: BoolArray
    free: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the code gives: one row for each prediction, one column for each observation.

    Parameters
    ----------
    value, flag : (n_predictions, n) array
        Y and F_FLAG.
    slope : (n_eps, n_predictions, n) array
        Derivatives of Y by each EPS.
    """

    value: FloatArray
    flag: FloatArray
    slope: FloatArray


def recognize_residual(code: ErrorCode) -> RecognizedResidual:
    """Recognize the residual error.

    Parameters
    ----------
    code : ErrorCode
        The code, and the data that it is evaluated on.

    Raises
    ------
    NotRecognizedError
        For another error than additive, proportional or both, on the scale of the levels or of their logarithms.
    InputError
        For a name in the code that has no value.
    """
    seen = _seen(code)
    if (seen.flag != seen.flag[0]).any():
        raise NotRecognizedError("gives F_FLAG a value that depends on the prediction")
    is_quantified = seen.flag[0] == 0.0
    if not is_quantified.any():
        raise NotRecognizedError("gives no observation a prediction (F_FLAG is never 0)")
    predictions = np.array(PREDICTIONS)
    is_log = _is_log(seen.value[:, is_quantified], predictions)
    kind, additive, proportional = _parts(seen, is_quantified, code.sigma, predictions, is_log=is_log)
    origins = _origins(_first_records(code, seen), is_log=is_log)
    if set(origins[0]) & set(origins[1]):
        both = ", ".join(sorted(set(origins[0]) & set(origins[1])))
        raise NotRecognizedError(
            f"has {both} in the additive and in the proportional part; expected parameters of their own"
        )
    _refuse_random(_first_records(code, seen))
    censoring = None if is_quantified.all() else _censoring(code, ~is_quantified, kind, (additive, proportional))
    return RecognizedResidual(kind, additive, proportional, *origins, censoring)


def _seen(code: ErrorCode) -> _Seen:
    """Look at the code at each of the predictions."""
    looks = [_looked(code, np.full(code.scale.size, prediction)) for prediction in PREDICTIONS]
    values, flags, slopes = (np.array([look[i] for look in looks]) for i in range(3))
    return _Seen(values, flags, slopes.swapaxes(0, 1))


def _looked(code: ErrorCode, prediction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Y, F_FLAG and the derivatives of Y by each EPS at the observations, given a prediction at every record."""
    eps = [f"EPS({i + 1})" for i in range(len(code.sigma))]
    given = {"F_FLAG": 0.0, "NPDE_MODE": 0.0, "COMACT": 0.0, **code.known}
    given |= {"F": prediction, f"A({code.compartment})": prediction * code.scale, **dict.fromkeys(eps, 0.0)}
    made, at = evaluate(code.statements, given, eps), code.is_observed
    if "Y" not in made:
        raise NotRecognizedError("gives Y no value")
    flag = made["F_FLAG"].value[at] if "F_FLAG" in made else np.zeros(int(at.sum()))
    return made["Y"].value[at], flag, made["Y"].gradient[:, at]


def _is_log(value: FloatArray, predictions: FloatArray) -> bool:
    """Return whether Y without error is the logarithm of the prediction."""
    if np.allclose(value, predictions[:, None], rtol=_CLOSE, atol=0.0):
        return False
    if np.allclose(value, np.log(predictions)[:, None], rtol=0.0, atol=_CLOSE):
        return True
    raise NotRecognizedError("gives Y without EPS another value than F or LOG(F)")


def _parts(
    seen: _Seen, where: BoolArray, sigma: FloatArray, predictions: FloatArray, *, is_log: bool
) -> tuple[ResidualKind, float, float]:
    """Return how the variance of Y depends on the prediction."""
    slope = seen.slope[:, :, where]
    if not np.allclose(slope, slope[:, :, :1], rtol=_CLOSE, atol=_NOTHING):
        raise NotRecognizedError(
            "gives Y an error that differs between records; expected one that depends on the prediction alone"
        )
    by_eps = slope[:, :, 0]
    sd = np.sqrt(np.einsum("ip,ij,jp->p", by_eps, sigma, by_eps))
    if is_log:
        if not np.allclose(sd, sd[0], rtol=_CLOSE):
            raise NotRecognizedError("gives LOG(F) an error that depends on the prediction; expected a constant one")
        return ResidualKind.LOGARITHMIC, float(sd[0]), 0.0
    # Straight lines through first and last prediction: of the variance in its square, of the standard deviation in itself.
    for kind, y, x in (
        (ResidualKind.VARIANCES_ADD, sd**2, predictions**2),
        (ResidualKind.SDS_ADD, sd, predictions),
    ):
        slope_of_it = (y[-1] - y[0]) / (x[-1] - x[0])
        offset = y[0] - slope_of_it * x[0]
        if (
            np.allclose(y, offset + slope_of_it * x, rtol=_CLOSE)
            and offset > -_CLOSE * y[0]
            and slope_of_it > -_CLOSE * y[-1]
        ):
            low = max(offset, 0.0) if offset > _CLOSE * y[0] else 0.0
            steep = max(slope_of_it, 0.0) if slope_of_it * x[-1] > _CLOSE * y[-1] else 0.0
            found = (np.sqrt(low), np.sqrt(steep)) if kind is ResidualKind.VARIANCES_ADD else (low, steep)
            return kind, float(found[0]), float(found[1])
    _refuse_correlated(by_eps, sigma)
    raise NotRecognizedError("gives Y an error that is neither additive, proportional nor both")


def _refuse_correlated(by_eps: FloatArray, sigma: FloatArray) -> None:
    """Refuse an error whose variance has covariances of $SIGMA in it; `by_eps` has a row of slopes for each EPS."""
    for i, j in zip(*np.nonzero(np.triu(sigma, 1)), strict=True):
        if (by_eps[i] * by_eps[j]).any():
            both = f"EPS({i + 1}) and EPS({j + 1})"
            raise NotRecognizedError(
                f"gives Y an error of {both}, which $SIGMA has correlated; the engine has independent ones"
            )


def _first_records(code: ErrorCode, seen: _Seen) -> ErrorCode:
    """Return the code on the first records, enough of them to see what the error, which is that of all records, depends on."""
    quantified = np.flatnonzero(code.is_observed)[seen.flag[0] == 0.0]
    n = min(code.scale.size, max(_ENOUGH, int(quantified[0]) + 1))
    known = {name: value if np.ndim(value) == 0 else np.asarray(value)[:n] for name, value in code.known.items()}
    is_observed = np.zeros(n, dtype=bool)
    is_observed[quantified[quantified < n]] = True
    return replace(code, known=known, scale=code.scale[:n], is_observed=is_observed)


def _origins(code: ErrorCode, *, is_log: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parameters that each part changes with."""
    predictions = np.array(PREDICTIONS)

    def parts(changed: ErrorCode) -> tuple[float, float]:
        every = np.ones(int(changed.is_observed.sum()), dtype=bool)
        return _parts(_seen(changed), every, changed.sigma, predictions, is_log=is_log)[1:]

    before = parts(code)
    found: tuple[list[str], list[str]] = ([], [])
    changes: list[tuple[str, tuple[float, float]]] = []
    for name, value in code.known.items():
        if name.startswith("THETA(") and name in code.free:
            changes.append((name, parts(replace(code, known={**code.known, name: value * _DISTURBED + 0.01}))))
    for i in range(len(code.sigma)):
        matrix = code.sigma.copy()
        matrix[i, i] *= _DISTURBED
        if (name := f"SIGMA({i + 1},{i + 1})") in code.free:
            changes.append((name, parts(replace(code, sigma=matrix))))
    for name, after in changes:
        for part in range(2):
            if not np.isclose(after[part], before[part], rtol=_CLOSE, atol=_NOTHING):
                found[part].append(name)
    return tuple(found[0]), tuple(found[1])


def _refuse_random(code: ErrorCode) -> None:
    """Refuse an error that has a random effect of its own."""
    seen = _seen(code)
    for name in code.known:
        if name.startswith("ETA("):
            moved = _seen(replace(code, known={**code.known, name: 0.17}))
            if not np.allclose(moved.slope, seen.slope, rtol=_CLOSE, atol=_NOTHING):
                raise NotRecognizedError(
                    f"gives Y an error that depends on {name}; expected one without random effects of its own"
                )


def _censoring(code: ErrorCode, where: BoolArray, kind: ResidualKind, parts: tuple[float, float]) -> Censoring:
    """Return limits of the observations that Y gives a probability: PHI((limit - prediction)/sd), or 1 less that.

    Each is searched for by halving until the probability is neither near 0 nor near 1, where it tells the limit.
    """
    every = np.zeros(code.scale.size, dtype=bool)
    every[np.flatnonzero(code.is_observed)[where]] = True
    only = replace(code, is_observed=every)

    def probability(log_prediction: FloatArray) -> FloatArray:
        predictions = np.ones(code.scale.size)
        predictions[every] = np.exp(log_prediction)
        value, flag, _ = _looked(only, predictions)
        if not np.isin(flag, (1.0, 2.0)).all():
            raise NotRecognizedError("gives F_FLAG another value than 0, 1 or 2, or one that depends on the prediction")
        return np.where(flag == 2.0, np.exp(-0.5 * value), value)

    low, high = np.full(int(every.sum()), np.log(_SMALLEST)), np.full(int(every.sum()), np.log(_LARGEST))
    is_below = probability(low) > probability(high)
    for _ in range(_HALVINGS):
        at = 0.5 * (low + high)
        p = probability(at)
        if ((p > _LEAST) & (p < 1.0 - _LEAST)).all():
            break
        goes_up = (p > 0.5) == is_below
        low, high = np.where(goes_up, at, low), np.where(goes_up, high, at)
    else:
        raise NotRecognizedError(
            "gives Y a probability that is near 0 or 1 at every prediction; expected one with a limit"
        )
    limit = _limit(kind, parts, at, np.where(is_below, p, 1.0 - p))
    # At the limit itself small numbers that code adds to the probability change least.
    at = limit if kind is ResidualKind.LOGARITHMIC else np.log(limit)
    p = probability(at)
    limit = _limit(kind, parts, at, np.where(is_below, p, 1.0 - p))
    for step in _STEPS:
        centre = at + step if kind is ResidualKind.LOGARITHMIC else np.exp(at + step)
        z = (limit - centre) / _sd(kind, parts, centre)
        expected = special.ndtr(np.where(is_below, z, -z))
        if not np.allclose(probability(at + step), expected, rtol=0.0, atol=_CLOSE_PROBABILITY):
            message = "gives Y a probability that is not PHI((limit - prediction)/sd) or 1 less that, with the sd of other levels"
            raise NotRecognizedError(message)
    return Censoring(np.flatnonzero(every), is_below, limit)


def _limit(kind: ResidualKind, parts: tuple[float, float], log_prediction: FloatArray, p: FloatArray) -> FloatArray:
    """Return the limit below which an observation is with probability p, given the logarithm of its prediction."""
    centre = log_prediction if kind is ResidualKind.LOGARITHMIC else np.exp(log_prediction)
    limit = centre + special.ndtri(np.clip(p, _LEAST, 1.0 - _LEAST)) * _sd(kind, parts, centre)
    return limit if kind is ResidualKind.LOGARITHMIC else np.maximum(limit, _SMALLEST)


def _sd(kind: ResidualKind, parts: tuple[float, float], centre: FloatArray) -> FloatArray:
    additive, proportional = parts
    match kind:
        case ResidualKind.VARIANCES_ADD:
            return np.sqrt(additive**2 + (proportional * centre) ** 2)
        case ResidualKind.SDS_ADD:
            return additive + proportional * centre
        case ResidualKind.LOGARITHMIC:
            return np.full_like(centre, additive)
