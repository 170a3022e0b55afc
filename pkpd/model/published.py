"""The numbers of a model file as a list for its card: value, unit, precision and place in the source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pkpd.model.sections import term_sections
from pkpd.model.spec import SHAPE_PARAMETERS, PublishedValue
from pkpd.model.validate_random_effects import CENTRE, OCCASION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.model.schema import EffectSection, Estimate, EtaSection, ModelFile, ResidualSection, TermSection


def published_values(content: ModelFile) -> tuple[PublishedValue, ...]:
    """Return every number that the model uses: typical values, effects, random effects, residual error.

    Parameters
    ----------
    content : ModelFile
        Checked content of a model file.

    Returns
    -------
    tuple of PublishedValue
        In the order of the parameters, with unique names.
    """
    values: list[PublishedValue] = []
    for parameter, name, _, section in term_sections(content):
        values.extend(_term_values(name.replace(".", "_"), content.parameters[parameter].unit, section))
    for name, eta in content.iiv.items():
        values.extend(_eta_values(name, eta))
    for prefix, etas in ((OCCASION, content.iov), (CENTRE, content.centre)):
        for name, shared in etas.items():
            value, unit = (shared.omega2, "variance") if shared.cv_pct is None else (shared.cv_pct, "% CV")
            values.append(_value(f"{prefix}{name}", value or 0.0, unit, shared))
    values.extend(_value("corr_" + "_".join(entry.etas), entry.value, "", entry) for entry in content.correlations)
    values.extend(_residual_values(content.residual))
    return tuple(values)


def not_used_values(content: ModelFile) -> tuple[PublishedValue, ...]:
    """Return the numbers of the source that an intravenous forecast does not use, each with the reason as its note."""
    return tuple(
        PublishedValue(name, section.value, section.unit, source=section.source, note=section.note)
        for name, section in content.not_used.items()
    )


def _term_values(prefix: str, unit: str, section: TermSection) -> Iterator[PublishedValue]:
    """Yield a term's typical value, or one for each category, and its effects."""
    if section.value is not None:
        yield _value(prefix, section.value, unit, section)
    if section.value_by is not None:
        for label, value in section.value_by.values.items():
            yield _value(f"{prefix}_{section.value_by.covariate}_{label}", value, unit, section)
    seen: dict[str, int] = {}
    for effect in section.effects:
        name = f"{prefix}_{effect.covariate}"
        seen[name] = seen.get(name, 0) + 1
        yield from _effect_values(name if seen[name] == 1 else f"{name}_{seen[name]}", effect)


def _effect_values(name: str, effect: EffectSection) -> Iterator[PublishedValue]:
    """Yield an effect's coefficient, or one number for each category."""
    if effect.coefficient is not None:
        yield _value(name, effect.coefficient, "", effect)
    for label, value in (effect.values or {}).items():
        yield _value(f"{name}_{label}", value, "", effect)


def _eta_values(name: str, eta: EtaSection) -> Iterator[PublishedValue]:
    """Yield a random effect's size as its source states it."""
    if eta.cv_pct is not None:
        yield _value(f"iiv_{name}", eta.cv_pct, "% CV", eta, eta.shrinkage_pct)
    if eta.omega2 is not None:
        yield _value(f"iiv_{name}", eta.omega2, "variance", eta, eta.shrinkage_pct)
    if eta.omega2_by is not None:
        for label, value in eta.omega2_by.values.items():
            yield _value(f"iiv_{name}_{label}", value, "variance", eta, eta.shrinkage_pct)
    if eta.shape in SHAPE_PARAMETERS:
        own = PublishedValue(
            f"{SHAPE_PARAMETERS[eta.shape]}_{name}", eta.lambda_ or eta.df or 0.0, "", source=eta.source
        )
        yield replace(own, is_fixed=eta.shape_fixed)


def _residual_values(section: ResidualSection) -> Iterator[PublishedValue]:
    """Yield the residual error, general or of each assay or centre."""
    if section.proportional_sd is not None:
        yield PublishedValue(
            "residual_proportional",
            section.proportional_sd,
            "SD, fraction",
            rse_pct=section.proportional_rse_pct,
            bootstrap=tuple(section.proportional_bootstrap or ()),
            is_fixed=section.proportional_fixed,
            source=section.source,
            note=section.note,
        )
    if section.exponent_estimated:
        yield PublishedValue("residual_exponent", section.exponent, "", source=section.source)
    if section.log_sd is not None:
        # A logarithmic error is kept where an additive one is.
        yield PublishedValue(
            "residual_additive",
            section.log_sd,
            "SD of the logarithm",
            is_fixed=section.log_fixed,
            source=section.source,
        )
    if section.additive_sd is not None:
        yield PublishedValue(
            "residual_additive",
            section.additive_sd,
            "SD, mg/L",
            rse_pct=section.additive_rse_pct,
            bootstrap=tuple(section.additive_bootstrap or ()),
            is_fixed=section.additive_fixed,
            source=section.source,
            note=section.note,
        )
    for name, assay in (*section.by_assay.items(), *section.by_centre.items()):
        for kind, value, unit in (
            ("proportional", assay.proportional_sd, "SD, fraction"),
            ("proportional", assay.proportional_variance, "variance, fraction²"),
            ("additive", assay.additive_sd, "SD, mg/L"),
        ):
            if value is not None:
                yield PublishedValue(
                    f"residual_{kind}_{name}",
                    value,
                    unit,
                    rse_pct=assay.rse_pct,
                    bootstrap=tuple(assay.bootstrap or ()),
                    source=assay.source or section.source,
                )


def _value(
    name: str, value: float, unit: str, estimate: Estimate, shrinkage_pct: float | None = None
) -> PublishedValue:
    """Return a published value with what its source says of it."""
    return PublishedValue(
        name,
        value,
        unit,
        rse_pct=estimate.rse_pct,
        shrinkage_pct=shrinkage_pct,
        bootstrap=tuple(estimate.bootstrap or ()),
        is_fixed=estimate.fixed,
        published=estimate.published,
        source=estimate.source,
        note=estimate.note,
    )
