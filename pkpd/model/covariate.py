"""Covariate effects, one small pure function per form, and the covariates of one patient as a model reads them.

Every form is written as the logarithm of its multiplier, so that the logarithm of a typical value is a sum. The forms
take floats or arrays of any common shape; NaN in gives NaN out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.model.spec import EffectForm
from pkpd.units import metres_from_centimetres

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pkpd.arrays import FloatArray
    from pkpd.model.spec import CovariateDomain, Effect, ModelSpec


@dataclass(frozen=True, slots=True)
class ResolvedCovariates:
    """The covariates of one patient as a model reads them, and what was done to get them.

    Parameters
    ----------
    values : dict of str to float
        One value for each covariate of the model, in its unit; a given value is never changed.
    imputed : tuple of str
        Covariates that were missing and took the model's median.
    derived : tuple of str
        Covariates that were missing and were computed from others (body-mass index, fat-free mass).
    floored : tuple of str
        Covariates below the floor of one of their effects, which is then evaluated at that floor.
    outside : tuple of (name, value, low, high)
        Given or derived covariates outside the range that informed the model.
    """

    values: dict[str, float]
    imputed: tuple[str, ...]
    derived: tuple[str, ...]
    floored: tuple[str, ...]
    outside: tuple[tuple[str, float, float, float], ...]


def resolve_covariates(model: ModelSpec, given: Mapping[str, float | None]) -> ResolvedCovariates:
    """Return a value for every covariate of a model from those given for one patient.

    A missing covariate is derived where a formula and its inputs exist (body-mass index from weight and height,
    fat-free mass from weight, body-mass index and sex), else it takes the model's median. Given covariates that the
    model does not read are used for such formulas only.

    Parameters
    ----------
    model : ModelSpec
        Model whose covariates are wanted.
    given : dict of str to float or None
        Covariates of the patient by case name, in the units of `pkpd.model.spec.COVARIATE_UNITS`; None is missing.

    Returns
    -------
    ResolvedCovariates
        The values, and which of them were imputed, derived, floored or outside the informed range.

    Raises
    ------
    InputError
        For each covariate of the model whose value is not finite, not possible or not one of the categories.
    """
    known = {name: value for name, value in given.items() if value is not None}
    values: dict[str, float] = {}
    imputed: list[str] = []
    derived: list[str] = []
    problems: list[Problem] = []
    for name, domain in model.covariates.items():
        if name in known:
            value, origin = known[name], ""
        else:
            computed = _derive(name, known)
            if computed is None:
                values[name] = domain.median
                imputed.append(name)
                continue
            value, origin = computed
            derived.append(name)
        values[name] = value
        if not is_possible(domain, value):
            problems.append(Problem(name, f"{value:.6g}{origin}, expected {describe_domain(domain)}"))
    if problems:
        raise InputError(problems)
    return ResolvedCovariates(
        values=values,
        imputed=tuple(imputed),
        derived=tuple(derived),
        floored=tuple(name for name, value in values.items() if value < covariate_floor(model, name)),
        outside=tuple(
            (name, values[name], *domain.soft_range)
            for name, domain in model.covariates.items()
            if name not in imputed and not domain.soft_range[0] <= values[name] <= domain.soft_range[1]
        ),
    )


def covariate_floor(model: ModelSpec, name: str) -> float:
    """Return the highest floor that any effect puts under a covariate; minus infinity without one."""
    floors = [
        effect.floor
        for term in model.terms
        for effect in term.effects
        if effect.covariate == name and effect.floor is not None
    ]
    return max(floors, default=-np.inf)


def is_possible(domain: CovariateDomain, value: float) -> bool:
    """Return whether a value is in the hard range of a covariate and, if the covariate is coded, one of its codes."""
    low, high = domain.hard_range
    if domain.categories:
        return any(value == code for _, code in domain.categories)
    return low < value <= high if domain.low_excluded else low <= value <= high


def describe_domain(domain: CovariateDomain) -> str:
    """Return what a covariate may be, in words: ``more than 0 and at most 1000 mg/L``, ``0 (UC) or 1 (CD)``."""
    if domain.categories:
        return " or ".join(f"{code:g} ({label})" for label, code in domain.categories)
    low, high = domain.hard_range
    start = f"more than {low:g}" if domain.low_excluded else f"at least {low:g}"
    return f"{start} and at most {high:g} {domain.unit}"


def log_effect(effect: Effect, covariate: float | FloatArray) -> float | FloatArray:
    """Return the logarithm of an effect's multiplier.

    Parameters
    ----------
    effect : Effect
        Form, coefficient, reference, floor.
    covariate : float or array
        Covariate value, in the unit of the effect's reference.

    Returns
    -------
    float or array
        Logarithm of the multiplier, of the shape of `covariate`.
    """
    value = covariate
    if effect.category is not None:
        value = np.where(np.isnan(value), np.nan, np.equal(value, effect.category))
    if effect.floor is not None:
        value = np.maximum(value, effect.floor)
    # A search tries coefficients at which a multiplier would be negative, which has no logarithm.
    with np.errstate(divide="ignore", invalid="ignore"):
        return _LOG_EFFECT[effect.form](value, effect)


def effect_slope(effect: Effect, covariate: FloatArray, code: float | None = None) -> FloatArray:
    """Return how the logarithm of an effect's multiplier changes with its coefficient, or with one entry of its table.

    Parameters
    ----------
    effect : Effect
        Form, coefficient, reference, floor.
    covariate : (n,) array
        Covariate values.
    code : float, optional
        Category whose entry changes, for the forms with a table.

    Returns
    -------
    (n,) array
        d ln(multiplier) / d coefficient.
    """
    if code is not None:
        slope = 1.0 if effect.form is EffectForm.CATEGORY_EXPONENTIAL else 1.0 / dict(effect.table)[code]
        return np.where(np.equal(covariate, code), slope, 0.0)
    value = covariate
    if effect.category is not None:
        value = np.equal(value, effect.category).astype(np.float64)
    if effect.floor is not None:
        value = np.maximum(value, effect.floor)
    return np.asarray(_SLOPE[effect.form](value, effect), dtype=np.float64)


def body_mass_index(weight_kg: float, height_cm: float) -> float:
    """Return the body-mass index [kg/m²]; infinite or not a number where the height is too odd to be squared."""
    height_m = metres_from_centimetres(height_cm)
    return _ratio(weight_kg, height_m * height_m)


def fat_free_mass(weight_kg: float, bmi_kg_per_m2: float, *, is_male: bool) -> float:
    """Return the fat-free mass [kg] by the formula of Janmahasatian.

    Parameters
    ----------
    weight_kg : float
        Body weight [kg].
    bmi_kg_per_m2 : float
        Body-mass index [kg/m²].
    is_male : bool
        Which of the two equations applies.

    Returns
    -------
    float
        Fat-free mass [kg].

    References
    ----------
    Janmahasatian S, et al. Quantification of lean bodyweight. Clin Pharmacokinet 2005;44:1051-1065,
    doi:10.2165/00003088-200544100-00004, equation for LBW.
    """
    intercept, slope = (6680.0, 216.0) if is_male else (8780.0, 244.0)
    return _ratio(9270.0 * weight_kg, intercept + slope * bmi_kg_per_m2)


def _ratio(numerator: float, denominator: float) -> float:
    """Return a quotient by the rules of floating point: nothing is raised, and the check of the domain refuses it."""
    with np.errstate(all="ignore"):
        return float(np.divide(numerator, denominator))


def _derive(name: str, known: Mapping[str, float]) -> tuple[float, str] | None:
    """Return a covariate computed from others and the words that say from what, or None where that is impossible."""
    weight, height, sex = known.get("weight_kg"), known.get("height_cm"), known.get("sex")
    if weight is None:
        return None
    if name == "bmi_kg_per_m2" and height:
        return body_mass_index(weight, height), f" (from {weight:g} kg and {height:g} cm)"
    if name == "fat_free_mass_kg" and sex is not None:
        bmi = known.get("bmi_kg_per_m2")
        if bmi is None and height:
            bmi = body_mass_index(weight, height)
        if bmi is not None:
            return fat_free_mass(weight, bmi, is_male=sex == 1.0), f" (from {weight:g} kg and {bmi:.3g} kg/m2)"
    return None


def _log_power(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln (x / reference)^coefficient."""
    return effect.coefficient * np.log(np.divide(x, effect.reference))


def _log_linear_fraction(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln (1 + coefficient·(x - reference))."""
    return np.log1p(effect.coefficient * np.subtract(x, effect.reference))


def _log_linear_below(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln (1 + coefficient·min(x - reference, 0))."""
    return np.log1p(effect.coefficient * np.minimum(np.subtract(x, effect.reference), 0.0))


def _log_linear_above(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln (1 + coefficient·max(x - reference, 0))."""
    return np.log1p(effect.coefficient * np.maximum(np.subtract(x, effect.reference), 0.0))


def _log_linear_log(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln (1 + coefficient·(ln x - ln reference))."""
    return np.log1p(effect.coefficient * np.log(np.divide(x, effect.reference)))


def _log_factor(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln coefficient^(x - reference)."""
    return np.subtract(x, effect.reference) * np.log(effect.coefficient)


def _log_exponential(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln exp(coefficient·(x - reference))."""
    return effect.coefficient * np.subtract(x, effect.reference)


def _log_exponential_log10(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln exp(coefficient·(log10 x - log10 reference))."""
    return effect.coefficient * np.log10(np.divide(x, effect.reference))


def _log_power_log_ratio(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln (ln x / ln reference)^coefficient."""
    return effect.coefficient * np.log(np.log(x) / np.log(effect.reference))


def _log_category(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return ln of the multiplier of category x."""
    return np.log(_look_up(x, effect))


def _linear_slope(distance: FloatArray, effect: Effect) -> FloatArray:
    """Return d ln(1 + coefficient·distance) / d coefficient."""
    return distance / (1.0 + effect.coefficient * distance)


def _look_up(x: float | FloatArray, effect: Effect) -> float | FloatArray:
    """Return the table's entry for code x, NaN for a code that is not in it."""
    entry = np.full(np.shape(x), np.nan)
    for code, value in effect.table:
        entry = np.where(np.equal(x, code), value, entry)
    return entry


_LOG_EFFECT: Mapping[EffectForm, Callable[[float | FloatArray, Effect], float | FloatArray]] = {
    EffectForm.POWER: _log_power,
    EffectForm.LINEAR_FRACTION: _log_linear_fraction,
    EffectForm.LINEAR_BELOW: _log_linear_below,
    EffectForm.LINEAR_ABOVE: _log_linear_above,
    EffectForm.LINEAR_LOG: _log_linear_log,
    EffectForm.FACTOR: _log_factor,
    EffectForm.EXPONENTIAL: _log_exponential,
    EffectForm.EXPONENTIAL_LOG10: _log_exponential_log10,
    EffectForm.POWER_LOG_RATIO: _log_power_log_ratio,
    EffectForm.CATEGORY: _log_category,
    EffectForm.CATEGORY_EXPONENTIAL: _look_up,
}
_SLOPE: Mapping[EffectForm, Callable[[FloatArray, Effect], FloatArray]] = {
    EffectForm.POWER: lambda x, effect: np.log(x / effect.reference),
    EffectForm.LINEAR_FRACTION: lambda x, effect: _linear_slope(x - effect.reference, effect),
    EffectForm.LINEAR_BELOW: lambda x, effect: _linear_slope(np.minimum(x - effect.reference, 0.0), effect),
    EffectForm.LINEAR_ABOVE: lambda x, effect: _linear_slope(np.maximum(x - effect.reference, 0.0), effect),
    EffectForm.LINEAR_LOG: lambda x, effect: _linear_slope(np.log(x / effect.reference), effect),
    EffectForm.FACTOR: lambda x, effect: (x - effect.reference) / effect.coefficient,
    EffectForm.EXPONENTIAL: lambda x, effect: x - effect.reference,
    EffectForm.EXPONENTIAL_LOG10: lambda x, effect: np.log10(x / effect.reference),
    EffectForm.POWER_LOG_RATIO: lambda x, effect: np.log(np.log(x) / np.log(effect.reference)),
}
"""Derivatives of the formulas above with respect to their coefficient."""
