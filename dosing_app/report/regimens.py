"""The regimens that were compared, within which limits, and what relaxed limits would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.findings.case_words import infusions
from dosing_app.findings.numbers import one_percent, shown, target_percent
from dosing_app.findings.regimens import (
    certainty_note,
    headline,
    kept_infusions,
    middle_risk,
    named_regimens,
    regimen_rows,
    regimen_titles,
    relaxed_text,
)
from dosing_app.findings.table import Table
from dosing_app.findings.warning_words import warning_text
from dosing_app.language import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult
    from dosing_app.decision.view import View
    from dosing_app.findings.regimens import RegimenRow


@dataclass(frozen=True, slots=True)
class Regimens:
    """What is said of the regimen search.

    Parameters
    ----------
    asked : str
        Target and limits.
    headline : str
        What was searched and whether it exists.
    table : Table
        The regimens that are listed for a reason.
    remarks : tuple of str
        What relaxed limits would give, what all regimens keep, and what to know of the search.
    """

    asked: str
    headline: str
    table: Table
    remarks: tuple[str, ...]


def compared_regimens(view: View, search: OptimizeResult) -> Regimens:
    """Return what is said of one search."""
    forecast = view.forecast
    case, regimens, kept = forecast.case, named_regimens(search), kept_infusions(search)
    rows = zip(regimen_rows(forecast, regimens), regimens, strict=True)
    return Regimens(
        asked="; ".join(_asked(case)),
        headline=" ".join(filter(None, (headline(case, search), certainty_note(case, search)))),
        table=Table(_titles(case), tuple(_cells(row, regimen, forecast) for row, regimen in rows), words=1),
        remarks=(
            *(relaxed_text(relaxation, case) for relaxation in search.relaxations),
            *(
                (say("report.kept" if case.planned else "report.kept_label", infusions=infusions(kept)),)
                if kept
                else ()
            ),
            *(warning_text(warning) for warning in search.warnings),
            say("comparison.association"),
        ),
    )


def _asked(case: PatientCase) -> Iterator[str]:
    """Yield target and limits, those that are not set left out."""
    target, limits = case.target, case.limits
    risk = target_percent(target.risk_day90)
    if target.criterion == "plug_in":
        yield say("report.asked_plug_in", target=risk)
    else:
        yield say("report.asked", target=risk, confidence=target_percent(target.confidence))
    yield say(
        "report.limits",
        most=shown(limits.mg_per_kg_max),
        vial=shown(limits.vial_mg),
        step=shown(limits.dose_step_mg),
        gap=shown(limits.gap_day_min),
        number=shown(limits.doses_max_28_day),
    )
    if limits.first_day is not None:
        yield say("report.first_day", day=shown(limits.first_day))
    if limits.days_allowed is not None:
        yield say("report.days", days=", ".join(map(shown, limits.days_allowed)))
    if limits.weekdays_allowed is not None:
        yield say("report.weekdays", days=", ".join(limits.weekdays_allowed))


def _titles(case: PatientCase) -> tuple[str, ...]:
    plug_in = (say("report.column_plug_in"),) if case.target.criterion == "plug_in" else ()
    return (*regimen_titles(case), say("twin.middle"), *plug_in)


def _cells(row: RegimenRow, regimen: ListedRegimen, forecast: Forecast) -> tuple[str, ...]:
    is_plug_in = forecast.case.target.criterion == "plug_in"
    return (
        row.name,
        row.infusions,
        f"{row.drug} mg{row.added}",
        f"{row.highest} mg/kg",
        f"{row.chance} {say('finder.in_100')}",
        row.reached,
        row.risk,
        one_percent(middle_risk(regimen, forecast.event_model)),
        *((one_percent(regimen.risk_day90.plug_in),) if is_plug_in else ()),
    )
