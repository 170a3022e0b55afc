"""The answer as elements of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crohns_srs.predict.effects import Uncertainty
from dosing_app.findings.crohns.words import headline, label_words, sentences
from dosing_app.language import say
from dosing_app.ui.elements import Component, html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.findings.crohns.checks import Check
    from dosing_app.findings.table import Table

# Shape and word carry the meaning, never the colour alone.
_SHAPES = {"error": "■", "check": "▲", "note": "○"}


def words(answer: CrohnsAnswer) -> list[Any]:
    """Return the answer in sentences, the first one large."""
    return [html.H1(headline(answer), className="page-title"), html.P(" ".join(sentences(answer)))]


def figures_table(table: Table, *, strong: Sequence[int] = (), caption: str, first_row: bool = False) -> Component:
    """Return a table of figures; the columns of `strong` answer, and the first row where `first_row` says so."""
    head = [html.Td("") if not title else html.Th(title, scope="col") for title in table.titles]
    rows = [
        html.Tr(
            [html.Th(_bold(row[0], is_strong=first_row and i == 0), scope="row")]
            + [
                html.Td(_bold(cell, is_strong=k in strong or (first_row and i == 0 and k == 1)))
                for k, cell in enumerate(row[1:], 1)
            ]
        )
        for i, row in enumerate(table.rows)
    ]
    caption_of = html.Caption(caption, className="only-heard")
    return html.Table([caption_of, html.Thead(html.Tr(head)), html.Tbody(rows)], className="figures-table")


def labels_table(answer: CrohnsAnswer) -> Component:
    """Return the classes in their order by every way to state uncertainty, the one chosen in bold."""
    rows = [
        html.Tr(
            [
                html.Th(
                    _bold(say(f"crohns.uncertainty_short.{one.value}"), is_strong=one is answer.uncertainty),
                    scope="row",
                ),
                html.Td(_bold(label_words(answer, one), is_strong=one is answer.uncertainty)),
            ]
        )
        for one in (Uncertainty.PAPER, Uncertainty.DASHBOARD, Uncertainty.COHERENT)
    ]
    caption = html.Caption(say("crohns.labels"), className="only-heard")
    return html.Table([caption, html.Tbody(rows)], className="figures-table labels-table")


def checks_list(found: Sequence[Check]) -> list[Any]:
    """Return the checks with their number."""
    number = html.Span(f" {len(found)}", className="unit") if found else ""
    items = [
        html.Li(
            [
                html.Span(_SHAPES[one.level], className=f"shape {one.level}", **{"aria-hidden": "true"}),
                html.Span(say(f"checks.{one.level}"), className="only-heard"),
                _sentence(one),
            ]
        )
        for one in found
    ]
    body = html.Ul(items) if items else html.P(say("checks.none"), className="note")
    return [html.H2([say("checks.title"), number]), body]


def _sentence(one: Check) -> Component:
    said = [html.Strong(one.lead), f" {one.more}" if one.more else ""]
    if not one.input:
        return html.Span(said)
    return html.Button(said, className="to-input", type="button", **{"data-crohns": one.input})


def _bold(text: str, *, is_strong: bool) -> Any:  # noqa: ANN401 - a text or an element
    return html.Strong(text) if is_strong else text
