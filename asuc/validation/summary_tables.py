"""Tables of the main results: of a validation, and of a fit evaluated in its own subjects or in others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.validation.population_columns import beside, read_cell
from asuc.validation.report_table import Cell, ReportTable, bare, quantity
from asuc.validation.risk_tables import E50, E90, ICI, NO_CURVE, calibration_cells, discrimination_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asuc.validation.risk_tables import CalibrationCells
    from asuc.validation.study import PopulationFinding
    from tte.evaluation.optimism import Optimism, OptimismResult
    from tte.evaluation.risk_evaluation import RiskEvaluation


def summary_table(findings: Sequence[PopulationFinding], performance: Mapping[str, Any]) -> ReportTable:
    """Return the few numbers that a reader looks for first."""
    labels = (
        "Subjects",
        "Events",
        "AUROC (DeLong)",
        "Observed over expected",
        "Calibration slope",
        ICI,
        "Scaled Brier score",
    )
    columns: list[list[Cell]] = []
    for one in findings:
        calibration = calibration_cells(one.risk)
        brier = one.risk.brier
        scaled = brier if isinstance(brier, str) else quantity(brier.scaled, 2, none="All outcomes are the same.")
        columns.append(
            [
                *(one.risk.n, one.risk.n_events, discrimination_cells(one.risk).auroc),
                *(calibration.ratio, calibration.slope, calibration.ici, scaled),
            ]
        )
    found = beside("summary", "Main results, with 95 % intervals.", findings, labels, columns)
    stage, words = (
        (performance["forecast"], "forecast from earlier levels")
        if performance["forecast"]["n"]
        else (performance["a_priori"], "a priori")
    )
    rest = ("",) * (len(findings) - 1)
    whole = f"Levels of the whole cohort, {words}"
    more = [
        (f"{whole}: {name}", read_cell(stage["point"][key], 2), *rest)
        for key, name in (("bias_mg_per_L", "bias (mg/L)"), ("rmse_mg_per_L", "RMSE (mg/L)"))
    ]
    more += [
        (
            f"{whole}: inside the {interval['interval_pct']:.0f} % interval (%)",
            read_cell(interval["inside_pct"], 0),
            *rest,
        )
        for interval in stage["coverage"][-1:]
    ]
    return ReportTable(found.name, found.caption, found.head, (*found.rows, *more))


def evaluation_table(found: RiskEvaluation, words: str, corrected: OptimismResult | None) -> ReportTable:
    """Return the performance of a fit's risks, and what is left of it in other subjects where that was computed.

    Parameters
    ----------
    found : RiskEvaluation
        The evaluation.
    words : str
        Who the subjects are.
    corrected : OptimismResult or None
        Performance with its optimism.
    """
    brier = found.brier
    same = "All outcomes are the same: there is nothing to scale by."
    errors: list[Cell] = (
        [brier, brier] if isinstance(brier, str) else [quantity(brier.score, 3), quantity(brier.scaled, 2, none=same)]
    )
    area, calibration = discrimination_cells(found), calibration_cells(found)
    rows: list[tuple[str, Cell, str]] = [
        ("Subjects", found.n, ""),
        ("Events", found.n_events, ""),
        ("AUROC (DeLong)", area.auroc, ""),
        (f"AUROC at day {found.horizon_day:g}, weighted for censoring", area.weighted, "auc_t"),
        ("Harrell's C", area.harrell, "c"),
        ("Uno's C", area.uno, ""),
        (f"Observed over expected ({'Wald' if found.has_intervals else 'exact'})", calibration.ratio, ""),
        ("Intercept (0 is calibrated)", calibration.intercept, ""),
        ("Slope (1 is calibrated)", calibration.slope, ""),
        ("Intercept 0 and slope 1 together: p", calibration.p, ""),
        *(_curve_rows(calibration) if not isinstance(found.curve, str) else [("Calibration curve", found.curve, "")]),
        ("Brier score", errors[0], "brier"),
        ("Scaled Brier score", errors[1], ""),
    ]
    if corrected is None:
        return ReportTable("evaluation", "Predicted risks of the fit.", ("", words), tuple(row[:2] for row in rows))
    by_name = {one.name: one for one in corrected.measures}
    cells = [(label, cell, *(_corrected(by_name[key]) if key in by_name else ("",) * 4)) for label, cell, key in rows]
    head = ("", words, "optimism", "corrected", ".632", ".632+")
    return ReportTable(
        "evaluation", "Predicted risks of the fit, and what is left in other subjects.", head, tuple(cells)
    )


def _curve_rows(calibration: CalibrationCells) -> list[tuple[str, Cell, str]]:
    return [
        (ICI, calibration.ici, ""),
        (E50, calibration.e50, ""),
        (E90, calibration.e90, ""),
        (NO_CURVE, calibration.failed, ""),
    ]


def _corrected(one: Optimism) -> tuple[Cell, ...]:
    return tuple(bare(value, 3) for value in (one.optimism, one.corrected, one.p632, one.p632_plus))
