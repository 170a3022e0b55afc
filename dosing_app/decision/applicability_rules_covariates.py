"""Whether the covariates are known, plausible, in the right unit and within what informed the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.case_schema import COVARIATE_NAMES
from dosing_app.decision.case_warning import check, figure, note, quantity
from dosing_app.decision.patient import CRP_BELOW_LIMIT_MG_PER_L, numeric_values
from dosing_app.language import enumerated, message
from pkpd.model.covariate import covariate_floor
from pkpd.model.spec import COVARIATE_CODES, COVARIATE_UNITS
from pkpd.units import g_per_l_from_g_per_dl, mg_per_l_from_mg_per_dl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dosing_app.decision.case_schema import CovariateValues
    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from dosing_app.language import Message, Value

DERIVED: Mapping[str, str] = {
    "bmi_kg_per_m2": "check.covariate_derived.bmi_kg_per_m2",
    "fat_free_mass_kg": "check.covariate_derived.fat_free_mass_kg",
}

# Values outside these are rare enough in acute severe colitis to be looked at, whatever the model reads. The reader of
# cases refuses what cannot be (interfaces: hard limits).
PLAUSIBLE: Mapping[str, tuple[float, float]] = {
    "weight_kg": (35.0, 150.0),
    "crp_mg_per_L": (1.5, 350.0),
    "albumin_g_per_L": (20.0, 55.0),
}

# 5 to 7 is no albumin in g/L that anybody survives, but a usual one in g/dL (the reader refuses less than 5).
ALBUMIN_IN_G_PER_DL_MAX = 7.0
# CRP in mg/dL is 10 times smaller. Below 2 mg/L hardly anybody has acute severe colitis; up to 5, the upper limit of
# normal, it takes a low albumin, which goes with inflammation, to say that the two disagree.
CRP_IN_MG_PER_DL_MAX = 2.0
CRP_NORMAL_MAX = 5.0
ALBUMIN_LOW = 30.0


def not_entered(forecast: Forecast) -> Iterator[CaseWarning]:
    """Name what was assumed or computed because it was not entered."""
    model, resolved = forecast.model, forecast.covariates
    for name in resolved.imputed:
        yield check(
            "covariate_imputed",
            message(
                "check.covariate_imputed", covariate=covariate_name(name), value=_shown(name, resolved.values[name])
            ),
            place=_place("covariates", name),
        )
    for name in resolved.derived:
        value, (low, high) = resolved.values[name], model.covariates[name].soft_range
        yield note(
            "covariate_derived",
            message(DERIVED[name], value=quantity(value, _unit(name), low, high)),
            place=_place("covariates", name),
        )


def below_limit(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say what a CRP below its assay's limit is taken for."""
    limit = forecast.case.covariates.crp_below_mg_per_L
    if limit is not None:
        taken = figure(min(limit, CRP_BELOW_LIMIT_MG_PER_L))
        yield check(
            "crp_below_limit",
            message("check.crp_below_limit", limit=figure(limit), taken=taken),
            place="covariates.crp_below_mg_per_L",
        )


def outside_model(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of covariates that the model reads beyond what informed it, at the start and over time."""
    for place, name, value in _beyond_model(forecast):
        yield _outside(forecast, place, name, value)


def unusual(forecast: Forecast) -> Iterator[CaseWarning]:
    """Ask about values that look like another unit, and about rare ones that no other rule speaks of."""
    told = {(place, name) for place, name, _ in _beyond_model(forecast)}
    for place, covariates in _records(forecast):
        for name, value in _given(covariates):
            suspected = _other_unit(name, covariates)
            low, high = PLAUSIBLE.get(name, (value, value))
            if suspected is not None:
                meant, converted = suspected
                yield check(
                    "unit_suspected",
                    message("check.unit_suspected", given=_named(name, value), meant=meant, converted=converted),
                    place=_place(place, name),
                )
            elif not low <= value <= high and (place, name) not in told:
                yield check(
                    "covariate_unusual",
                    message(
                        "check.covariate_unusual",
                        given=_named(name, value, low, high),
                        low=figure(low),
                        high=figure(high),
                    ),
                    place=_place(place, name),
                )


def antibodies(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of antibodies, and where nobody knows of any."""
    rows = (forecast.case.covariates, *forecast.case.covariates_over_time)
    if any(row.ada_positive for row in rows):
        yield check(
            "antibodies_positive",
            message("check.antibodies_positive"),
            place="covariates.ada_positive",
        )
    elif all(row.ada_positive is None and row.ada_ng_per_mL is None for row in rows):
        yield note(
            "antibodies_unknown",
            message("check.antibodies_unknown"),
            place="covariates.ada_positive",
        )


def not_used(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say where a value of the laboratory changes no figure."""
    for name in ("crp_mg_per_L", "albumin_g_per_L"):
        value = getattr(forecast.case.covariates, name)
        if value is not None and name not in forecast.model.covariates:
            yield note(
                "covariate_not_used",
                message("check.covariate_not_used", given=_named(name, value), model=forecast.model.id),
                place=_place("covariates", name),
            )


def after_start(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say what becomes of values measured after the start of rescue therapy."""
    domains = forecast.model.covariates
    for row, later in enumerate(forecast.case.covariates_over_time):
        if later.time_day <= 0.0:
            continue
        read = [covariate_name(name) for name, _ in _given(later) if name in domains and domains[name].time_varying]
        day, model = figure(later.time_day), forecast.model.id
        yield note(
            "covariate_after_start",
            message("check.covariate_after_start.read", covariates=enumerated(read), day=day)
            if read
            else message("check.covariate_after_start.not_read", day=day, model=model),
            place=f"covariates_over_time[{row}]",
        )


def _records(forecast: Forecast) -> Iterator[tuple[str, CovariateValues]]:
    """Yield place and covariates of each record, those of the start first."""
    yield "covariates", forecast.case.covariates
    for row, later in enumerate(forecast.case.covariates_over_time):
        yield f"covariates_over_time[{row}]", later


def _beyond_model(forecast: Forecast) -> Iterator[tuple[str, str, float]]:
    """Yield place, name and value of each covariate beyond what informed the model."""
    for name, value, _, _ in forecast.covariates.outside:
        yield "covariates", name, value
    for row, later in enumerate(forecast.case.covariates_over_time):
        for name, value in _given(later):
            domain = forecast.model.covariates.get(name)
            if domain is not None and domain.time_varying:
                low, high = domain.soft_range
                if not low <= value <= high:
                    yield f"covariates_over_time[{row}]", name, value


def _outside(forecast: Forecast, place: str, name: str, value: float) -> CaseWarning:
    """Return the warning of a value beyond what informed the model, or below where its formula ends."""
    floor = covariate_floor(forecast.model, name)
    low, high = forecast.model.covariates[name].soft_range
    given = _named(name, value, low, high)
    if value < floor:
        return check(
            "covariate_floored",
            message("check.covariate_floored", given=given, floor=_shown(name, floor)),
            place=_place(place, name),
        )
    return check(
        "covariate_outside",
        message("check.covariate_outside", given=given, low=figure(low), high=figure(high), unit=_unit(name)),
        place=_place(place, name),
    )


def _other_unit(name: str, covariates: CovariateValues) -> tuple[Message, Message] | None:
    """Return a value as if typed in the American unit, and that converted, or None where it looks right."""
    crp, albumin = covariates.crp_mg_per_L, covariates.albumin_g_per_L
    if name == "albumin_g_per_L" and albumin is not None and albumin <= ALBUMIN_IN_G_PER_DL_MAX:
        return quantity(albumin, "g/dL"), quantity(g_per_l_from_g_per_dl(albumin), "g/L")
    if name == "crp_mg_per_L" and crp is not None:
        disagrees = albumin is not None and ALBUMIN_IN_G_PER_DL_MAX < albumin < ALBUMIN_LOW
        if crp < (CRP_NORMAL_MAX if disagrees else CRP_IN_MG_PER_DL_MAX):
            return quantity(crp, "mg/dL"), quantity(mg_per_l_from_mg_per_dl(crp), "mg/L")
    return None


def _given(covariates: CovariateValues) -> Iterator[tuple[str, float]]:
    """Yield name and numeric value of what was entered."""
    values = numeric_values(covariates)
    for name in COVARIATE_NAMES:
        value = values[name]
        if value is not None:
            yield name, value


def _place(where: str, name: str) -> str:
    return f"{where}.{name}"


def covariate_name(name: str) -> Message:
    """Return what a covariate is called at the start of a sentence."""
    return message(f"covariate.{name}")


def _named(name: str, value: float, *limits: float) -> Message:
    """Return a covariate with its value, told apart from limits."""
    return message("check.covariate", covariate=covariate_name(name), value=_shown(name, value, *limits))


def _unit(name: str) -> str:
    return COVARIATE_UNITS.get(name, "").replace("m2", "m²")


def _shown(name: str, value: float, *limits: float) -> Value:
    """Return a value with its unit, or the word for its code."""
    for label, code in COVARIATE_CODES.get(name, {}).items():
        if value == code:
            return label if label.isdigit() else message(f"covariate_value.{label}")
    return quantity(value, _unit(name), *limits)


COVARIATE_RULES = (not_entered, below_limit, outside_model, unusual, antibodies, not_used, after_start)
