"""What follows from a row and is shown beside what was typed: its date or day, mg or mg/kg, status, percentile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.level_text import TextFault, read_quantity
from dosing_app.decision.time_text import day_of, moment_text, read_moment
from dosing_app.findings.numbers import number_text
from dosing_app.language import Message
from dosing_app.language.speaking import spoken_number
from dosing_app.ui.fields import BY_NAME, DAYS, MG_PER_KG, MILLIGRAMS
from dosing_app.ui.reading import settled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dosing_app.decision.view import View
    from dosing_app.ui.state import Row, Screen

Cells = dict[str, dict[str, str]]
"""Texts of cells by row and column."""

_DAY_DECIMALS = 4  # a minute is 0.0007 days
_MG_DECIMALS = 1


def following(screen: Screen, start: datetime | None, view: View | None) -> dict[str, Cells]:
    """Return what follows from the rows of both grids.

    Parameters
    ----------
    screen : Screen
        What was typed.
    start : datetime or None
        Moment of the first infusion; without it no day has a date.
    view : View or None
        What was computed of the screen; without it no sample has a percentile.
    """
    weight = read_quantity(screen.fields.get("weight_kg") or "", BY_NAME["weight_kg"].units)
    weight_kg = None if isinstance(weight, TextFault) else weight
    return {
        "doses": {
            row["id"]: _when(row, start) | _how_much(row, weight_kg) | {"status": row["status"]}
            for row in settled(screen).doses
        },
        "samples": {row["id"]: _when(row, start) | _percentile(row, screen.samples, view) for row in screen.samples},
    }


def _when(row: Row, start: datetime | None) -> dict[str, str]:
    """Return the date of a day that was typed, or the day of a date."""
    day, date = (row.get("day") or "").strip(), (row.get("date") or "").strip()
    if start is None:
        return {}
    number = read_quantity(day, DAYS)
    if not isinstance(number, TextFault):
        return {"date": moment_text(number, start)}
    moment = read_moment(day or date, clock=start.time())
    return {} if isinstance(moment, Message) else {"day": number_text(round(day_of(moment, start), _DAY_DECIMALS))}


def _how_much(row: Row, weight_kg: float | None) -> dict[str, str]:
    """Return the mg/kg of an amount, or the mg of what was typed for each kilogram."""
    if not weight_kg:
        return {}
    if (row.get("mg") or "").strip() and (row.get("per_kg") or "").strip():
        return {}
    amount = read_quantity(row.get("mg") or "", MILLIGRAMS)
    if not isinstance(amount, TextFault):
        return {"per_kg": spoken_number(f"{amount / weight_kg:.{_MG_DECIMALS}f}")}
    per_kg = read_quantity(row.get("per_kg") or "", MG_PER_KG)
    return {} if isinstance(per_kg, TextFault) else {"mg": number_text(round(per_kg * weight_kg, _MG_DECIMALS))}


def _percentile(row: Row, rows: Sequence[Row], view: View | None) -> dict[str, str]:
    """Return where a level lies among those expected before any sample, for the sample of the same time and place."""
    if view is None:
        return {}
    used = [sample for sample in view.forecast.case.samples if sample.exclude is None]
    by_time = {sample.time_day: one for sample, one in zip(used, view.forecast.samples, strict=True)}
    day = read_quantity(row.get("day") or "", DAYS)
    if isinstance(day, TextFault) or day not in by_time or (row.get("exclude") or "").strip():
        return {}
    if sum(read_quantity(other.get("day") or "", DAYS) == day for other in rows) > 1:
        return {}  # two assays at one time: the table of the report tells them apart
    return {"percentile": f"{by_time[day].a_priori_percentile:.0f}"}
