"""Whether the keys of a model file make a model together: one sentence for each thing that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.errors import Problem
from pkpd.model.sections import table_problems, term_sections, unknown_covariate
from pkpd.model.spec import (
    COVARIATE_CODES,
    COVARIATE_UNITS,
    PARAMETER_NAMES,
    PARAMETER_UNITS,
    EffectForm,
    Structure,
    has_two_compartments,
    is_oral,
)
from pkpd.model.validate_random_effects import correlation_problems, eta_problems, shared_eta_problems
from pkpd.toml_file import closest, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.model.schema import (
        AssaySection,
        CovariateSection,
        EffectSection,
        ModelFile,
        ResidualSection,
        TermSection,
    )

    Keys = tuple[int | str, ...]

_TABLE_FORMS = {EffectForm.CATEGORY, EffectForm.CATEGORY_EXPONENTIAL}
_INDICATOR_FORMS = {EffectForm.LINEAR_FRACTION, EffectForm.FACTOR, EffectForm.EXPONENTIAL}
_LOG_FORMS = {EffectForm.POWER, EffectForm.LINEAR_LOG, EffectForm.EXPONENTIAL_LOG10, EffectForm.POWER_LOG_RATIO}


def find_problems(model: ModelFile, file: str) -> tuple[Problem, ...]:
    """Return everything in a model file that does not fit together.

    Parameters
    ----------
    model : ModelFile
        Content of the file, each key already of the right type.
    file : str
        Name of the file, for the place.

    Returns
    -------
    tuple of Problem
        Empty for a file that can be built.
    """
    found = (
        *_parameter_problems(model),
        *_covariate_problems(model),
        *eta_problems(model),
        *shared_eta_problems(model),
        *correlation_problems(model),
        *_residual_problems(model),
        *_study_problems(model),
    )
    return tuple(Problem(place(file, keys), message) for keys, message in found)


def _parameter_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the parameters and their terms."""
    expected = PARAMETER_NAMES[model.parameterization]
    kind = f"parameterization '{model.parameterization.value}'"
    has_two = model.structure is Structure.TWO_COMPARTMENT
    if has_two != has_two_compartments(model.parameterization):
        yield ("parameterization",), f"'{model.parameterization.value}' does not go with '{model.structure.value}'."
    if (model.route == "oral") != is_oral(model.parameterization):
        message = f"'{model.route}' does not go with {kind}; expected 'oral' where it has ka, else 'iv'."
        yield ("route",), message
    for name in sorted(model.parameters.keys() - set(expected)):
        yield ("parameters", name), f"is not a parameter of {kind}, which has {', '.join(expected)}."
    for name in expected:
        section = model.parameters.get(name)
        if section is None:
            yield ("parameters", name), f"is missing; {kind} has {', '.join(expected)}."
        elif section.unit != PARAMETER_UNITS[name] and model.units != "own":
            yield (
                ("parameters", name, "unit"),
                f"'{section.unit}', expected '{PARAMETER_UNITS[name]}'; convert the value and keep the printed one under 'published'.",
            )
        if section is not None and section.terms is not None:
            if section.value is not None or section.value_by is not None or section.effects:
                yield ("parameters", name), "has terms and a value or effects of its own; put these into the terms."
            if not section.terms:
                yield ("parameters", name, "terms"), "is empty; give at least one term."
    for _, _, keys, term in term_sections(model):
        yield from _term_problems(model, keys, term)


def _term_problems(model: ModelFile, keys: Keys, term: TermSection) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with a term and its effects."""
    if (term.value is None) == (term.value_by is None):
        yield keys, "expected either 'value' or 'value_by'."
    if term.value_by is not None:
        yield from table_problems(model, (*keys, "value_by"), term.value_by.covariate, term.value_by.values)
    for index, effect in enumerate(term.effects):
        yield from _effect_problems(model, (*keys, "effects", index), effect)


def _effect_problems(model: ModelFile, keys: Keys, effect: EffectSection) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with one covariate effect."""
    domain = model.covariates.get(effect.covariate)
    if domain is None:
        yield (*keys, "covariate"), unknown_covariate(model, effect.covariate)
        return
    form = f"form '{effect.form.value}'"
    if effect.form in _TABLE_FORMS:
        if effect.values is None:
            yield keys, f"{form} needs 'values', one for each category of {effect.covariate}."
        else:
            yield from table_problems(model, keys, effect.covariate, effect.values)
            if effect.form is EffectForm.CATEGORY and min(effect.values.values(), default=1.0) <= 0.0:
                yield (*keys, "values"), f"{min(effect.values.values()):g}, expected multipliers above 0."
        for name in ("coefficient", "reference", "floor", "category"):
            if getattr(effect, name) is not None:
                yield (*keys, name), f"is not used by {form}; remove it."
        return
    if effect.values is not None:
        yield (*keys, "values"), f"is not used by {form}; remove it."
    if effect.coefficient is None:
        yield keys, f"{form} needs 'coefficient'."
    elif effect.form is EffectForm.FACTOR and effect.coefficient <= 0.0:
        yield (*keys, "coefficient"), f"{effect.coefficient:g}, expected a factor above 0."
    yield from _reference_problems(keys, effect, form)
    if effect.category is not None:
        if effect.form not in _INDICATOR_FORMS:
            yield (*keys, "category"), f"is not used by {form}; remove it."
        elif effect.category not in domain.categories:
            labels = list(domain.categories)
            yield (
                (*keys, "category"),
                f"'{effect.category}' is not a category of {effect.covariate}; {closest(effect.category, labels)}it has {', '.join(labels) or 'none'}.",
            )


def _reference_problems(keys: Keys, effect: EffectSection, form: str) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the reference and the floor of an effect."""
    if effect.form not in _LOG_FORMS:
        return
    lowest = 1.0 if effect.form is EffectForm.POWER_LOG_RATIO else 0.0
    if effect.reference is None:
        yield keys, f"{form} needs 'reference'."
    elif effect.reference <= lowest:
        yield (*keys, "reference"), f"{effect.reference:g}, expected more than {lowest:g} for {form}."
    if effect.form is EffectForm.POWER_LOG_RATIO and (effect.floor is None or effect.floor <= lowest):
        found = "is missing" if effect.floor is None else f"{effect.floor:g}"
        yield (*keys, "floor"), f"{found}, expected a value above 1, where the logarithm is positive."


def _covariate_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the covariate domains."""
    read = _covariates_read(model)
    columns: dict[str, str] = {}
    for name, domain in model.covariates.items():
        keys: Keys = ("covariates", name)
        unit = COVARIATE_UNITS.get(name)
        if unit is not None and domain.unit != unit and model.units != "own":
            yield (*keys, "unit"), f"'{domain.unit}', expected '{unit}'; convert the values of {name}."
        if name not in read:
            yield keys, "no effect, value_by or omega2_by reads it; remove it or add the effect."
        other = columns.setdefault(domain.column.casefold(), name)
        if other != name:
            yield (*keys, "column"), f"'{domain.column}' is the column of {other} already."
        yield from _coded_problems(keys, name, domain) if domain.categories else _continuous_problems(keys, domain)


def _coded_problems(keys: Keys, name: str, domain: CovariateSection) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the domain of a coded covariate."""
    codes = COVARIATE_CODES.get(name)
    if codes is not None and domain.categories != codes:
        expected = ", ".join(f"{label} = {code:g}" for label, code in codes.items())
        yield (*keys, "categories"), f"expected {{{expected}}}, the codes of a patient case."
    if domain.unit != "category":
        yield (*keys, "unit"), f"'{domain.unit}', expected 'category' for a covariate with categories."
    if len(set(domain.categories.values())) < len(domain.categories):
        yield (*keys, "categories"), "two categories have the same code."
    if domain.median not in domain.categories.values():
        yield (*keys, "median"), f"{domain.median:g}, expected the code of a category."
    for name_ in ("soft_range", "hard_range"):
        if getattr(domain, name_) is not None:
            yield (*keys, name_), "is not used by a covariate with categories; remove it."


def _continuous_problems(keys: Keys, domain: CovariateSection) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the domain of a continuous covariate."""
    if domain.unit == "category":
        yield (*keys, "categories"), "is missing; give each category's label and code."
        return
    if not domain.soft_source:
        yield (*keys, "soft_source"), "is missing; say where the soft range comes from."
    for name, limits in (("soft_range", domain.soft_range), ("hard_range", domain.hard_range)):
        if limits is None:
            yield (*keys, name), "is missing; give [low, high]."
        elif limits[0] >= limits[1]:
            yield (*keys, name), f"{limits}, expected the lower value first."
    if domain.hard_range is None or domain.soft_range is None:
        return
    low, high = domain.hard_range
    if domain.soft_range[0] < low or domain.soft_range[1] > high:
        yield (*keys, "soft_range"), f"{domain.soft_range} leaves the hard range {domain.hard_range}."
    if not low <= domain.median <= high or (domain.low_excluded and domain.median == low):
        yield (*keys, "median"), f"{domain.median:g} is outside the hard range {domain.hard_range}."


def _residual_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the residual error."""
    residual = model.residual
    general = (residual.proportional_sd, residual.additive_sd, residual.log_sd)
    yield from _residual_kind_problems(model)
    if residual.default_assay is None:
        if not any(general):
            yield ("residual",), f"expected a {_expected_error(model)} above 0."
    elif not residual.by_assay:
        yield ("residual", "default_assay"), "there is no [residual.by_assay] to take it from."
    elif any(value is not None for value in general):
        yield ("residual", "default_assay"), "the general residual error is given as well; keep one of the two."
    if residual.by_assay and residual.by_centre:
        yield ("residual", "by_centre"), "there is an error by assay as well; keep one of the two."
    for keys, assay in _sections_by_group(residual):
        if assay.proportional_sd is not None and assay.proportional_variance is not None:
            yield keys, "expected either 'proportional_sd' or 'proportional_variance'."
        if not any((assay.proportional_sd, assay.proportional_variance, assay.additive_sd, assay.log_sd)):
            yield keys, "expected a residual error above 0."


def _expected_error(model: ModelFile) -> str:
    return "'log_sd'" if model.residual.kind == "logarithmic" else "'proportional_sd' or 'additive_sd_mg_per_L'"


def _residual_kind_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield the parts of the residual error that its kind does not have."""
    residual = model.residual
    is_logarithmic = residual.kind == "logarithmic"
    sections: list[tuple[Keys, ResidualSection | AssaySection]] = [(("residual",), residual)]
    sections += _sections_by_group(residual)
    for keys, section in sections:
        if is_logarithmic and (section.proportional_sd is not None or section.additive_sd is not None):
            yield keys, "a logarithmic error has a 'log_sd' and no other part."
        if not is_logarithmic and section.log_sd is not None:
            yield (*keys, "log_sd"), "is the error of a logarithm; expected kind = 'logarithmic' beside it."
    for keys, assay in _sections_by_group(residual):
        if is_logarithmic and assay.proportional_variance is not None:
            yield keys, "a logarithmic error has a 'log_sd' and no other part."
    for name, is_given in (("exponent", residual.exponent != 1.0), ("exponent_estimated", residual.exponent_estimated)):
        if is_given and is_logarithmic:
            yield ("residual", name), "belongs to the proportional part, which a logarithmic error does not have."
    has_part = residual.proportional_sd or any(
        assay.proportional_sd or assay.proportional_variance for _, assay in _sections_by_group(residual)
    )
    if residual.exponent_estimated and not is_logarithmic and not has_part:
        yield ("residual", "exponent_estimated"), "belongs to the proportional part, which this error does not have."


def _sections_by_group(residual: ResidualSection) -> list[tuple[Keys, AssaySection]]:
    """Return the errors of assays and of centres with their keys."""
    groups = (("by_assay", residual.by_assay), ("by_centre", residual.by_centre))
    return [(("residual", group, name), section) for group, sections in groups for name, section in sections.items()]


def _study_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield the ranges of the study that are upside down."""
    if model.study is None:
        return
    for name in ("first_dose_mg_per_kg", "infusions"):
        limits = getattr(model.study, name)
        if limits is not None and limits[0] > limits[1]:
            yield ("study", name), f"{limits}, expected the lower value first."


def _covariates_read(model: ModelFile) -> set[str]:
    """Return every covariate that some part of the model reads."""
    read = {eta.omega2_by.covariate for eta in model.iiv.values() if eta.omega2_by is not None}
    for _, _, _, term in term_sections(model):
        read |= {effect.covariate for effect in term.effects}
        if term.value_by is not None:
            read.add(term.value_by.covariate)
    return read
