"""The list of checks: what is wrong on the screen, then what to know about the case."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dosing_app.language import say
from dosing_app.ui.elements import Component, html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.ui.reading import Fault

_SHOWN_OF_A_KIND = 3
# Shape and word carry the meaning, never the colour alone.
_SHAPES = {"error": "■", "check": "▲", "note": "○"}


def checks_list(faults: Sequence[Fault], warnings: Sequence[CaseWarning], *, is_stale: bool) -> list[Any]:
    """Return every fault and every warning, one sentence each.

    Parameters
    ----------
    faults : sequence of Fault
        What is not valid on the screen.
    warnings : sequence of CaseWarning
        Warnings about the last valid case.
    is_stale : bool
        Whether the results are those of an earlier entry.
    """
    items = [_item("error", fault.sentence) for fault in faults]
    if is_stale:
        items.append(_item("error", say("checks.stale")))
    number = html.Span(f" {len(items) + len(warnings)}", className="unit") if items or warnings else ""
    items += _grouped(warnings)
    body = html.Ul(items) if items else html.P(say("checks.none"), className="note")
    return [html.H2([say("checks.title"), number]), body]


def fault_sentences(faults: Sequence[Fault]) -> list[Any]:
    """Return the sentences that stand under a grid."""
    return [html.P(fault.sentence, className="fault") for fault in faults]


def _grouped(warnings: Sequence[CaseWarning]) -> list[Component]:
    """Return the first few warnings of each kind, and how many more there are, so that many rows hide no other kind."""
    total, seen = Counter(warning.code for warning in warnings), Counter[str]()
    items: list[Component] = []
    for warning in warnings:
        seen[warning.code] += 1
        if seen[warning.code] <= _SHOWN_OF_A_KIND:
            items.append(_item(warning.level, warning.text))
        if seen[warning.code] == _SHOWN_OF_A_KIND and total[warning.code] > _SHOWN_OF_A_KIND:
            items.append(_item(warning.level, say("checks.more", count=total[warning.code] - _SHOWN_OF_A_KIND)))
    return items


def _item(level: str, sentence: str) -> Component:
    return html.Li(
        [
            html.Span(_SHAPES[level], className=f"shape {level}", **{"aria-hidden": "true"}),
            html.Span(say(f"checks.{level}"), className="only-heard"),
            html.Span(sentence),
        ]
    )
