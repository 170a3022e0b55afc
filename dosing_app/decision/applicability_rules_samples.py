"""Whether the samples are there, expected, and drawn when they can be used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.applicability_rules_covariates import LABELS
from dosing_app.decision.case_warning import check, day_count, note, reading, reading_apart
from dosing_app.decision.reference_plan import TOLERANCE
from pkpd.model.residual import residual_sd_parameters
from pkpd.model.spec import Structure
from pkpd.units import days_from_hours, percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import CaseSample
    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from pkpd.model.spec import ModelSpec

# One compartment predicts peaks about three times too low, so that samples soon after an infusion mislead it.
EARLY_DAY = 3.0
# The drug is still mixing, or the sample was drawn from the infusion line.
MIXING_HOUR = 1.0
# Percentiles of what was expected before any sample: outside the wide ones, an error is likelier than the patient.
WIDE, NARROW = (1.0, 99.0), (5.0, 95.0)
_LONGEST_REASON = 50


def none_in_time(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the method of the study does not apply for want of a sample."""
    used = _used(forecast)
    latest = forecast.model.study.first_sample_day_max if forecast.model.study else None
    if not used:
        told = [LABELS.get(name, name) for name in forecast.model.covariates if name not in forecast.covariates.imputed]
        basis = f"{_in_sentence(told)} alone" if 0 < len(told) <= 2 else "the covariates alone"
        needs = "" if latest is None else ", and the study's method does not apply"
        yield check(
            "no_sample",
            f"No sample in use: the interval rests on {basis}{needs}. A level just before the next dose narrows it.",
            place="samples",
        )
        return
    row, first = used[0]
    if latest is not None and first.time_day > latest + TOLERANCE:
        yield check(
            "no_sample_in_first_two_weeks",
            f"The first sample in use is of day {reading_apart(first.time_day, latest)}: the study's method needs one "
            f"by day {reading(latest)}. Enter it if there is one.",
            place=f"samples[{row}]",
        )


def unexpected(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of levels that hardly any patient with these covariates and doses would have."""
    for (row, sample), predicted in zip(_used(forecast), forecast.samples, strict=True):
        percentile = percentile_among_positive(predicted.a_priori_percentile, forecast.model, sample.assay)
        side = _tail(sample, percentile, NARROW)
        if not side:
            continue
        percent = percentile if side == "low" else percent_from_fraction(1.0) - percentile
        share = f"{percent:.0f} of 100" if percent >= WIDE[0] else "fewer than 1 of 100"
        what = f"{_name(sample)}: so {side} a level was expected in {share} patients."
        if _tail(sample, percentile, WIDE):
            text = f"{what} Check draw time, unit, assay and dose records."
            yield check("sample_unexpected", text, place=f"samples[{row}]")
        else:
            yield note("sample_unusual", f"{what} Check its draw time.", place=f"samples[{row}]")


def drawn_early(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of samples during or soon after an infusion."""
    is_one_compartment = forecast.model.structure is Structure.ONE_COMPARTMENT
    for row, sample in _used(forecast):
        # A sample at the very start of an infusion is taken as drawn before it.
        before = [dose for dose in forecast.case.doses if dose.time_day < sample.time_day - TOLERANCE]
        if not before:
            continue
        since_end = min(sample.time_day - dose.time_day - days_from_hours(dose.duration_hour) for dose in before)
        since_start = sample.time_day - before[-1].time_day
        place = f"samples[{row}]"
        if since_end < days_from_hours(MIXING_HOUR) - TOLERANCE:
            when = "during an infusion" if since_end < -TOLERANCE else f"within {MIXING_HOUR:g} hour after an infusion"
            yield check(
                "sample_near_infusion",
                f"{_name(sample)} was drawn {when}: such levels are unreliable. Check the time, or leave it out.",
                place=place,
            )
        elif since_start < EARLY_DAY - TOLERANCE:
            early = f"{_name(sample)} was drawn {day_count(since_start, EARLY_DAY)} after an infusion"
            yield (
                check(
                    "sample_soon_after_infusion",
                    f"{early}: this model describes the first {day_count(EARLY_DAY)} poorly. It counts; consider leaving "
                    "it out.",
                    place=place,
                )
                if is_one_compartment
                else note(
                    "sample_soon_after_infusion",
                    f"{early} and says little of clearance. A level just before the next dose tells more.",
                    place=place,
                )
            )


def above_limit(forecast: Forecast) -> Iterator[CaseWarning]:
    """Ask for a dilution where a level is only known to be above a limit."""
    for row, sample in _used(forecast):
        if sample.censored == "above" and sample.uloq_mg_per_L is not None:
            yield note(
                "sample_above_limit",
                f"{_name(sample)} is above the assay's limit of {reading(sample.uloq_mg_per_L)} mg/L. Ask the "
                "laboratory to dilute it: an exact value may narrow the interval.",
                place=f"samples[{row}]",
            )


def late(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say where a sample is later than those that the study asked for."""
    latest = forecast.model.study.sample_day_max if forecast.model.study else None
    if latest is None:
        return
    for row, sample in _used(forecast):
        if sample.time_day > latest + TOLERANCE:
            yield note(
                "sample_late",
                f"Sample of day {reading_apart(sample.time_day, latest)} is later than the first {reading(latest)} "
                "days, in which the study asked for samples. Clearance may have changed since.",
                place=f"samples[{row}]",
            )


def excluded(forecast: Forecast) -> Iterator[CaseWarning]:
    """List the samples that are not used."""
    for row, sample in enumerate(forecast.case.samples):
        if sample.exclude is not None:
            printable = "".join(letter if letter.isprintable() else " " for letter in sample.exclude)
            reason = " ".join(printable.split())
            short = reason if len(reason) <= _LONGEST_REASON else f"{reason[: _LONGEST_REASON - 1]}…"
            yield note(
                "sample_excluded",
                f"Sample of day {reading(sample.time_day)} is left out: “{short}”.",
                place=f"samples[{row}]",
            )


def _used(forecast: Forecast) -> list[tuple[int, CaseSample]]:
    """Return row and sample of those that are not excluded."""
    return [(row, sample) for row, sample in enumerate(forecast.case.samples) if sample.exclude is None]


def _name(sample: CaseSample) -> str:
    return f"Sample of day {reading(sample.time_day)}"


def percentile_among_positive(percentile: float, model: ModelSpec, assay: str | None) -> float:
    """Return a percentile among the measurements above zero [%].

    A normal error that grows with the prediction gives a share of negative measurements, at least that of the
    proportional part alone (1.2 % where that is 44 %). Nobody reports them, and counted as low ones they would make
    every low level look expected.

    Parameters
    ----------
    percentile : float
        Percent of all measurements below a level.
    model, assay : ModelSpec, str or None
        Whose residual error is meant.
    """
    _, proportional = residual_sd_parameters(model, assay)
    negative = 0.5 * math.erfc(math.sqrt(0.5) / proportional) if proportional > 0.0 else 0.0
    return max((percentile - percent_from_fraction(negative)) / (1.0 - negative), 0.0)


def _tail(sample: CaseSample, percentile: float, limits: tuple[float, float]) -> str:
    """Return on which side of what was expected a level lies: "low", "high" or nothing.

    The percentile of a censored sample is that of its limit: below a limit that nearly everybody is below is as
    expected, so that it can only be unexpected on its own side.
    """
    low, high = limits
    if percentile < low and sample.censored != "above":
        return "low"
    return "high" if percentile > high and sample.censored != "below" else ""


def _in_sentence(labels: list[str]) -> str:
    return " and ".join(label if label.isupper() else label[0].lower() + label[1:] for label in labels)


SAMPLE_RULES = (none_in_time, unexpected, drawn_early, above_limit, late, excluded)
