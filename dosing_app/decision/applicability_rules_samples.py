"""Whether the samples are there, expected, and drawn when they can be used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, day_count, figure, note
from dosing_app.decision.reference_plan import TOLERANCE
from dosing_app.language import Figure, enumerated, message
from pkpd.model.residual import residual_sd_parameters
from pkpd.model.spec import Structure
from pkpd.units import days_from_hours, percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import CaseSample
    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from dosing_app.language import Message
    from pkpd.model.spec import ModelSpec

# One compartment predicts peaks about three times too low, so that samples soon after an infusion mislead it.
EARLY_DAY = 3.0
# The drug is still mixing, or the sample was drawn from the infusion line.
MIXING_HOUR = 1.0
# Percentiles of what was expected before any sample: outside the wide ones, an error is likelier than the patient.
WIDE, NARROW = (1.0, 99.0), (5.0, 95.0)
# ln of a later level is this many standard deviations of residual error above that of an earlier one.
CONTRADICTING_SD = 3.0
_LONGEST_REASON = 50
_FEW = 2  # covariates that a sentence names


def none_in_time(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the method of the study does not apply for want of a sample."""
    used = _used(forecast)
    latest = forecast.model.study.first_sample_day_max if forecast.model.study else None
    if not used:
        yield check("no_sample", _no_sample(forecast, has_method=latest is not None), place="samples")
        return
    row, first = used[0]
    if latest is not None and first.time_day > latest + TOLERANCE:
        yield check(
            "no_sample_in_first_two_weeks",
            message("check.no_sample_in_first_two_weeks", day=figure(first.time_day, latest), latest=figure(latest)),
            place=f"samples[{row}]",
        )


def unexpected(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of levels that hardly any patient with these covariates and doses would have."""
    for (row, sample), predicted in zip(_used(forecast), forecast.samples, strict=True):
        percentile = percentile_among_positive(predicted.a_priori_percentile, forecast.model, sample.assay)
        side = _tail(sample, percentile, NARROW)
        if not side:
            continue
        day = figure(sample.time_day)
        if _tail(sample, percentile, WIDE):
            key = "check.sample_unexpected.low" if side == "low" else "check.sample_unexpected.high"
            yield check("sample_unexpected", message(key, day=day), place=f"samples[{row}]")
        else:
            key = "check.sample_unusual.low" if side == "low" else "check.sample_unusual.high"
            percent = percentile if side == "low" else percent_from_fraction(1.0) - percentile
            said = message(key, day=day, percent=Figure(f"{percent:.0f}"))
            yield note("sample_unusual", said, place=f"samples[{row}]")


def contradictory(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of a level clearly above an earlier one with no infusion in between, which no course explains.

    One that is known only beyond a limit counts as that limit, on the side where it can contradict. Each later sample is
    named once, beside the earlier one that it is farthest above.
    """
    used = _used(forecast)
    for place, (row, later) in enumerate(used):
        above = [
            (excess, earlier)
            for _, earlier in used[:place]
            if not _infused_between(forecast, earlier, later)
            and (excess := _excess(earlier, later, forecast.model)) > CONTRADICTING_SD
        ]
        if above:
            _, earlier = max(above, key=lambda one: one[0])
            said = message(
                "check.samples_contradict",
                earlier=figure(earlier.time_day, later.time_day),
                later=figure(later.time_day, earlier.time_day),
            )
            yield check("samples_contradict", said, place=f"samples[{row}]")


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
        day, place = figure(sample.time_day), f"samples[{row}]"
        if since_end < days_from_hours(MIXING_HOUR) - TOLERANCE:
            yield check(
                "sample_near_infusion",
                message("check.sample_near_infusion.during", day=day)
                if since_end < -TOLERANCE
                else message("check.sample_near_infusion.after", day=day, hours=Figure(f"{MIXING_HOUR:g}")),
                place=place,
            )
        elif since_start < EARLY_DAY - TOLERANCE:
            since = day_count(since_start, EARLY_DAY)
            poorly = day_count(EARLY_DAY)
            yield (
                check(
                    "sample_soon_after_infusion",
                    message("check.sample_soon_after_infusion.one_compartment", day=day, since=since, poorly=poorly),
                    place=place,
                )
                if is_one_compartment
                else note(
                    "sample_soon_after_infusion",
                    message("check.sample_soon_after_infusion.two_compartments", day=day, since=since),
                    place=place,
                )
            )


def above_limit(forecast: Forecast) -> Iterator[CaseWarning]:
    """Ask for a dilution where a level is only known to be above a limit."""
    for row, sample in _used(forecast):
        if sample.censored == "above" and sample.uloq_mg_per_L is not None:
            yield note(
                "sample_above_limit",
                message("check.sample_above_limit", day=figure(sample.time_day), limit=figure(sample.uloq_mg_per_L)),
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
                message("check.sample_late", day=figure(sample.time_day, latest), latest=figure(latest)),
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
                message("check.sample_excluded", day=figure(sample.time_day), reason=short),
                place=f"samples[{row}]",
            )


def _used(forecast: Forecast) -> list[tuple[int, CaseSample]]:
    """Return row and sample of those that are not excluded."""
    return [(row, sample) for row, sample in enumerate(forecast.case.samples) if sample.exclude is None]


def _no_sample(forecast: Forecast, *, has_method: bool) -> Message:
    """Return what a forecast without a sample rests on, and that the study's method does not apply."""
    told = [name for name in forecast.model.covariates if name not in forecast.covariates.imputed]
    if not 0 < len(told) <= _FEW:
        return message("check.no_sample.covariates_no_method" if has_method else "check.no_sample.covariates")
    names = enumerated([message(f"covariate_in_text.{name}") for name in told])
    return message("check.no_sample.named_no_method" if has_method else "check.no_sample.named", covariates=names)


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


def _excess(earlier: CaseSample, later: CaseSample, model: ModelSpec) -> float:
    """Return by how many standard deviations of residual error ln of a later level lies above that of an earlier one.

    -inf where nothing says that it does: the earlier one is only known to lie above its limit, the later one below.
    """
    highest = earlier.lloq_mg_per_L if earlier.censored == "below" else earlier.concentration_mg_per_L
    lowest = later.uloq_mg_per_L if later.censored == "above" else later.concentration_mg_per_L
    if highest is None or lowest is None or lowest <= highest:
        return -math.inf
    sd = math.hypot(_log_sd(highest, model, earlier.assay), _log_sd(lowest, model, later.assay))
    return math.log(lowest / highest) / sd if sd > 0.0 else math.inf


def _log_sd(level: float, model: ModelSpec, assay: str | None) -> float:
    """Return the standard deviation of ln of a level, to first order."""
    additive, proportional = residual_sd_parameters(model, assay)
    return math.hypot(additive / level, proportional)


def _infused_between(forecast: Forecast, earlier: CaseSample, later: CaseSample) -> bool:
    """Return whether drug came in after one sample and before another, or they are of one time."""
    start, end = earlier.time_day + TOLERANCE, later.time_day - TOLERANCE
    return start >= end or any(
        dose.time_day < end and dose.time_day + days_from_hours(dose.duration_hour) > start
        for dose in forecast.case.doses
    )


SAMPLE_RULES = (none_in_time, unexpected, contradictory, drawn_early, above_limit, late, excluded)
