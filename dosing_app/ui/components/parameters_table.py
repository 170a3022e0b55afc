"""The table of parameters and exposure, before samples and for this patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.parameter_rows import parameter_rows
from dosing_app.language import say
from dosing_app.ui.elements import Component, html

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from dosing_app.findings.parameter_rows import ParameterRow


def parameters_table(view: View) -> Component:
    """Return the table; the column of this patient is empty without a sample in use."""
    titles = ("before", "patient", "interval", "percentile")
    head = html.Thead(
        html.Tr([html.Td(""), *(html.Th(say(f"parameters.column_{title}"), scope="col") for title in titles)])
    )
    return html.Table([head, html.Tbody(list(map(_row, parameter_rows(view))))], className="figures-table")


def _row(row: ParameterRow) -> Component:
    return html.Tr(
        [
            html.Th([row.name, html.Span(f" {row.unit}", className="unit")], scope="row"),
            html.Td(row.before),
            html.Td(html.Strong(row.middle)),
            html.Td(row.interval),
            html.Td(row.percentile, className="unit"),
        ]
    )
