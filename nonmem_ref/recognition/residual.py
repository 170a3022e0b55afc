"""The residual error of $ERROR, found by evaluating it: what Y is at each record for several predictions, and how it changes with each EPS.

NONMEM itself reads no more of $ERROR than that: Y where every EPS is 0, and the derivatives of Y by EPS there. So whatever way the code
is written in, the same error is recognized.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from nonmem_ref.control.evaluate import evaluate
from nonmem_ref.control.tree import Element, Name, walk
from nonmem_ref.recognition.assay_errors import alike, told_apart
from nonmem_ref.recognition.atoms import NotRecognizedError
from nonmem_ref.recognition.error_shape import ErrorShape, shape_of
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nonmem_ref.control.tree import Statement
    from pkpd.arrays import BoolArray, FloatArray, IntArray

# Predictions at which the code is looked at, and how close numbers have to be.
PREDICTIONS = (0.37, 1.0, 2.9, 8.3, 24.0)
_CLOSE, _NOTHING = 1e-7, 1e-12
_DISTURBED = 1.13
_ENOUGH = 1000
# In which two values of parts are the same.
_DIGITS = 9
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
class ErrorParts:
    """The two parts of a residual error.

    Parameters
    ----------
    additive, proportional : float
        Standard deviations at the initial estimates (the logarithm's in `additive`); 0 where there is no such part.
    additive_from, proportional_from : tuple of str
        Elements of THETA and SIGMA that each part depends on, fixed ones left out; with none of them the part is fixed.
    """

    additive: float
    proportional: float
    additive_from: tuple[str, ...]
    proportional_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssayError:
    """The residual error of some observations, as those of one assay, that is not that of all others.

    Parameters
    ----------
    name : str
        What they have in common: METHOD_2 where that data item is 2.
    parts : ErrorParts
        Their error.
    records : (n_records,) array
        Which records they are.
    """

    name: str
    parts: ErrorParts
    records: BoolArray


@dataclass(frozen=True, slots=True)
class RecognizedResidual:
    """Residual error.

    Parameters
    ----------
    kind : ResidualKind
        How the parts make the standard deviation; LOGARITHMIC where Y is the logarithm of the prediction.
    general : ErrorParts
        Error of all observations but those of `by_assay`.
    censoring : Censoring or None
        Observations beyond limits.
    exponent : float
        Power of the prediction in the proportional parts.
    exponent_from : tuple of str
        Elements of THETA that it depends on, fixed ones left out.
    by_assay : tuple of AssayError
        Other errors.
    """

    kind: ResidualKind
    general: ErrorParts
    censoring: Censoring | None
    exponent: float = 1.0
    exponent_from: tuple[str, ...] = ()
    by_assay: tuple[AssayError, ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, ErrorParts], ...]:
        """Return every error with the name of its observations, the general one first and without a name."""
        return (("", self.general), *((one.name, one.parts) for one in self.by_assay))

    @property
    def elements(self) -> tuple[str, ...]:
        """Return every element of THETA and SIGMA that some part depends on."""
        parts = (name for _, one in self.groups for name in (*one.additive_from, *one.proportional_from))
        return tuple(sorted({*parts, *self.exponent_from}))


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
    scale : sequence of Statement
        The code that gives its scale; empty where the scale is 1.
    scale_name : str
        Variable that holds it.
    is_observed : (n,) array
        Which records are observations.
    free : set of str
        Elements of THETA and SIGMA that are not fixed.
    """

    statements: Sequence[Statement]
    known: Mapping[str, float | FloatArray]
    sigma: FloatArray
    compartment: int
    scale: Sequence[Statement]
    scale_name: str
    is_observed: BoolArray
    free: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Origins:
    """Elements of THETA and SIGMA that each part of an error depends on, fixed ones left out."""

    additive: tuple[str, ...]
    proportional: tuple[str, ...]
    exponent: tuple[str, ...]


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
        For another error than additive, proportional (to a power of the prediction) or both, on the scale of the levels or of their logarithms.
    InputError
        For a name in the code that has no value.
    """
    seen = _seen(code)
    if (seen.flag != seen.flag[0]).any():
        raise NotRecognizedError("gives F_FLAG a value that depends on the prediction")
    is_quantified = seen.flag[0] == 0.0
    if not is_quantified.any():
        raise NotRecognizedError("gives no observation a prediction (F_FLAG is never 0)")
    is_log = _is_log(seen.value[:, is_quantified], np.array(PREDICTIONS))
    quantified = replace(code, is_observed=_at(code, is_quantified))
    kinds = _kinds_of_observations(quantified, seen.slope[:, :, is_quantified])
    shapes = [_shape(one, is_log=is_log) for one in kinds]
    origins = [_origins(_first_records(one), is_log=is_log) for one in kinds]
    shapes = _of_one_kind(shapes)
    _refuse_shared(shapes, origins)
    for one in kinds:
        _refuse_random(_first_records(one))
    names, records = _assays(quantified, kinds)
    censoring = None if is_quantified.all() else _censoring(code, _at(code, ~is_quantified), shapes, records)
    parts = [
        ErrorParts(shape.additive, shape.proportional, of.additive, of.proportional)
        for shape, of in zip(shapes, origins, strict=True)
    ]
    others = zip(names[1:], parts[1:], records[1:], strict=True)
    first = shapes[0]
    return RecognizedResidual(
        first.kind, parts[0], censoring, first.exponent, origins[0].exponent, tuple(starmap(AssayError, others))
    )


def _at(code: ErrorCode, where: BoolArray) -> BoolArray:
    """Return records from observations."""
    found = np.zeros(code.is_observed.size, dtype=bool)
    found[np.flatnonzero(code.is_observed)[where]] = True
    return found


def _seen(code: ErrorCode) -> _Seen:
    """Look at the code at each of the predictions."""
    looks = [_looked(code, np.full(code.is_observed.size, prediction)) for prediction in PREDICTIONS]
    values, flags, slopes = (np.array([look[i] for look in looks]) for i in range(3))
    return _Seen(values, flags, slopes.swapaxes(0, 1))


def _kinds_of_observations(code: ErrorCode, slope: FloatArray) -> list[ErrorCode]:
    """Return the code on the observations of each residual error, that of the most observations first.

    Errors are the same whose derivatives are so at other THETA too. `slope` are the derivatives at the given ones.
    """
    moved = {
        name: value * (_DISTURBED + 0.01 * i) + 0.01
        for i, (name, value) in enumerate(code.known.items())
        if name in code.free and name.startswith("THETA(")
    }
    slopes = (slope, _seen(replace(code, known={**code.known, **moved})).slope)
    every = np.concatenate([one.reshape(-1, one.shape[-1]) for one in slopes])
    kinds = sorted(alike(every), key=lambda one: -int(one.sum()))
    return [replace(code, is_observed=_at(code, one)) for one in kinds]


def _looked(code: ErrorCode, prediction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Y, F_FLAG and the derivatives of Y by each EPS at the observations, given a prediction at every record."""
    # Derivatives by those that the code reads: $SIGMA may have any number of them.
    read = _elements_read(code)
    places = [i for i in range(len(code.sigma)) if f"EPS({i + 1})" in read]
    eps = [f"EPS({i + 1})" for i in places]
    given = {"F_FLAG": 0.0, "NPDE_MODE": 0.0, "COMACT": 0.0, **code.known}
    # Code may divide the amount by a volume of its own: the scale goes with THETA and ETA, as the prediction does not.
    scale = evaluate(code.scale, code.known)[code.scale_name].value if code.scale else 1.0
    given |= {"F": prediction, f"A({code.compartment})": prediction * scale, **dict.fromkeys(eps, 0.0)}
    made, at = evaluate(code.statements, given, eps), code.is_observed
    if "Y" not in made:
        raise NotRecognizedError("gives Y no value")
    flag = made["F_FLAG"].value[at] if "F_FLAG" in made else np.zeros(int(at.sum()))
    slope = np.zeros((len(code.sigma), int(at.sum())))
    slope[places] = made["Y"].gradient[:, at]
    return made["Y"].value[at], flag, slope


def _elements_read(code: ErrorCode) -> frozenset[str]:
    """Return the elements of THETA, ETA, EPS and SIGMA that the code reads."""
    return frozenset(node.name for node in walk(*code.statements) if isinstance(node, Element))


def _is_log(value: FloatArray, predictions: FloatArray) -> bool:
    """Return whether Y without error is the logarithm of the prediction."""
    if np.allclose(value, predictions[:, None], rtol=_CLOSE, atol=0.0):
        return False
    if np.allclose(value, np.log(predictions)[:, None], rtol=0.0, atol=_CLOSE):
        return True
    added = np.exp(value) - predictions[:, None]
    if np.allclose(added, added[0, 0], rtol=1e-3, atol=0.0):
        raise NotRecognizedError(
            f"gives Y without EPS the value LOG(F + {added[0, 0]:.2g}); expected F or LOG(F), since what is added changes the objective"
        )
    raise NotRecognizedError("gives Y without EPS another value than F or LOG(F)")


def _shape(code: ErrorCode, *, is_log: bool) -> ErrorShape:
    """Return how the error of observations that all have the same depends on the prediction."""
    return shape_of(_seen(code).slope[:, :, 0], code.sigma, np.array(PREDICTIONS), is_log=is_log)


def _first_records(code: ErrorCode) -> ErrorCode:
    """Return the code on the first records, enough of them to see what an error that observations have in common depends on."""
    observed = np.flatnonzero(code.is_observed)
    n = min(code.is_observed.size, max(_ENOUGH, int(observed[0]) + 1))
    known = {name: value if np.ndim(value) == 0 else np.asarray(value)[:n] for name, value in code.known.items()}
    return replace(code, known=known, is_observed=code.is_observed[:n])


def _origins(code: ErrorCode, *, is_log: bool) -> _Origins:
    """Return the parameters that each part of an error changes with."""
    before = _shape(code, is_log=is_log)
    changes: list[tuple[str, ErrorShape]] = []
    read = _elements_read(code)
    for name, value in code.known.items():
        if name.startswith("THETA(") and name in code.free & read:
            changed = replace(code, known={**code.known, name: value * _DISTURBED + 0.01})
            changes.append((name, _shape(changed, is_log=is_log)))
    for i in range(len(code.sigma)):
        name, short = f"SIGMA({i + 1},{i + 1})", f"SIGMA({i + 1})"
        if name in code.free and read & {f"EPS({i + 1})", name, short}:
            matrix = code.sigma.copy()
            matrix[i, i] *= _DISTURBED
            # Code may read the variance itself.
            known = {**code.known, name: matrix[i, i], short: matrix[i, i]}
            changes.append((name, _shape(replace(code, known=known, sigma=matrix), is_log=is_log)))

    def of(part: Callable[[ErrorShape], float]) -> tuple[str, ...]:
        return tuple(
            name for name, after in changes if not np.isclose(part(after), part(before), rtol=_CLOSE, atol=_NOTHING)
        )

    exponent = of(lambda one: one.exponent) if before.proportional > 0.0 else ()
    return _Origins(of(lambda one: one.additive), of(lambda one: one.proportional), exponent)


def _of_one_kind(shapes: Sequence[ErrorShape]) -> list[ErrorShape]:
    """Return errors with the kind of those that have two parts, and the power of those that have a proportional one.

    Raises
    ------
    NotRecognizedError
        Where there are several.
    """
    kinds = list(dict.fromkeys(one.kind for one in shapes if one.n_parts > 1)) or [shapes[0].kind]
    powers = [one.exponent for one in shapes if one.proportional > 0.0] or [1.0]
    if len(kinds) > 1:
        raise NotRecognizedError(
            "gives Y an error whose parts add as variances at some records and as standard deviations at others; expected one of both"
        )
    if not np.allclose(powers, powers[0], rtol=_CLOSE):
        raise NotRecognizedError(
            "gives Y an error that grows with powers of the prediction that differ between records; expected one power"
        )
    return [replace(one, kind=kinds[0], exponent=powers[0]) for one in shapes]


def _refuse_shared(shapes: Sequence[ErrorShape], origins: Sequence[_Origins]) -> None:
    """Refuse parts that are made of the same parameters, and more parts than there are parameters."""
    for of in origins:
        for first, second, words in (
            (of.additive, of.proportional, "in the additive and in the proportional part"),
            ((*of.additive, *of.proportional), of.exponent, "in the power of the prediction and in another part"),
        ):
            if both := sorted(set(first) & set(second)):
                raise NotRecognizedError(f"has {', '.join(both)} {words}; expected parameters of their own")
    if len(shapes) == 1:
        return
    parts = [
        *(("additive", of.additive, shape.additive) for shape, of in zip(shapes, origins, strict=True)),
        *(("proportional", of.proportional, shape.proportional) for shape, of in zip(shapes, origins, strict=True)),
    ]
    for kind in ("additive", "proportional"):
        own = [bool(of) for part, of, value in parts if part == kind and value > 0.0]
        is_general = (shapes[0].additive if kind == "additive" else shapes[0].proportional) > 0.0
        if own and not all(own) and (any(own) or not is_general):
            raise NotRecognizedError(
                f"fixes the {kind} part of its error at some records and not at others; the engine holds all of them or none"
            )
    distinct = {(part, of, round(value, _DIGITS)) for part, of, value in parts if of}
    elements = {name for _, of, _ in distinct for name in of}
    if len(distinct) > len(elements):
        raise NotRecognizedError(
            f"gives Y an error that differs between records in {len(distinct)} ways made of {', '.join(sorted(elements))} alone; "
            "expected one that depends on the prediction alone, or parameters of its own for each assay"
        )


def _assays(code: ErrorCode, kinds: Sequence[ErrorCode]) -> tuple[list[str], list[BoolArray]]:
    """Return the name of each kind of observation, and its records."""
    if len(kinds) == 1:
        return [""], [np.ones(code.is_observed.size, dtype=bool)]
    read = {node.name for node in walk(*code.statements) if isinstance(node, Name)}
    items = {name: np.asarray(value) for name, value in code.known.items() if name in read and np.ndim(value)}
    few_first = dict(sorted(items.items(), key=lambda one: np.unique(one[1]).size))
    return told_apart([one.is_observed for one in kinds], few_first, code.is_observed)


def _refuse_random(code: ErrorCode) -> None:
    """Refuse an error that has a random effect of its own."""
    seen = _seen(code)
    for name in sorted(_elements_read(code) & code.known.keys()):
        if name.startswith("ETA("):
            moved = _seen(replace(code, known={**code.known, name: 0.17}))
            if not np.allclose(moved.slope, seen.slope, rtol=_CLOSE, atol=_NOTHING):
                raise NotRecognizedError(
                    f"gives Y an error that depends on {name}; expected one without random effects of its own"
                )


def _censoring(
    code: ErrorCode, every: BoolArray, shapes: Sequence[ErrorShape], records: Sequence[BoolArray]
) -> Censoring:
    """Return limits of the observations that Y gives a probability: PHI((limit - prediction)/sd), or 1 less that.

    Each is searched for by halving until the probability is neither near 0 nor near 1, where it tells the limit.
    """
    only = replace(code, is_observed=every)
    of_each = [one[every] for one in records]
    if not np.any(of_each, axis=0).all():
        raise NotRecognizedError("gives Y a probability where no other observation says which of its errors is meant")
    is_log = shapes[0].kind is ResidualKind.LOGARITHMIC

    def probability(log_prediction: FloatArray) -> FloatArray:
        predictions = np.ones(code.is_observed.size)
        predictions[every] = np.exp(log_prediction)
        value, flag, _ = _looked(only, predictions)
        if not np.isin(flag, (1.0, 2.0)).all():
            raise NotRecognizedError("gives F_FLAG another value than 0, 1 or 2, or one that depends on the prediction")
        return np.where(flag == 2.0, np.exp(-0.5 * value), value)

    def sd(centre: FloatArray) -> FloatArray:
        return np.select(of_each, [shape.sd(centre) for shape in shapes])

    def limit_of(log_prediction: FloatArray, p: FloatArray) -> FloatArray:
        """Return the limit below which an observation is with probability p."""
        centre = log_prediction if is_log else np.exp(log_prediction)
        limit = centre + special.ndtri(np.clip(p, _LEAST, 1.0 - _LEAST)) * sd(centre)
        return limit if is_log else np.maximum(limit, _SMALLEST)

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
    limit = limit_of(at, np.where(is_below, p, 1.0 - p))
    # At the limit itself small numbers that code adds to the probability change least.
    at = limit if is_log else np.log(limit)
    p = probability(at)
    limit = limit_of(at, np.where(is_below, p, 1.0 - p))
    for step in _STEPS:
        centre = at + step if is_log else np.exp(at + step)
        z = (limit - centre) / sd(centre)
        expected = special.ndtr(np.where(is_below, z, -z))
        if not np.allclose(probability(at + step), expected, rtol=0.0, atol=_CLOSE_PROBABILITY):
            message = "gives Y a probability that is not PHI((limit - prediction)/sd) or 1 less that, with the sd of other levels"
            raise NotRecognizedError(message)
    return Censoring(np.flatnonzero(every), is_below, limit)
