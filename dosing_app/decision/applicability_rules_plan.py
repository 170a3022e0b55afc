"""Where the patient stands in the ninety days, and whether there is a plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, figure, note
from dosing_app.decision.study_facts import EARLY_EVENTS, counted_fact
from dosing_app.language import message
from pkpd.units import DAYS_PER_WEEK, percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from dosing_app.language import Message


_LEAST_TARGET = 0.01


def no_plan(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where nothing is planned although it would still count."""
    case = forecast.case
    if not case.planned and case.now_day < forecast.event_model.window_day[1]:
        last = figure(case.doses[-1].time_day)
        yield check("no_plan", message("check.no_plan", last=last), place="planned")


def low_target(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of a target so low that a fraction was likely typed where a percentage is asked, or the reverse."""
    target = forecast.case.target.risk_day90
    if forecast.risk is not None and target < _LEAST_TARGET:
        shown, meant = figure(percent_from_fraction(target)), figure(100.0 * percent_from_fraction(target))
        yield check("low_target", message("check.low_target", target=shown, meant=meant), place="target.risk_day90")


def no_drug(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where there is no drug in the window of the exposure."""
    if forecast.exposure.map_log_auc == -math.inf:
        start, end = (figure(day) for day in forecast.event_model.window_day)
        key = "check.no_drug_in_window.no_risk" if forecast.risk is None else "check.no_drug_in_window.risk"
        yield check(
            "no_drug_in_window",
            message(key, start=start, end=end),
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
            message("check.after_day_90", now=figure(now), horizon=figure(horizon)),
            place="now_day",
        )
    elif now >= end:
        yield check(
            "after_week_4",
            message("check.after_week_4", now=figure(now), end=figure(end)),
            place="now_day",
        )
    else:
        yield note("before_week_4", _early_events(forecast), place="now_day")


def _early_events(forecast: Forecast) -> Message:
    """Return what became of events before the window's end, with their number where the study reports it."""
    event_model = forecast.event_model
    is_colectomy, week = event_model.event == "colectomy", figure(event_model.window_day[1] / DAYS_PER_WEEK)
    fact = counted_fact(event_model, EARLY_EVENTS)
    if fact is not None and fact.out_of is not None:
        key = "check.before_week_4.colectomies_counted" if is_colectomy else "check.before_week_4.events_counted"
        return message(key, week=week, events=figure(fact.value), all=figure(fact.out_of))
    return message("check.before_week_4.colectomies" if is_colectomy else "check.before_week_4.events", week=week)


PLAN_RULES = (no_plan, low_target, no_drug, window)
