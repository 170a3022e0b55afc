"""What the numbers of a validation allow to be said, and what not, in plain sentences."""

from __future__ import annotations

from enum import Enum
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from asuc.validation.report_table import figure
from tte.evaluation.calibration import SlopeStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asuc.validation.study import PopulationFinding
    from pkpd.diagnostics.prediction_errors import Measured
    from tte import EventModel
    from tte.evaluation.risk_evaluation import RiskEvaluation

ENOUGH_EVENTS = 100
"""Least events, and subjects without, of a validation: Vergouwe 2005, doi:10.1016/j.jclinepi.2004.06.017. Collins 2016, doi:10.1002/sim.6787, asks
for as many events at least, and for 200 ideally."""
_LEVEL = 0.05
_WIDE_SLOPE = 1.0


class Recalibration(Enum):
    """Whether recalibration is indicated; the value is the sentence the user reads."""

    SLOPE = (
        "Recalibration is indicated: the slope departs from 1, or slope and intercept together from a calibrated model, by more than chance. Both "
        "would be estimated."
    )
    INTERCEPT = "Recalibration of the intercept is indicated: events differ from those expected by more than chance, while the slope is compatible with 1."
    NOT_SHOWN = (
        "Recalibration is not indicated by these patients: what departs from a calibrated model is within chance."
    )
    UNKNOWN = "Whether recalibration is indicated cannot be said: calibration could not be estimated here."


class Advice(NamedTuple):
    """Whether to recalibrate, and what else to know of that."""

    kind: Recalibration
    more: str


def advice(found: RiskEvaluation) -> Advice:
    """Return whether recalibration is indicated by the calibration of a population."""
    large, slope = found.in_the_large, found.slope
    if isinstance(large, str) or isinstance(slope, str) or not found.n_events:
        return Advice(Recalibration.UNKNOWN, "There is no event to calibrate with." if not found.n_events else "")
    if slope.status in (SlopeStatus.UNBOUNDED, SlopeStatus.INDETERMINATE):
        return Advice(Recalibration.UNKNOWN, slope.status.value)
    if _excludes(slope.slope, 1.0) or (slope.p < _LEVEL and not _excludes(large.ratio, 1.0)):
        return Advice(Recalibration.SLOPE, _command("slope"))
    if _excludes(large.ratio, 1.0):
        return Advice(Recalibration.INTERCEPT, _command("intercept"))
    low, high = large.ratio.low, large.ratio.high
    return Advice(
        Recalibration.NOT_SHOWN,
        f"That is not proof of calibration: events could be {figure(low, 2)} to {figure(high, 2)} times those expected.",
    )


def _command(method: str) -> str:
    return (
        f"`asuc tte recalibrate exposure/events_with_exposure.csv --method {method}` does it, with the file of this folder; these patients are then no "
        "validation of the result any more."
    )


def limits(findings: tuple[PopulationFinding, ...], model: EventModel) -> Iterator[str]:
    """Yield what the numbers do not allow to be said, by population."""
    for one in findings:
        yield from _of_population(one)
        if one.population.key == "all":
            yield from _early(one, model)
    yield (
        "Percentile intervals come from drawing patients with replacement; they hold each patient's exposure and the models at their estimates, so "
        "that they are too narrow where levels are few."
    )
    yield from (f"Of the event model itself: {caveat}" for caveat in model.caveats)


def _of_population(one: PopulationFinding) -> Iterator[str]:
    found, who = one.risk, one.population.words
    who = who[0].upper() + who[1:]
    n_free = found.marker.counts.n - found.marker.counts.n_events
    n = found.n_events
    counted = f"{n} event{'' if n == 1 else 's'} by day {found.horizon_day:g} and {n_free} known to be free of it then"
    if n < ENOUGH_EVENTS or n_free < ENOUGH_EVENTS:
        yield (
            f"{who}: {counted}. External validations are usually asked for at least {ENOUGH_EVENTS} of each (Vergouwe 2005), and ideally for 200 events (Collins 2016): "
            "what follows is an indication, not a verdict."
        )
    else:
        yield f"{who}: {counted}."
    yield from filter(None, (_of_large(found), _of_slope(found), _of_area(found)))
    if found.marker.counts.n_unknown:
        yield (
            f"{found.marker.counts.n_unknown} were last seen before day {found.horizon_day:g}: weights, Kaplan–Meier curves and hazards take censoring "
            "as unrelated to the risk; the plain AUROC and two-by-two tables leave them out."
        )


def _early(one: PopulationFinding, model: EventModel) -> Iterator[str]:
    times, end = one.population.times, model.window_day[1]
    n = int((times.event & (times.time_day <= end)).sum())
    if n:
        yield (
            f"{n} of these events came by day {end:g}, before the window of the exposure was over: that exposure rests on doses that were planned or stopped "
            "with the event, and may follow from the event instead of leading to it. The landmark has no such patients."
        )


def _of_large(found: RiskEvaluation) -> str:
    large = found.in_the_large
    if isinstance(large, str):
        return large
    ratio = large.ratio
    return f"With {_events(found)} the interval of observed over expected is {_ends(ratio)}: " + (
        "more events than predicted."
        if ratio.low > 1.0
        else "fewer events than predicted."
        if ratio.high < 1.0
        else "it holds 1, and leaves open whether events are fewer or more than predicted."
    )


def _of_slope(found: RiskEvaluation) -> str:
    slope = found.slope
    if isinstance(slope, str):
        return slope
    if isnan(slope.slope.value):
        return slope.status.value
    ends = slope.slope
    said = f"With {_events(found)} the interval of the calibration slope is {_ends(ends)}"
    if ends.high - ends.low > _WIDE_SLOPE:
        return f"{said}; this says little about whether predictions are too extreme or too timid."
    if ends.high < 1.0:
        return f"{said}: predictions are too extreme."
    return f"{said}: predictions are too timid." if ends.low > 1.0 else f"{said}, and holds 1."


def _of_area(found: RiskEvaluation) -> str:
    area = found.marker.auroc
    if area is None or isnan(area.area.low):
        return ""
    if area.area.low > 0.5:
        return ""
    return f"The interval of the AUROC, {_ends(area.area)}, does not exclude a prediction that says nothing (0.5)."


def _events(found: RiskEvaluation) -> str:
    return f"{found.n_events} event{'' if found.n_events == 1 else 's'}"


def _ends(one: Measured) -> str:
    return f"{figure(one.low, 2)} to {figure(one.high, 2)}"


def _excludes(one: Measured, value: float) -> bool:
    return one.low > value or one.high < value
