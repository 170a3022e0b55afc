"""The table of parameters and exposure, before samples and for this patient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.ui import text
from dosing_app.ui.elements import Component, html
from dosing_app.ui.wording import figures

if TYPE_CHECKING:
    from dosing_app.ui.view import View
    from pkpd.estimation.posterior import Marginal


def parameters_table(view: View) -> Component:
    """Return the table; the column of this patient is empty without a sample in use."""
    result = view.forecast
    prior_auc = math.exp(view.prior_log_auc)
    prior_ratio = view.prior_log_auc - math.log(result.a_priori["cl"])
    rows: list[tuple[str, float, Marginal | None]] = [
        *((name, result.a_priori[name], marginal) for name, marginal in result.parameters.items()),
        ("auc", prior_auc, result.exposure.auc),
        ("log_auc_cl", prior_ratio, result.exposure.log_auc_cl),
    ]
    head = html.Thead(html.Tr([html.Th(""), *(html.Th(name, scope="col") for name in text.PARAMETER_COLUMNS)]))
    return html.Table([head, html.Tbody([_row(view, *row) for row in rows])], className="figures-table")


def _row(view: View, name: str, prior: float, marginal: Marginal | None) -> Component:
    label, unit = text.PARAMETER_ROWS[name]
    patient, interval = "–", "–"
    if marginal is not None and view.has_mass:
        low, middle, high = (_number(name, float(marginal.quantiles[i])) for i in (0, 2, 4))
        interval = f"{low}–{high}"
        patient = middle if view.forecast.samples else "–"
    return html.Tr(
        [
            html.Th([label, html.Span(f" {unit}", className="unit")], scope="row"),
            html.Td(_number(name, prior)),
            html.Td(html.Strong(patient)),
            html.Td(interval),
        ]
    )


def _number(name: str, value: float) -> str:
    return f"{value:.2f}" if name == "log_auc_cl" and math.isfinite(value) else figures(value)
