"""Tables of predicted levels: errors, coverage, and levels beyond the limits of quantification."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

from asuc.validation.population_columns import read_cell
from asuc.validation.report_table import Cell, Quantity, ReportTable, p_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STAGES = (
    ("a_priori", "a priori"),
    ("a_priori_of_forecast", "a priori, levels that have a forecast"),
    ("forecast", "forecast"),
)
_ERRORS = (
    ("bias_mg_per_L", "Bias (mg/L)", 2),
    ("rmse_mg_per_L", "RMSE (mg/L)", 2),
    ("mpe_pct", "Mean relative error (%)", 1),
    ("median_pe_pct", "Median relative error (%)", 1),
    ("mape_pct", "Mean absolute relative error (%)", 1),
    ("rrmse_pct", "Relative RMSE (%)", 1),
    ("within_30_pct", "Within 30 % of the level (%)", 0),
)


def pk_tables(document: Mapping[str, Any]) -> Iterator[ReportTable]:
    """Yield errors, coverage and levels beyond limits, from the document of predictive performance."""
    stages = [(document[key], words) for key, words in _STAGES if document[key]["n"]]
    heads = tuple(words for _, words in stages)
    errors: list[tuple[Cell, ...]] = [("Quantified levels", *(one["n_quantified"] for one, _ in stages))]
    errors += [(words, *(read_cell(one["point"][key], digits) for one, _ in stages)) for key, words, digits in _ERRORS]
    yield ReportTable("pk-errors", "Errors of predicted levels, prediction minus level.", ("", *heads), tuple(errors))
    inside: list[tuple[Cell, ...]] = [("Levels, censored ones included", *(one["n"] for one, _ in stages))]
    inside += [
        (
            f"Inside the {interval['interval_pct']:.0f} % prediction interval (%)",
            *(read_cell(one["coverage"][k]["inside_pct"], 0) for one, _ in stages),
        )
        for k, interval in enumerate(document["a_priori"]["coverage"])
    ]
    inside.append(
        (
            "Places in the predicted distribution are uniform: p",
            *(p_value(one["places_uniform_p"]) for one, _ in stages),
        )
    )
    yield ReportTable(
        "pk-coverage", "Prediction intervals, with exact 95 % intervals of the shares.", ("", *heads), tuple(inside)
    )
    beyond = tuple(
        (
            f"{words}, {side}",
            one[key]["n"],
            one[key]["seen"],
            Quantity(one[key]["expected"], nan, nan, 1),
            read_cell(one[key]["brier"], 3),
        )
        for one, words in stages
        for key, side in (("below_lloq", "below the lower limit"), ("above_uloq", "above the upper limit"))
        if one[key]
    )
    if beyond:
        heads = ("", "levels", "beyond the limit", "expected beyond it", "Brier score")
        yield ReportTable("pk-beyond-limits", "Levels beyond the limits of quantification.", heads, beyond)
