"""Reports of cases, at one moment and with one version of the software."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dosing_app.decision.patient import read_case
from dosing_app.language import speaking
from dosing_app.report.content import report_content
from tests.dosing_app.findings.computed_cases import computed, computed_of

if TYPE_CHECKING:
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.decision.sensitivity import ModelAverage
    from dosing_app.decision.view import View
    from dosing_app.report.content import ReportContent

COMPUTED_AT = datetime(2026, 11, 20, 14, 5, tzinfo=timezone(timedelta(hours=1)))
SOFTWARE = "1.2.3"
UNEXPLAINED: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
    "doses": [{"time_day": 0, "amount_mg": 1e-200}],
    "planned": [{"time_day": 14, "amount_mg": 600}],
    "samples": [{"time_day": 6, "concentration_mg_per_L": 3000}],
}
UNCALIBRATED: dict[str, Any] = {
    "schema": "asuc-case/1",
    "model": "fasanmade_2009",
    "covariates": {"weight_kg": 63, "albumin_g_per_L": 30, "sex": "male", "ada_positive": True},
    "doses": [{"time_day": 0, "amount_mg": 300}],
    "samples": [{"time_day": 6, "concentration_mg_per_L": 12}],
}
BARE: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"crp_below_mg_per_L": 3, "height_cm": 170, "mayo": 2, "diagnosis": "UC"},
    "doses": [{"time_day": 0, "amount_mg": 300}],
    "target": {"criterion": "plug_in"},
    "limits": {"days_allowed": [14, 15.5], "first_day": 9, "weekdays_allowed": ["Mon"], "reference": "none"},
    "start_date": "2026-01-05",
    "start_time": "08:30",
}


def example_report(name: str, language: str = "en") -> ReportContent:
    """Return the report of an example."""
    return _content(*computed(name), language)


def report_of(tree: dict[str, Any], language: str = "en") -> ReportContent:
    """Return the report of a case given as JSON."""
    return _content(*computed_of(read_case(tree)), language)


def _content(view: View, search: OptimizeResult | None, average: ModelAverage, language: str) -> ReportContent:
    with speaking(language):
        return report_content(view, search=search, average=average, computed_at=COMPUTED_AT, software=SOFTWARE)
