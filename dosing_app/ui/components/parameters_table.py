"""The table of parameters and exposure, before samples and for this patient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.ui.elements import Component, html
from dosing_app.ui.wording import figures
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from pkpd.estimation.posterior import Marginal

_UNITS = {"cl": "L/day", "v": "L", "v1": "L", "q": "L/day", "v2": "L", "auc": "mg·d/L"}


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
    titles = ("before", "patient", "interval", "percentile")
    head = html.Thead(
        html.Tr([html.Td(""), *(html.Th(say(f"parameters.column_{title}"), scope="col") for title in titles)])
    )
    return html.Table([head, html.Tbody([_row(view, *row) for row in rows])], className="figures-table")


def unit_of(name: str) -> str:
    """Return the unit of a parameter."""
    return say("unit.days") if name == "half_life" else _UNITS.get(name, "")


def _row(view: View, name: str, prior: float, marginal: Marginal | None) -> Component:
    patient, interval = "–", "–"
    if marginal is not None and view.has_mass:
        low, middle, high = (_number(name, float(marginal.quantiles[i])) for i in (0, 2, 4))
        interval = f"{low}–{high}"
        patient = middle if view.forecast.samples else "–"
    percentile = view.percentiles.get(name)
    return html.Tr(
        [
            html.Th([say(f"parameter.{name}"), html.Span(f" {unit_of(name)}", className="unit")], scope="row"),
            html.Td(_number(name, prior)),
            html.Td(html.Strong(patient)),
            html.Td(interval),
            html.Td("" if percentile is None else f"{percent_from_fraction(percentile):.0f}", className="unit"),
        ]
    )


def _number(name: str, value: float) -> str:
    return spoken_number(f"{value:.2f}") if name == "log_auc_cl" and math.isfinite(value) else figures(value)
