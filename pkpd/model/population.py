"""The parameters of a model that a fit can change: names, values, bounds, and the model with other values in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.model.covariate import effect_slope
from pkpd.model.spec import (
    SHAPE_PARAMETERS,
    Effect,
    EffectForm,
    EtaVariance,
    ModelSpec,
    RandomEffectShape,
    ResidualError,
    ResidualKind,
    Term,
)

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

_Place = tuple[str | int | float | None, ...]
_Places = Mapping[_Place, float]
_TABLES = frozenset({EffectForm.CATEGORY, EffectForm.CATEGORY_EXPONENTIAL})
# Coefficients that multiply, and so are positive.
_POSITIVE = frozenset({EffectForm.FACTOR})
# A t variable has a variance from two degrees of freedom on, and is all but normal at two hundred.
_SHAPE_BOUNDS = {RandomEffectShape.BOX_COX: (-20.0, 20.0), RandomEffectShape.T_DISTRIBUTED: (2.0, 200.0)}


class ParameterKind(Enum):
    """What a parameter is; each kind is reported on a scale of its own."""

    THETA = "theta"
    OMEGA = "omega"
    SIGMA = "sigma"


@dataclass(frozen=True, slots=True)
class PopulationParameter:
    """One parameter of a population model.

    Parameters
    ----------
    name : str
        Unique in the model: ``cl``, ``cl_weight_kg``, ``lambda_cl``, ``omega2_cl``, ``omega2_cl_v`` (a covariance), ``omega2_iov_cl``,
        ``omega2_centre_cl``, ``sigma_proportional``.
    kind : ParameterKind
        Typical value, coefficient or parameter of a shape, variance or covariance of random effects, standard deviation (or exponent) of the residual error.
    value : float
        Value in the model.
    lower, upper : float
        Open bounds; infinite where there is none.
    is_fixed : bool
        Whether the model file holds it fixed.
    place : tuple
        Where it stands in the model (see ``with_values``).
    """

    name: str
    kind: ParameterKind
    value: float
    lower: float
    upper: float
    is_fixed: bool
    place: _Place


def population_parameters(model: ModelSpec) -> tuple[PopulationParameter, ...]:
    """Return every parameter of a model.

    Thetas come in the order of the terms, those of shapes after all others, then omegas of subjects, occasions and centres, then
    sigmas.
    """
    fixed = {value.name for value in model.parameters if value.is_fixed}
    found = (*_thetas(model, fixed), *_shapes(model, fixed), *_omegas(model, fixed), *_sigmas(model, fixed))
    return tuple(_within(one, *model.bounds[one.name]) if one.name in model.bounds else one for one in found)


def _within(one: PopulationParameter, lower: float, upper: float) -> PopulationParameter:
    """Return a parameter with the model's bounds, where they are closer than its own."""
    return replace(one, lower=max(one.lower, lower), upper=min(one.upper, upper))


def is_shape(parameter: PopulationParameter) -> bool:
    """Return whether a parameter is that of a random effect's shape."""
    return parameter.place[0] == "shape"


def with_values(model: ModelSpec, values: Mapping[str, float]) -> ModelSpec:
    """Return a model with other values of some of its parameters.

    Parameters
    ----------
    model : ModelSpec
        The model.
    values : mapping of str to float
        New values by name; parameters that are not named stay.

    Returns
    -------
    ModelSpec
        What cards show of the published values is left as it is; identity and hash are the caller's to change.
    """
    places = {parameter.name: parameter.place for parameter in population_parameters(model)}
    return _with_places(model, {places[name]: float(value) for name, value in values.items()})


def with_all_values(model: ModelSpec, parameters: Sequence[PopulationParameter], values: FloatArray) -> ModelSpec:
    """Return a model with other values of all its parameters (``population_parameters``), in their order."""
    return _with_places(model, dict(zip((one.place for one in parameters), values.tolist(), strict=True)))


def _with_places(model: ModelSpec, by_place: _Places) -> ModelSpec:
    return replace(
        model,
        terms=tuple(_term_with(term, t, by_place) for t, term in enumerate(model.terms)),
        variances=tuple(_variance_with(variance, by_place) for variance in model.variances),
        occasion_variances=tuple(_variance_with(variance, by_place) for variance in model.occasion_variances),
        centre_variances=tuple(_variance_with(variance, by_place) for variance in model.centre_variances),
        correlations=_correlations_with(model, by_place),
        residual=_residual_with(model.residual, by_place),
    )


def log_typical_slopes(
    model: ModelSpec, parameters: Sequence[PopulationParameter], covariates: Mapping[str, FloatArray], n_rows: int
) -> FloatArray:
    """Return how the logarithms of the typical values change with each theta that they depend on, those of shapes left out.

    Parameters
    ----------
    model : ModelSpec
        Model with `n_terms` terms and `n_theta` thetas.
    parameters : sequence of PopulationParameter
        Its parameters.
    covariates : dict of str to (n_rows,) array
        Values of every covariate of the model.
    n_rows : int
        Number of covariate rows.

    Returns
    -------
    (n_theta, n_rows, n_terms) array
        d ln(typical value) / d theta, in the order of ``population_parameters``.
    """
    thetas = [p for p in parameters if p.kind is ParameterKind.THETA and not is_shape(p)]
    slopes = np.zeros((len(thetas), n_rows, len(model.terms)))
    for row, parameter in enumerate(thetas):
        what, t, *where = parameter.place
        assert isinstance(t, int), "thetas belong to terms"  # noqa: S101 (built here)
        term = model.terms[t]
        if what == "value":
            slopes[row, :, t] = 1.0 / term.value
            continue
        effect = term.effects[int(where[0] or 0)]
        code = float(where[1]) if what == "entry" and where[1] is not None else None
        slopes[row, :, t] = effect_slope(effect, covariates[effect.covariate], code)
    return slopes


def _thetas(model: ModelSpec, fixed: set[str]) -> Iterator[PopulationParameter]:
    counts = {name: sum(term.parameter == name for term in model.terms) for name in {t.parameter for t in model.terms}}
    for t, term in enumerate(model.terms):
        prefix = term.parameter if counts[term.parameter] == 1 else f"{term.parameter}_{_term_name(model, t)}"
        yield _theta(prefix, term.value, 0.0, fixed, ("value", t))
        seen: dict[str, int] = {}
        for e, effect in enumerate(term.effects):
            name = f"{prefix}_{effect.covariate}"
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                name = f"{name}_{seen[name]}"
            if effect.form not in _TABLES:
                low = 0.0 if effect.form in _POSITIVE else -np.inf
                yield _theta(name, effect.coefficient, low, fixed, ("coefficient", t, e))
                continue
            labels = {code: label for label, code in model.covariates[effect.covariate].categories}
            low = 0.0 if effect.form is EffectForm.CATEGORY else -np.inf
            # The first category is the one that the others are compared with.
            for code, value in effect.table[1:]:
                full = f"{name}_{labels[code]}"
                yield _theta(full, value, low, fixed, ("entry", t, e, code))


def _term_name(model: ModelSpec, t: int) -> str:
    eta = model.terms[t].eta
    return str(t) if eta is None else eta.removeprefix(f"{model.terms[t].parameter}_")


def _theta(name: str, value: float, low: float, fixed: set[str], place: _Place) -> PopulationParameter:
    return PopulationParameter(name, ParameterKind.THETA, value, low, np.inf, name in fixed, place)


def _shapes(model: ModelSpec, fixed: set[str]) -> Iterator[PopulationParameter]:
    for t, term in enumerate(model.terms):
        if term.shape in SHAPE_PARAMETERS:
            name = f"{SHAPE_PARAMETERS[term.shape]}_{term.eta}"
            low, high = _SHAPE_BOUNDS[term.shape]
            kind, place = ParameterKind.THETA, ("shape", t)
            yield PopulationParameter(name, kind, term.shape_parameter, low, high, name in fixed, place)


def _omegas(model: ModelSpec, fixed: set[str]) -> Iterator[PopulationParameter]:
    by_eta = {variance.eta: variance for variance in _all_variances(model)}
    for eta, variance in by_eta.items():
        is_fixed = (f"iiv_{eta}" if eta in model.etas else eta) in fixed
        if variance.covariate is None:
            yield PopulationParameter(
                f"omega2_{eta}", ParameterKind.OMEGA, variance.omega2, 0.0, np.inf, is_fixed, ("omega2", eta, None)
            )
            continue
        labels = {code: label for label, code in model.covariates[variance.covariate].categories}
        for code, value in variance.table:
            name = f"omega2_{eta}_{labels[code]}"
            yield PopulationParameter(name, ParameterKind.OMEGA, value, 0.0, np.inf, is_fixed, ("omega2", eta, code))
    for first, second, rho in model.correlations:
        covariance = rho * float(np.sqrt(by_eta[first].omega2 * by_eta[second].omega2))
        is_fixed = f"corr_{first}_{second}" in fixed
        name = f"omega2_{first}_{second}"
        yield PopulationParameter(
            name, ParameterKind.OMEGA, covariance, -np.inf, np.inf, is_fixed, ("covariance", first, second)
        )


def _all_variances(model: ModelSpec) -> tuple[EtaVariance, ...]:
    return (*model.variances, *model.occasion_variances, *model.centre_variances)


def _sigmas(model: ModelSpec, fixed: set[str]) -> Iterator[PopulationParameter]:
    residual = model.residual
    groups: list[tuple[str | None, str, tuple[float, float]]] = [
        (None, "sigma", (residual.additive_sd, residual.proportional_sd))
    ]
    groups += [(name, f"sigma_{name}", sds) for name, sds in (*residual.by_assay.items(), *residual.by_centre.items())]
    for assay, prefix, (additive, proportional) in groups:
        for part, value in (("additive", additive), ("proportional", proportional)):
            if value > 0.0:
                is_fixed = f"residual_{part}" in fixed
                name = f"{prefix}_{'log' if residual.kind is ResidualKind.LOGARITHMIC else part}"
                yield PopulationParameter(name, ParameterKind.SIGMA, value, 0.0, np.inf, is_fixed, (part, assay))
    if residual.is_exponent_free:
        place = ("exponent", None)
        yield PopulationParameter("sigma_exponent", ParameterKind.SIGMA, residual.exponent, 0.0, np.inf, False, place)  # noqa: FBT003


def _term_with(term: Term, t: int, values: _Places) -> Term:
    effects = tuple(_effect_with(effect, t, e, values) for e, effect in enumerate(term.effects))
    shape = values.get(("shape", t), term.shape_parameter)
    return replace(term, value=values.get(("value", t), term.value), effects=effects, shape_parameter=shape)


def _effect_with(effect: Effect, t: int, e: int, values: _Places) -> Effect:
    table = tuple((code, values.get(("entry", t, e, code), value)) for code, value in effect.table)
    return replace(effect, coefficient=values.get(("coefficient", t, e), effect.coefficient), table=table)


def _variance_with(variance: EtaVariance, values: _Places) -> EtaVariance:
    table = tuple((code, values.get(("omega2", variance.eta, code), value)) for code, value in variance.table)
    omega2 = table[0][1] if table else values.get(("omega2", variance.eta, None), variance.omega2)
    return replace(variance, omega2=omega2, table=table)


def _correlations_with(model: ModelSpec, values: _Places) -> tuple[tuple[str, str, float], ...]:
    before = {variance.eta: variance.omega2 for variance in _all_variances(model)}
    after = {variance.eta: _variance_with(variance, values).omega2 for variance in _all_variances(model)}
    changed: list[tuple[str, str, float]] = []
    for first, second, rho in model.correlations:
        covariance = values.get(("covariance", first, second), rho * float(np.sqrt(before[first] * before[second])))
        changed.append((first, second, covariance / float(np.sqrt(after[first] * after[second]))))
    return tuple(changed)


def _residual_with(residual: ResidualError, values: _Places) -> ResidualError:
    return replace(
        residual,
        additive_sd=values.get(("additive", None), residual.additive_sd),
        proportional_sd=values.get(("proportional", None), residual.proportional_sd),
        by_assay=_errors_with(residual.by_assay, values),
        by_centre=_errors_with(residual.by_centre, values),
        exponent=values.get(("exponent", None), residual.exponent),
    )


def _errors_with(errors: Mapping[str, tuple[float, float]], values: _Places) -> dict[str, tuple[float, float]]:
    return {
        name: (values.get(("additive", name), sds[0]), values.get(("proportional", name), sds[1]))
        for name, sds in errors.items()
    }
