"""Where the patient stands in the ninety days, and whether there is a plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, note, reading
from pkpd.units import DAYS_PER_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast


def no_plan(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where nothing is planned although it would still count."""
    case = forecast.case
    if not case.planned and case.now_day < forecast.event_model.window_day[1]:
        last = reading(case.doses[-1].time_day)
        yield check(
            "no_plan",
            f"No infusion is planned: the forecast assumes that none follows that of day {last}. Enter the plan.",
            place="planned",
        )


def no_drug(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where there is no drug in the window of the exposure."""
    if forecast.exposure.map_log_auc == -math.inf:
        start, end = (reading(day) for day in forecast.event_model.window_day)
        consequence = "" if forecast.risk is None else ", and the risk formula gives 100 %"
        yield check(
            "no_drug_in_window",
            f"There is no drug from day {start} to day {end}: the exposure is zero{consequence}. "
            "Check the days of the infusions.",
            place="doses",
        )


def window(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say on which side of the window's end and of the horizon today is, where there is a risk."""
    if forecast.risk is None:
        return
    now, event_model = forecast.case.now_day, forecast.event_model
    end, horizon = event_model.window_day[1], event_model.horizon_day
    if now >= horizon:
        yield check(
            "after_day_90",
            f"Today is day {reading(now)}: the risk is computed until day {reading(horizon)} only. "
            "There is nothing left to forecast.",
            place="now_day",
        )
    elif now >= end:
        yield check(
            "after_week_4",
            f"Today is day {reading(now)}: the exposure that the risk is read from ended on day {reading(end)}. "
            "Doses from now on do not change it.",
            place="now_day",
        )
    else:
        yield note(
            "before_week_4",
            f"{_early_events(forecast)} were not in the study's evaluation: the figures are for patients still at risk "
            "then.",
            place="now_day",
        )


def _early_events(forecast: Forecast) -> str:
    """Return the events before the window's end, with their number where the study reports it."""
    event_model = forecast.event_model
    name = "Colectomies" if event_model.event == "colectomy" else "Events"
    early = f"{name} before week {reading(event_model.window_day[1] / DAYS_PER_WEEK)}"
    for fact in event_model.facts:
        if fact.name == "colectomies_before_week_4" and fact.out_of is not None:
            return f"{early} ({reading(fact.value)} of {reading(fact.out_of)})"
    return early


PLAN_RULES = (no_plan, no_drug, window)
