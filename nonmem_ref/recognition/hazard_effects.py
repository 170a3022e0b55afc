"""Covariates on the parameters of a hazard, found by evaluating its linear predictors at other values of each data item and of THETA.

The engine's linear predictors are sums: of a data item, of its logarithm, or of 1 and 0 by a comparison of it, each times a coefficient.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.recognition.atoms import NotRecognizedError
from nonmem_ref.recognition.parameter import Covariate
from nonmem_ref.recognition.survival_code import SurvivalCode, predictors
from nonmem_ref.recognition.values import covariate_values
from tte.hazards.hazard import Link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from tte.hazards.hazard import Hazard

_CLOSE = 1e-6
_NOTHING, _NO_REFERENCE = 1e-11, 1e-8
_SEED = 7
# Records and values of an item at which linear predictors are looked at.
_MOST_RECORDS, _MOST_VALUES = 6, 9
_BESIDE = 1e-3


class Scale(Enum):
    """What of a data item a linear predictor is proportional to."""

    ITSELF = "x"
    LOGARITHM = "ln x"


@dataclass(frozen=True, slots=True)
class Feature:
    """What a coefficient multiplies.

    Parameters
    ----------
    covariate : Covariate
        Data item, or a comparison of one.
    scale : Scale
        Whether its logarithm is meant.
    """

    covariate: Covariate
    scale: Scale = Scale.ITSELF

    def values(self, columns: Mapping[str, FloatArray]) -> FloatArray:
        """Return it at each record."""
        found = covariate_values(self.covariate, columns)
        with np.errstate(all="ignore"):
            return np.log(found) if self.scale is Scale.LOGARITHM else found


@dataclass(frozen=True, slots=True)
class HazardEffect:
    """A covariate on a parameter of a hazard.

    Parameters
    ----------
    parameter : int
        Number of the parameter, from 0.
    feature : Feature
        What it reads.
    reference : float
        Value of that at which the parameter has its own value.
    """

    parameter: int
    feature: Feature
    reference: float = 0.0


@dataclass(frozen=True, slots=True)
class HazardModel:
    """A hazard with covariates, as code says it.

    Parameters
    ----------
    survival : SurvivalCode
        Where it was recognized.
    hazard : Hazard
        The hazard.
    effects : tuple of HazardEffect
        Covariates.
    sets : (m, n_theta) array
        Values of THETA that it was looked at with: the initial ones, those with each element changed alone, and others near them.
    linear : (m, n_coefficients) array
        Its coefficients at these, as `coefficients` returns them.
    """

    survival: SurvivalCode
    hazard: Hazard
    effects: tuple[HazardEffect, ...]
    sets: FloatArray
    linear: FloatArray


def recognize_hazard(survival: SurvivalCode) -> HazardModel:
    """Recognize hazard and covariates.

    Parameters
    ----------
    survival : SurvivalCode
        Code with records that are censored.

    Raises
    ------
    NotRecognizedError
        For another hazard, or a covariate that acts otherwise than the engine's do.
    """
    thetas = _sets(survival.code.thetas)
    hazard, _ = predictors(survival, *_stacked(survival.columns, thetas))
    if hazard is None:
        message = (
            f"has a cumulative hazard that is none of the engine's as a function of {survival.stop}; expected one that is exponential, Weibull, "
            "Gompertz, log-logistic, log-normal or a surge, 0 at time 0"
        )
        raise NotRecognizedError(message)
    times = {survival.stop, survival.start, *survival.status}
    effects = [
        effect
        for item in survival.code.items
        if item not in times
        for effect in _effects_of(survival, hazard, item, thetas)
    ]
    effects.sort(key=lambda one: one.parameter)
    bare = HazardModel(survival, hazard, tuple(effects), thetas, np.empty((0, 0)))
    return _with_references(replace(bare, linear=coefficients(bare, thetas)))


def coefficients(model: HazardModel, thetas: FloatArray) -> FloatArray:
    """Return the coefficients on the linear scale: the parameters at the references, then the effects.

    Parameters
    ----------
    model : HazardModel
        The model.
    thetas : (m, n_theta) array
        Values of THETA.

    Returns
    -------
    (m, n_coefficients) array
        The coefficients.

    Raises
    ------
    NotRecognizedError
        Where the linear predictors are no sums of the effects.
    """
    survival, n_own = model.survival, len(model.hazard.parameters)
    columns, stacked = _stacked(survival.columns, thetas)
    _, linear = predictors(survival, columns, stacked, model.hazard)
    n = linear.shape[0] // len(thetas)
    linear = linear.reshape(len(thetas), n, n_own)
    found = np.empty((len(thetas), n_own + len(model.effects)))
    for k in range(n_own):
        own = [i for i, effect in enumerate(model.effects) if effect.parameter == k]
        slopes = _slopes(model, thetas, k, own)
        rest = linear[:, :, k]
        for i, slope in zip(own, slopes.T, strict=True):
            effect = model.effects[i]
            distance = effect.feature.values(survival.columns) - effect.reference
            rest = rest - slope[:, None] * distance
            found[:, n_own + i] = slope
        found[:, k] = np.median(rest, axis=1)
        if not np.allclose(rest, found[:, k, None], rtol=0.0, atol=_CLOSE):
            name = model.hazard.parameters[k].name
            raise NotRecognizedError(
                f"gives {name} a value in which covariates act on each other, or on another scale than {_scale(model.hazard, k)}"
            )
    return found


def _slopes(model: HazardModel, thetas: FloatArray, parameter: int, own: Sequence[int]) -> FloatArray:
    """Return the coefficients of the effects on a parameter, (m, n): differences of its predictor between two values of each feature."""
    found = np.empty((len(thetas), len(own)))
    survival = model.survival
    for place, i in enumerate(own):
        feature = model.effects[i].feature
        low, high = _ends(survival, feature)
        columns = {name: np.repeat(values[:1], 2) for name, values in survival.columns.items()}
        columns[feature.covariate.item] = np.array([low, high])
        _, linear = predictors(survival, *_stacked(columns, thetas), model.hazard)
        at = linear[:, parameter].reshape(-1, 2)
        ends = {feature.covariate.item: np.array([low, high])}
        found[:, place] = (at[:, 1] - at[:, 0]) / float(np.diff(feature.values(ends))[0])
    return found


def _ends(survival: SurvivalCode, feature: Feature) -> tuple[float, float]:
    """Return two values of a data item between which a feature differs, and no other of the same item where it is a comparison."""
    relation, value = feature.covariate.relation, feature.covariate.value
    item = feature.covariate.item
    if relation is None:
        own = survival.code.columns[item][survival.code.is_counted]
        low, high = float(own.min()), float(own.max())
        return (low, high) if high > low else (low, low + max(abs(low), 1.0))
    step = _BESIDE * max(abs(value), 1.0)
    at = {item: np.array([value - step, value, value + step])}
    holds = feature.values(at)
    first = int(np.flatnonzero(np.diff(holds))[0])
    return float(at[item][first]), float(at[item][first + 1])


def _sets(initial: FloatArray) -> FloatArray:
    """Return the initial THETA, THETA with each element changed alone, and two others near them."""
    rng = np.random.default_rng(_SEED)
    alone = _moved(initial, np.diag(np.full(initial.size, 0.07)))
    others = [_moved(initial, rng.uniform(-0.1, 0.1, initial.size)) for _ in range(2)]
    return np.vstack((initial, alone, *others))


def _moved(initial: FloatArray, share: FloatArray) -> FloatArray:
    return initial + share * np.where(initial == 0.0, 0.5, initial)


def _stacked(columns: Mapping[str, FloatArray], thetas: FloatArray) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return records once for each of some THETA, and the THETA of each."""
    n = next(iter(columns.values())).size
    return {name: np.tile(values, len(thetas)) for name, values in columns.items()}, np.repeat(thetas, n, axis=0).T


# ------------------------------------------------------------------------------------------------------------ one data item


def _effects_of(survival: SurvivalCode, hazard: Hazard, item: str, thetas: FloatArray) -> Iterator[HazardEffect]:
    """Yield the effects of a data item on each parameter."""
    few = {name: values[:_MOST_RECORDS] for name, values in survival.columns.items()}
    n = few[item].size
    values = _values(survival, item)
    columns = {name: np.tile(one, values.size) for name, one in few.items()}
    columns[item] = np.repeat(values, n)
    _, linear = predictors(survival, *_stacked(columns, thetas), hazard)
    linear = linear.reshape(len(thetas), values.size, n, -1)
    for k, parameter in enumerate(hazard.parameters):
        rise = linear[..., k] - linear[:, :1, :, k]
        found = _features(survival, item, values, rise)
        if found is None and (of_two := _two_values(survival, item)) is not None:
            # The engine's effect is that of the code at both; between them it is another.
            found = _features(survival, item, of_two, rise[:, np.isin(values, of_two)])
        if found is None:
            expected = f"expected {_scale(hazard, k)} to be a sum of {item}, its logarithm or comparisons of it, times coefficients"
            raise NotRecognizedError(f"has {parameter.name} of the {hazard.value} hazard depend on {item}; {expected}")
        yield from (HazardEffect(k, feature) for feature in found)


def _scale(hazard: Hazard, parameter: int) -> str:
    one = hazard.parameters[parameter]
    return f"ln {one.name}" if one.link is Link.LOG else one.name


def _values(survival: SurvivalCode, item: str) -> FloatArray:
    """Return values of a data item to look at: those of the data, between them, and beside numbers that code compares it with."""
    code = survival.code
    known = np.unique(code.columns[item][code.is_counted])
    some = known[np.unique(np.linspace(0, known.size - 1, _MOST_VALUES).astype(int))]
    if some.size == 1:
        some = np.append(some, some + max(abs(float(some[0])), 1.0))
    limits = np.array(sorted({one.value for one in code.indicators(item)}))
    step = _BESIDE * np.maximum(np.abs(limits), 1.0)
    return np.unique(np.concatenate((some, 0.5 * (some[1:] + some[:-1]), limits - step, limits, limits + step)))


def _two_values(survival: SurvivalCode, item: str) -> FloatArray | None:
    """Return the values of a data item that has two in the data; None where it has more or fewer."""
    known = np.unique(survival.code.columns[item][survival.code.is_counted])
    return known if known.size == 2 else None


def _features(survival: SurvivalCode, item: str, values: FloatArray, rise: FloatArray) -> tuple[Feature, ...] | None:
    """Return the features of which a rise of a linear predictor, (n_sets, n_values, n_records), is a sum; None where it is none."""
    if (np.abs(rise) < _NOTHING).all():
        return ()
    comparisons = [Feature(one) for one in survival.code.indicators(item)]
    single = [Feature(Covariate(item))]
    if (values > 0.0).all():
        single.append(Feature(Covariate(item), Scale.LOGARITHM))
    independent = _independent(comparisons, item, values)
    candidates = [*((one,) for one in (*single, *comparisons)), independent]
    return next((one for one in candidates if one and _is_sum(one, item, values, rise)), None)


def _independent(features: Sequence[Feature], item: str, values: FloatArray) -> tuple[Feature, ...]:
    """Return features that are no sums of those before them."""
    kept: list[Feature] = []
    rows = [np.ones(values.size)]
    for feature in features:
        more = [*rows, feature.values({item: values})]
        if np.linalg.matrix_rank(np.array(more)) == len(more):
            kept.append(feature)
            rows = more
    return tuple(kept)


def _is_sum(features: Sequence[Feature], item: str, values: FloatArray, rise: FloatArray) -> bool:
    """Return whether a rise is the same sum of features at every record."""
    columns: FloatArray = np.column_stack([one.values({item: values}) for one in features])
    first: FloatArray = columns[0]
    design = columns - first
    if not np.isfinite(design).all() or not np.isfinite(rise).all():
        return False
    by_set = np.moveaxis(rise, 1, 0).reshape(values.size, -1)
    slope = np.asarray(np.linalg.lstsq(design, by_set, rcond=None)[0], dtype=np.float64)
    by_record = slope.reshape(len(features), *rise[:, 0].shape)
    is_same = np.allclose(by_record, by_record[..., :1], atol=_CLOSE)
    return is_same and np.allclose(design @ slope, by_set, rtol=_CLOSE, atol=_CLOSE)


# --------------------------------------------------------------------------------------------------------------- references


def _with_references(model: HazardModel) -> HazardModel:
    """Return the model with the references that make each parameter the element of THETA that it is.

    Where one element changes an effect alone, and with it the parameter at 0, the parameter stays the same at the reference. The engine has one
    reference for each covariate.
    """
    n_own = len(model.hazard.parameters)
    alone = model.linear[1 : 1 + model.sets.shape[1]]
    moves = alone - model.linear[0]
    is_moved = np.abs(moves) > _CLOSE * np.maximum(np.abs(model.linear[0]), 1e-3)
    references: dict[Feature, float] = {}
    for i, effect in enumerate(model.effects):
        for element in np.flatnonzero(is_moved[:, n_own + i]):
            if _is_alone(is_moved[element], n_own + i, effect.parameter):
                found = -float(moves[element, effect.parameter] / moves[element, n_own + i])
                references.setdefault(effect.feature, _rounded(found, effect.feature.scale))
                break
    effects = tuple(replace(one, reference=references.get(one.feature, 0.0)) for one in model.effects)
    linear = model.linear.copy()
    for i, effect in enumerate(effects):
        linear[:, effect.parameter] += linear[:, n_own + i] * effect.reference
    return replace(model, effects=effects, linear=linear)


def _is_alone(is_moved: BoolArray, coefficient: int, parameter: int) -> bool:
    """Return whether an element moves a coefficient and nothing else but its parameter."""
    return set(np.flatnonzero(is_moved).tolist()) <= {coefficient, parameter}


def _rounded(reference: float, scale: Scale) -> float:
    """Return a reference without the last digits that computing left."""
    if scale is Scale.LOGARITHM:
        return math.log(float(f"{math.exp(reference):.9g}"))
    return float(f"{reference:.9g}") if abs(reference) > _NO_REFERENCE else 0.0
