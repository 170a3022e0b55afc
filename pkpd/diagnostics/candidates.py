"""Candidate covariate effects of a search: their forms, centred on a cohort, how far they may go, and where they do not apply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem, input_error
from pkpd.model.covariate import effect_slope
from pkpd.model.population import population_parameters
from pkpd.model.spec import PARAMETER_NAMES, Effect, EffectForm

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import CovariateDomain, ModelSpec


class CovariateForm(Enum):
    """How a candidate covariate changes a parameter; the formulas stand in docs/theory/covariate-search.md."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    POWER = "power"
    LINEAR_LOG = "linear_log"
    HOCKEY_STICK = "hockey_stick"
    POWER_LOG_RATIO = "power_log_ratio"
    CATEGORY = "category"


DEFAULT_FORMS = (
    CovariateForm.LINEAR,
    CovariateForm.EXPONENTIAL,
    CovariateForm.POWER,
    CovariateForm.LINEAR_LOG,
    CovariateForm.HOCKEY_STICK,
)
"""Forms that a continuous covariate is tried in."""

_EFFECT_FORMS: Mapping[CovariateForm, tuple[EffectForm, ...]] = {
    CovariateForm.LINEAR: (EffectForm.LINEAR_FRACTION,),
    CovariateForm.EXPONENTIAL: (EffectForm.EXPONENTIAL,),
    CovariateForm.POWER: (EffectForm.POWER,),
    CovariateForm.LINEAR_LOG: (EffectForm.LINEAR_LOG,),
    CovariateForm.HOCKEY_STICK: (EffectForm.LINEAR_BELOW, EffectForm.LINEAR_ABOVE),
    CovariateForm.POWER_LOG_RATIO: (EffectForm.POWER_LOG_RATIO,),
}
_POSITIVE_ONLY = {CovariateForm.POWER, CovariateForm.LINEAR_LOG, CovariateForm.POWER_LOG_RATIO}
_LINEAR = {EffectForm.LINEAR_FRACTION, EffectForm.LINEAR_LOG, EffectForm.LINEAR_BELOW, EffectForm.LINEAR_ABOVE}
# As in Niyigena 2026: below it a ratio of logarithms is evaluated there.
_LOG_RATIO_FLOOR = 1.5
# A covariate changes a parameter by less than this factor over the values of the cohort.
_MOST_FOLD = 150.0


@dataclass(frozen=True, slots=True)
class Relation:
    """A covariate on a parameter in one form.

    Parameters
    ----------
    parameter : str
        Parameter, of a single term.
    covariate : str
        Covariate.
    form : CovariateForm
        Form.
    """

    parameter: str
    covariate: str
    form: CovariateForm

    def __str__(self) -> str:
        """Return ``cl:weight_kg:power``."""
        return f"{self.parameter}:{self.covariate}:{self.form.value}"


@dataclass(frozen=True, slots=True)
class CovariateValues:
    """A covariate of a cohort in numbers.

    Parameters
    ----------
    median : float
        Median of the subjects' first values.
    low, high : float
        Smallest and largest value of any row.
    codes : tuple of float
        Codes of a coded covariate that are there, the most frequent among the first values at the start; else empty.
    """

    median: float
    low: float
    high: float
    codes: tuple[float, ...] = ()


def covariate_values(cohort: Cohort, domain: CovariateDomain) -> CovariateValues:
    """Return a covariate of a cohort in which none is missing in numbers."""
    values = cohort.covariates[domain.name]
    first = values[cohort.row_start[:-1]]
    codes: list[float] = []
    if domain.categories:
        counts = {float(code): int((first == code).sum()) for code in np.unique(values)}
        codes = sorted(counts, key=lambda code: (-counts[code], code))
    return CovariateValues(float(np.median(first)), float(values.min()), float(values.max()), tuple(codes))


def why_not(form: CovariateForm, values: CovariateValues) -> str | None:
    """Return why a form cannot describe the effect of a covariate in a cohort, or None where it can."""
    if not values.low < values.high:
        return f"it is {values.low:g} in every subject"
    if (form is CovariateForm.CATEGORY) != bool(values.codes):
        return "it has categories" if values.codes else "it has no categories"
    if form in _POSITIVE_ONLY and values.low <= 0.0:
        return f"it has values that are not above 0, such as {values.low:g}"
    if form is CovariateForm.POWER_LOG_RATIO and values.median <= _LOG_RATIO_FLOOR:
        return f"its median {values.median:g} is not above {_LOG_RATIO_FLOOR:g}"
    if form is CovariateForm.HOCKEY_STICK and not values.low < values.median < values.high:
        return f"no value lies on one side of its median {values.median:g}"
    return None


def candidate_relations(
    model: ModelSpec,
    values: Mapping[str, CovariateValues],
    *,
    parameters: Sequence[str],
    forms: Sequence[CovariateForm],
    kept: Collection[tuple[str, str]],
) -> tuple[tuple[Relation, ...], tuple[str, ...]]:
    """Return what a search tries, and a sentence for every form that is left out.

    Parameters
    ----------
    model : ModelSpec
        Model with a domain for every covariate.
    values : dict of str to CovariateValues
        The covariates that are tried, in their order.
    parameters : sequence of str
        Parameters that they are tried on.
    forms : sequence of CovariateForm
        Forms of continuous covariates; a coded one has a multiplier for each category instead.
    kept : collection of (parameter, covariate)
        Effects of the base model, which are not tried.

    Raises
    ------
    InputError
        For a parameter that is none of the model's or is a sum, and for a covariate that no form is left of.
    """
    problems = [*_parameter_problems(model, parameters)]
    possible: dict[str, list[CovariateForm]] = {}
    notes: list[str] = []
    for name, known in values.items():
        own = (CovariateForm.CATEGORY,) if model.covariates[name].categories else forms
        reasons = {form: why_not(form, known) for form in own}
        possible[name] = [form for form, reason in reasons.items() if reason is None]
        left_out = [f"{form.value} is not tried on {name}: {reason}." for form, reason in reasons.items() if reason]
        if possible[name]:
            notes += left_out
        else:
            problems.append(Problem(name, f"cannot be tried: {next(filter(None, reasons.values()))}"))
    if problems:
        raise InputError(problems)
    found = tuple(
        Relation(parameter, name, form)
        for parameter in parameters
        for name, own in possible.items()
        for form in own
        if (parameter, name) not in kept
    )
    if not found:
        raise input_error("--covariate", "every one of them is kept in the base model, so that nothing is left to try")
    return found, tuple(notes)


def _parameter_problems(model: ModelSpec, parameters: Sequence[str]) -> list[Problem]:
    names = PARAMETER_NAMES[model.parameterization]
    terms = [term.parameter for term in model.terms]
    found: list[Problem] = []
    for name in parameters:
        if name not in names:
            message = f"is not a parameter of {model.id}, which has {', '.join(names)}"
            found.append(Problem(f"--parameter {name}", message))
        elif terms.count(name) > 1:
            message = f"is a sum of {terms.count(name)} terms; effects are searched on parameters of a single one"
            found.append(Problem(f"--parameter {name}", message))
    return found


def relation_effects(relation: Relation, values: CovariateValues) -> tuple[Effect, ...]:
    """Return the effects of a relation centred on a cohort, at no effect at all."""
    if relation.form is CovariateForm.CATEGORY:
        return (Effect(relation.covariate, EffectForm.CATEGORY, table=tuple((code, 1.0) for code in values.codes)),)
    floor = _LOG_RATIO_FLOOR if relation.form is CovariateForm.POWER_LOG_RATIO else None
    return tuple(Effect(relation.covariate, form, 0.0, values.median, floor) for form in _EFFECT_FORMS[relation.form])


def degrees_of_freedom(relation: Relation, values: CovariateValues) -> int:
    """Return how many parameters a relation adds."""
    return len(values.codes) - 1 if values.codes else len(_EFFECT_FORMS[relation.form])


def with_relations(model: ModelSpec, relations: Sequence[Relation], values: Mapping[str, CovariateValues]) -> ModelSpec:
    """Return a model with relations added in their order, at no effect.

    Parameters
    ----------
    model : ModelSpec
        The model; it has a domain for every covariate of the relations.
    relations : sequence of Relation
        Relations on parameters of a single term.
    values : dict of str to CovariateValues
        The covariates of the cohort.
    """
    terms = tuple(
        replace(
            term,
            effects=(
                *term.effects,
                *(
                    effect
                    for relation in relations
                    if relation.parameter == term.parameter
                    for effect in relation_effects(relation, values[relation.covariate])
                ),
            ),
        )
        for term in model.terms
    )
    return replace(model, terms=terms)


def without_effects(model: ModelSpec, parameters: Collection[str], kept: Collection[tuple[str, str]]) -> ModelSpec:
    """Return a model without the covariate effects of some parameters.

    Parameters
    ----------
    model : ModelSpec
        The model.
    parameters : collection of str
        Parameters that lose their effects.
    kept : collection of (parameter, covariate)
        Effects that stay.

    Returns
    -------
    ModelSpec
        What the model's file says of the removed effects, that one is fixed for example, is gone as well.
    """
    terms = tuple(
        replace(term, effects=tuple(e for e in term.effects if (term.parameter, e.covariate) in kept))
        if term.parameter in parameters
        else term
        for term in model.terms
    )
    bare = replace(model, terms=terms)
    gone = {one.name for one in population_parameters(model)} - {one.name for one in population_parameters(bare)}
    return replace(bare, parameters=tuple(value for value in model.parameters if value.name not in gone))


def bounded(
    parameters: Sequence[PopulationParameter], model: ModelSpec, values: Mapping[str, CovariateValues]
) -> tuple[PopulationParameter, ...]:
    """Return the coefficients among some parameters with bounds, the others as they are.

    Inside its bounds an effect is a positive multiplier, and smaller than 150 or larger than 1/150, at the smallest and
    the largest value of the cohort; no effect, a coefficient of 0, lies between them.
    """
    return tuple(
        replace(one, lower=low, upper=high) for one in parameters for low, high in [_bounds(one, model, values)]
    )


def _bounds(one: PopulationParameter, model: ModelSpec, values: Mapping[str, CovariateValues]) -> tuple[float, float]:
    if one.place[0] != "coefficient":
        return one.lower, one.upper
    _, t, e = one.place
    effect = model.terms[int(t or 0)].effects[int(e or 0)]
    known = values[effect.covariate]
    # At a coefficient of 0 this is what the coefficient multiplies, in the multiplier or in its logarithm.
    distance = effect_slope(replace(effect, coefficient=0.0), np.array([known.low, known.high]))
    return _linear_bounds(distance) if effect.form in _LINEAR else _exponential_bounds(distance)


def _linear_bounds(distance: FloatArray) -> tuple[float, float]:
    """Return the coefficients c between which 1 + c·d is positive and below the largest factor."""
    behind, ahead = -distance[distance < 0.0], distance[distance > 0.0]
    lows = (*(-1.0 / ahead), *(-(_MOST_FOLD - 1.0) / behind))
    highs = (*(1.0 / behind), *((_MOST_FOLD - 1.0) / ahead))
    return float(max(lows)), float(min(highs))


def _exponential_bounds(distance: FloatArray) -> tuple[float, float]:
    """Return the coefficients c between which exp(c·d) is neither above the largest factor nor below its inverse."""
    largest = float(np.log(_MOST_FOLD) / np.abs(distance).max())
    return -largest, largest
