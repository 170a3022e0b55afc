"""A model specification from the checked content of a model file, and the checks that need its numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.model.bounds import bound_faults, describe_bounds
from pkpd.model.covariate import describe_domain, is_possible, log_effect
from pkpd.model.parameters import occasion_matrix, omega_matrix, terminal_half_life, typical_parameters
from pkpd.model.population import population_parameters
from pkpd.model.published import not_used_values, published_values
from pkpd.model.sections import term_sections
from pkpd.model.spec import (
    CovariateDomain,
    Effect,
    EffectForm,
    EtaVariance,
    ModelCheck,
    ModelSpec,
    RandomEffectShape,
    ResidualError,
    ResidualKind,
    Study,
    Term,
)
from pkpd.model.validate import find_problems
from pkpd.model.validate_random_effects import CENTRE, OCCASION
from pkpd.toml_file import place
from pkpd.units import fraction_from_percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.arrays import FloatArray
    from pkpd.model.schema import (
        AssaySection,
        CovariateSection,
        EffectSection,
        EtaSection,
        ModelFile,
        StudySection,
        TermSection,
    )

# Published check values are rounded to five decimals.
_CHECK_TOLERANCE = 1e-4
# A covariate that changes a parameter more than e^30-fold is a mistyped coefficient.
_LARGEST_LOG_EFFECT = 30.0


def build_model(content: ModelFile, file: str, sha256: str) -> ModelSpec:
    """Return the model that a file describes.

    Parameters
    ----------
    content : ModelFile
        Content of the file, each key already of the right type.
    file : str
        Name of the file, for messages.
    sha256 : str
        Hash of the file's bytes.

    Returns
    -------
    ModelSpec
        The model; its check values are met, its covariate effects positive over the whole hard ranges, its covariance
        matrix positive definite.

    Raises
    ------
    InputError
        With one problem for each thing that does not fit.
    """
    if problems := find_problems(content, file):
        raise InputError(problems)
    model = _build(content, sha256)
    problems = (*_effect_problems(model, file), *_omega_problems(model, file), *_bound_problems(model, file))
    if problems:
        raise InputError(problems)
    if problems := tuple(_check_problems(model, file)):
        raise InputError(problems)
    return model


def _build(content: ModelFile, sha256: str) -> ModelSpec:
    """Return the model of content that fits together."""
    terms = tuple(
        _with_random_effects(content, name, _term(content, parameter, section))
        for parameter, name, _, section in term_sections(content)
    )
    etas = tuple(term.eta for term in terms if term.eta is not None)
    return ModelSpec(
        id=content.id,
        version=content.version,
        title=content.title,
        citation=content.citation,
        doi=content.doi,
        has_own_units=content.units == "own",
        population=content.population,
        route=content.route,
        is_adult=content.domain.adult,
        disease=content.domain.disease,
        study=_study(content.study),
        caveats=tuple(content.caveats),
        errata=tuple(content.errata),
        decisions=tuple(content.decisions),
        structure=content.structure,
        parameterization=content.parameterization,
        parameters=published_values(content),
        not_used=not_used_values(content),
        terms=terms,
        etas=etas,
        variances=tuple(_variance(content, name, content.iiv[name]) for name in etas),
        correlations=tuple((entry.etas[0], entry.etas[1], entry.value) for entry in content.correlations),
        residual=_residual(content),
        covariates={name: _domain(name, section) for name, section in content.covariates.items()},
        checks=tuple(
            ModelCheck(name, dict(section.covariates), dict(section.expected), section.source)
            for name, section in content.checks.items()
        ),
        event_model=content.event_model,
        in_default_panel=content.in_default_panel,
        panel_reason=content.panel_reason,
        sha256=sha256,
        occasion_variances=tuple(_shared_variance(OCCASION, name, content) for name in content.iov),
        centre_variances=tuple(_shared_variance(CENTRE, name, content) for name in content.centre),
        bounds={name: (_or(bound.lower, -np.inf), _or(bound.upper, np.inf)) for name, bound in content.bounds.items()},
    )


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _with_random_effects(content: ModelFile, name: str, term: Term) -> Term:
    """Return a term with the random effects that the file puts on it."""
    own = next((key for key, section in content.iiv.items() if (section.on or key) == name), None)
    occasion = next((OCCASION + key for key, section in content.iov.items() if (section.on or key) == name), None)
    centre = next((CENTRE + key for key, section in content.centre.items() if (section.on or key) == name), None)
    term = replace(term, eta=own, occasion_eta=occasion, centre_eta=centre)
    if own is None:
        return term
    section = content.iiv[own]
    return replace(term, shape=section.shape, shape_parameter=section.lambda_ or section.df or 0.0)


def _term(content: ModelFile, parameter: str, section: TermSection) -> Term:
    """Return one term; a value by category becomes the first category's value and a table of ratios to it."""
    effects = tuple(_effect(content, effect) for effect in section.effects)
    if section.value_by is None:
        assert section.value is not None, "validated"  # noqa: S101 (find_problems has refused the contrary)
        return Term(parameter, section.value, effects)
    codes = content.covariates[section.value_by.covariate].categories
    values = section.value_by.values
    first = next(iter(values.values()))
    table = tuple((codes[label], value / first) for label, value in values.items())
    by_category = Effect(section.value_by.covariate, EffectForm.CATEGORY, table=table)
    return Term(parameter, first, (by_category, *effects))


def _effect(content: ModelFile, section: EffectSection) -> Effect:
    """Return one covariate effect, categories replaced by their codes."""
    codes = content.covariates[section.covariate].categories
    return Effect(
        covariate=section.covariate,
        form=section.form,
        coefficient=section.coefficient or 0.0,
        reference=section.reference or 0.0,
        floor=section.floor,
        category=None if section.category is None else codes[section.category],
        table=tuple((codes[label], value) for label, value in (section.values or {}).items()),
    )


def _variance(content: ModelFile, name: str, section: EtaSection) -> EtaVariance:
    """Return the variance of a random effect: as given, or from the CV where the source gives one."""
    if section.omega2_by is not None:
        codes = content.covariates[section.omega2_by.covariate].categories
        table = tuple((codes[label], value) for label, value in section.omega2_by.values.items())
        return EtaVariance(name, table[0][1], section.omega2_by.covariate, table)
    if section.omega2 is not None:
        return EtaVariance(name, section.omega2)
    return EtaVariance(name, _variance_of_cv(section.cv_pct or 0.0, section.shape))


def _shared_variance(prefix: str, name: str, content: ModelFile) -> EtaVariance:
    """Return the variance of a random effect of the occasion or the centre."""
    is_occasion = prefix == OCCASION
    section = (content.iov if is_occasion else content.centre)[name]
    if section.omega2 is not None:
        return EtaVariance(prefix + name, section.omega2)
    # That of the occasion is added to the subject's own inside of its shape.
    shapes = {eta.on or key: eta.shape for key, eta in content.iiv.items()} if is_occasion else {}
    shape = shapes.get(section.on or name, RandomEffectShape.EXPONENTIAL)
    return EtaVariance(prefix + name, _variance_of_cv(section.cv_pct or 0.0, shape))


def _variance_of_cv(cv_pct: float, shape: RandomEffectShape) -> float:
    """Return the variance of a random effect from the coefficient of variation of what it multiplies."""
    cv = fraction_from_percent(cv_pct)
    return cv * cv if shape is RandomEffectShape.PROPORTIONAL else float(np.log1p(cv * cv))


def _residual(content: ModelFile) -> ResidualError:
    """Return the residual error; without a general one, its variances are the means over the assays."""
    section = content.residual
    by_assay = {name: _assay(assay) for name, assay in section.by_assay.items()}
    by_centre = {name: _assay(centre) for name, centre in section.by_centre.items()}
    additive, proportional = section.log_sd or section.additive_sd or 0.0, section.proportional_sd or 0.0
    if section.default_assay is not None:
        additive, proportional = map(float, np.sqrt(np.mean(np.square(list(by_assay.values())), axis=0)))
    return ResidualError(
        additive_sd=additive,
        proportional_sd=proportional,
        by_assay=by_assay,
        kind=ResidualKind(section.kind),
        exponent=section.exponent,
        by_centre=by_centre,
        is_exponent_free=section.exponent_estimated,
    )


def _assay(section: AssaySection) -> tuple[float, float]:
    """Return the additive (of the logarithm, where it has that) and the proportional standard deviation of one assay or centre."""
    additive = section.log_sd or section.additive_sd or 0.0
    if section.proportional_variance is not None:
        return additive, float(np.sqrt(section.proportional_variance))
    return additive, section.proportional_sd or 0.0


def _domain(name: str, section: CovariateSection) -> CovariateDomain:
    """Return a covariate's domain; the ranges of a coded one are those of its codes."""
    codes = sorted(section.categories.values())
    soft, hard = section.soft_range or (codes[0], codes[-1]), section.hard_range or (codes[0], codes[-1])
    return CovariateDomain(
        name=name,
        column=section.column,
        unit=section.unit,
        median=section.median,
        median_source=section.median_source,
        soft_range=(soft[0], soft[1]),
        soft_source=section.soft_source,
        hard_range=(hard[0], hard[1]),
        low_excluded=section.low_excluded,
        time_varying=section.time_varying,
        categories=tuple(section.categories.items()),
    )


def _study(section: StudySection | None) -> Study | None:
    """Return what the file says of the study."""
    if section is None:
        return None
    dose, infusions = section.first_dose_mg_per_kg, section.infusions
    return Study(
        eligibility=section.eligibility,
        first_dose_mg_per_kg=None if dose is None else (dose[0], dose[1]),
        infusions=None if infusions is None else (infusions[0], infusions[1]),
        first_sample_day_max=section.first_sample_day_max,
        sample_day_max=section.sample_day_max,
        source=section.source,
    )


def _effect_problems(model: ModelSpec, file: str) -> Iterator[Problem]:
    """Yield the effects that are not positive and of sensible size at the ends of a covariate's hard range.

    Every form is monotone in its covariate (or a table), so that the ends show the worst.
    """
    for term in model.terms:
        for effect in term.effects:
            domain = model.covariates[effect.covariate]
            low, high = domain.hard_range
            values = [code for _, code in domain.categories] or [*([] if domain.low_excluded else [low]), high]
            for value in values:
                with np.errstate(all="ignore"):
                    size = abs(float(log_effect(effect, value)))
                if not size < _LARGEST_LOG_EFFECT:
                    where = place(file, ("parameters", term.parameter, "effects"))
                    message = f"the effect of {effect.covariate} at {value:g} {domain.unit} is not a sensible positive multiplier; correct its numbers or the hard range."
                    yield Problem(where, message)
                    break


def _omega_problems(model: ModelSpec, file: str) -> Iterator[Problem]:
    """Yield the combinations of categories whose covariance matrix is not positive definite."""
    coded = sorted({variance.covariate for variance in model.variances if variance.covariate is not None})
    for codes in product(*([code for _, code in model.covariates[name].categories] for name in coded)):
        matrices = (omega_matrix(model, dict(zip(coded, codes, strict=True))), occasion_matrix(model))
        if not all(map(_is_positive_definite, matrices)):
            yield Problem(place(file, ("correlations",)), "the correlations together are not positive definite.")
            return


def _bound_problems(model: ModelSpec, file: str) -> Iterator[Problem]:
    """Yield the bounds that the model cannot have, and those that its own value lies outside of."""
    for name, message in bound_faults(model, model.bounds):
        yield Problem(place(file, ("bounds", name)), f"{message}.")
    own = {one.name: one for one in population_parameters(model)}
    for one in (own[name] for name in model.bounds if name in own):
        if one.lower < one.upper and not one.lower < one.value < one.upper:
            message = (
                f"{describe_bounds(one.lower, one.upper)}, but the model's value is {one.value:g}; expected it inside."
            )
            yield Problem(place(file, ("bounds", one.name)), message)


def _is_positive_definite(matrix: FloatArray) -> bool:
    """Return whether a covariance matrix is; its correlations decide, since a variance may be as small as it likes."""
    sd = np.sqrt(np.diag(matrix))
    return not matrix.size or float(np.linalg.eigvalsh(matrix / np.outer(sd, sd))[0]) > 0.0


def _check_problems(model: ModelSpec, file: str) -> Iterator[Problem]:
    """Yield the check values that the model does not meet."""
    for check in model.checks:
        keys = ("checks", check.name)
        faults = list(_check_covariate_faults(model, check))
        if faults:
            yield from (Problem(place(file, (*keys, "covariates", name)), message) for name, message in faults)
            continue
        found = typical_parameters(model, check.covariates)
        found["half_life_terminal_day"] = terminal_half_life(found)
        for name, expected in check.expected.items():
            where = place(file, (*keys, "expected", name))
            if name not in found:
                yield Problem(where, f"is not a parameter of this model; it has {', '.join(found)}.")
            elif not abs(found[name] - expected) <= _CHECK_TOLERANCE * expected:
                message = f"{expected:g}, but the file's own numbers give {found[name]:.6g}; correct one of them."
                yield Problem(where, message)


def _check_covariate_faults(model: ModelSpec, check: ModelCheck) -> Iterator[tuple[str, str]]:
    """Yield the covariates of a check that are missing, unknown or impossible."""
    for name, domain in model.covariates.items():
        if name not in check.covariates:
            yield name, "is missing; a check gives every covariate of the model."
        elif not is_possible(domain, check.covariates[name]):
            yield name, f"{check.covariates[name]:g}, expected {describe_domain(domain)}."
    for name in sorted(check.covariates.keys() - model.covariates.keys()):
        yield name, "is not a covariate of this model."
