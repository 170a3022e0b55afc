"""The list of checks: what is wrong on the screen, then what to know about the case, each leading to its input."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dosing_app.language import say, spoken
from dosing_app.ui.elements import Component, html
from dosing_app.ui.fields import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.ui.reading import Fault

_SHOWN_OF_A_KIND = 3
# Shape and word carry the meaning, never the colour alone.
_SHAPES = {"error": "■", "check": "▲", "note": "○"}
_ROW = re.compile(r"(doses|planned|samples)\[(\d+)\]")
_BELOW = {one.below: one.name for one in BY_NAME.values() if one.below}


@dataclass(frozen=True, slots=True)
class Target:
    """The input that a sentence is about.

    Parameters
    ----------
    grid, row : str
        A grid and the id of its row; nothing where it is a field.
    field : str
        Name of the field; nothing where it is a row.
    """

    grid: str = ""
    row: str = ""
    field: str = ""


def checks_list(
    faults: Sequence[Fault],
    warnings: Sequence[CaseWarning],
    *,
    is_stale: bool,
    row_ids: Mapping[str, Sequence[str]] | None = None,
) -> list[Any]:
    """Return every fault and every warning, one sentence each.

    Parameters
    ----------
    faults : sequence of Fault
        What is not valid on the screen.
    warnings : sequence of CaseWarning
        Warnings about the last valid case.
    is_stale : bool
        Whether the results are those of an earlier entry.
    row_ids : mapping of str to sequence of str, optional
        Ids of the screen's rows by the lists of the case, so that a sentence leads to its row.
    """
    items = [_item("error", fault.sentence, _target_of_fault(fault)) for fault in faults]
    if is_stale:
        items.append(_item("error", say("checks.stale"), None))
    number = html.Span(f" {len(items) + len(warnings)}", className="unit") if items or warnings else ""
    items += _grouped(warnings, row_ids or {})
    body = html.Ul(items) if items else html.P(say("checks.none"), className="note")
    return [html.H2([say("checks.title"), number]), body]


def fault_sentences(faults: Sequence[Fault]) -> list[Any]:
    """Return the sentences that stand under a grid."""
    return [html.P(fault.sentence, className="fault") for fault in faults]


def target_of(place: str, row_ids: Mapping[str, Sequence[str]]) -> Target | None:
    """Return the input that a place of a case stands for, or None where no single one does."""
    at_row = _ROW.match(place)
    if at_row:
        rows = row_ids.get(at_row[1], ())
        grid = "samples" if at_row[1] == "samples" else "doses"
        return Target(grid=grid, row=rows[int(at_row[2])]) if int(at_row[2]) < len(rows) else None
    name = place.rsplit(".", 1)[-1]
    name = _BELOW.get(name, name)
    return Target(field=name) if name in BY_NAME else None


def _target_of_fault(fault: Fault) -> Target | None:
    if fault.area == "fields":
        return Target(field=fault.row)
    return Target(grid=fault.area, row=fault.row) if fault.area in {"doses", "samples"} and fault.row else None


def _grouped(warnings: Sequence[CaseWarning], row_ids: Mapping[str, Sequence[str]]) -> list[Component]:
    """Return the first few warnings of each kind, and how many more there are, so that many rows hide no other kind."""
    total, seen = Counter(warning.code for warning in warnings), Counter[str]()
    items: list[Component] = []
    for warning in warnings:
        seen[warning.code] += 1
        if seen[warning.code] <= _SHOWN_OF_A_KIND:
            items.append(_item(warning.level, spoken(warning.message), target_of(warning.place, row_ids)))
        if seen[warning.code] == _SHOWN_OF_A_KIND and total[warning.code] > _SHOWN_OF_A_KIND:
            more = say("checks.more", count=total[warning.code] - _SHOWN_OF_A_KIND)
            items.append(_item(warning.level, more, None))
    return items


def _item(level: str, sentence: str, target: Target | None) -> Component:
    return html.Li(
        [
            html.Span(_SHAPES[level], className=f"shape {level}", **{"aria-hidden": "true"}),
            html.Span(say(f"checks.{level}"), className="only-heard"),
            html.Span(sentence) if target is None else _link(sentence, target),
        ]
    )


def _link(sentence: str, target: Target) -> Component:
    """Return a sentence that leads to its input (``assets/regions.js``)."""
    places = {"data-grid": target.grid, "data-row": target.row, "data-field": target.field}
    return html.Button(
        sentence, className="to-input", type="button", **{key: value for key, value in places.items() if value}
    )
