"""Parameters and exposure as rows, before samples and for this patient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.findings.numbers import UNKNOWN, figures, logarithm
from dosing_app.language import say
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from pkpd.estimation.posterior import Marginal

_UNITS = {"cl": "L/day", "v": "L", "v1": "L", "q": "L/day", "v2": "L", "auc": "mg·d/L"}


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """What is known of one parameter, or of the exposure.

    Parameters
    ----------
    name, unit : str
        Its name in words and its unit; no unit where it has none.
    before : str
        Typical value before samples.
    best : str
        At the best estimate; a dash where no parameters explain the samples.
    middle, interval : str
        For this patient; the middle is a dash without a sample in use, both where no parameters explain the samples.
    percentile : str
        Where the middle lies among the patients of the model; empty where that is not known.
    """

    name: str
    unit: str
    before: str
    best: str
    middle: str
    interval: str
    percentile: str


def parameter_rows(view: View) -> tuple[ParameterRow, ...]:
    """Return the parameters of the model, then area and ln(AUC/CL)."""
    result, exposure = view.forecast, view.forecast.exposure
    prior_auc, map_auc = (_exp(log_auc) for log_auc in (view.prior_log_auc, exposure.map_log_auc))
    prior_ratio = view.prior_log_auc - math.log(result.a_priori["cl"])
    rows: list[tuple[str, float, float, Marginal | None]] = [
        *((name, result.a_priori[name], result.at_map[name], one) for name, one in result.parameters.items()),
        ("auc", prior_auc, map_auc, exposure.auc),
        ("log_auc_cl", prior_ratio, exposure.map_log_auc_cl, exposure.log_auc_cl),
    ]
    return tuple(_row(view, *row) for row in rows)


def _row(view: View, name: str, prior: float, at_map: float, marginal: Marginal | None) -> ParameterRow:
    number = logarithm if name == "log_auc_cl" else figures
    middle, spread = UNKNOWN, UNKNOWN
    if marginal is not None and view.has_mass:
        low, at_half, high = (number(float(marginal.quantiles[i])) for i in (0, 2, 4))
        spread = f"{low}–{high}"
        middle = at_half if view.forecast.samples else UNKNOWN
    percentile = view.percentiles.get(name)
    return ParameterRow(
        name=say(f"parameter.{name}"),
        unit=say("unit.days") if name == "half_life" else _UNITS.get(name, ""),
        before=number(prior),
        best=number(at_map) if view.has_mass else UNKNOWN,
        middle=middle,
        interval=spread,
        percentile="" if percentile is None else f"{percent_from_fraction(percentile):.0f}",
    )


def _exp(power: float) -> float:
    """Return e to a power; infinity where no float holds it."""
    try:
        return math.exp(power)
    except OverflowError:
        return math.inf
