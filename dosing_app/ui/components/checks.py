"""The list of checks: what is wrong on the screen, then what to know about the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.ui import text
from dosing_app.ui.elements import Component, html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.ui.reading import Fault

# Shape and word carry the meaning, never the colour alone.
_SHAPES = {"error": ("■", "Error: "), "check": ("▲", "Check: "), "note": ("○", "Note: ")}


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
        items.append(_item("error", text.STALE))
    items += [_item(warning.level, warning.text) for warning in warnings]
    number = html.Span(f" {len(items)}", className="unit") if items else ""
    body = html.Ul(items) if items else html.P(text.NO_CHECKS, className="note")
    return [html.H2([text.CHECKS, number]), body]


def fault_sentences(faults: Sequence[Fault]) -> list[Any]:
    """Return the sentences that stand under a grid."""
    return [html.P(fault.sentence, className="fault") for fault in faults]


def _item(level: str, sentence: str) -> Component:
    shape, word = _SHAPES.get(level, _SHAPES["check"])
    return html.Li(
        [
            html.Span(shape, className=f"shape {level}", **{"aria-hidden": "true"}),
            html.Span(word, className="only-heard"),
            html.Span(sentence),
        ]
    )
