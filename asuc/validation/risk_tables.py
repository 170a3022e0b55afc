"""Tables of predicted risks: discrimination, comparators, calibration, overall error and residuals."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from asuc.validation.population_columns import beside, published, short_name
from asuc.validation.report_table import Cell, ReportTable, bare, figure, p_value, quantity
from pkpd.diagnostics.prediction_errors import Measured
from pkpd.units import percent_from_fraction
from tte.evaluation.roc import AurocStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asuc.validation.study import PopulationFinding
    from tte import EventModel
    from tte.evaluation.risk_comparison import RiskComparison
    from tte.evaluation.risk_evaluation import RiskEvaluation

_PERCENT = percent_from_fraction(1.0)
_FEW = "Fewer than two subjects with the event, or without it: no interval"
ICI = "Mean distance of curve and prediction, ICI (percentage points)"
E50 = "Median distance, E50 (percentage points)"
E90 = "90 % quantile of the distance, E90 (percentage points)"
NO_CURVE = "Draws of subjects without a curve, in none of the three intervals"


class DiscriminationCells(NamedTuple):
    """Areas (DeLong's interval, that of drawn subjects, weighted for censoring) and concordances of one population."""

    auroc: Cell
    drawn: Cell
    weighted: Cell
    harrell: Cell
    uno: Cell


class CalibrationCells(NamedTuple):
    """Calibration of one population, in the order of the table's rows."""

    observed: Cell
    expected: Cell
    ratio: Cell
    intercept: Cell
    slope: Cell
    standard_errors: Cell
    p: Cell
    ici: Cell
    e50: Cell
    e90: Cell
    failed: Cell


def discrimination_table(findings: Sequence[PopulationFinding], model: EventModel) -> ReportTable:
    """Return areas and concordance, with what was published beside them."""
    day = model.horizon_day
    rows = (
        f"AUROC by day {day:g} (DeLong)",
        "The same, subjects drawn with replacement",
        f"AUROC at day {day:g}, weighted for censoring",
        "Harrell's C",
        "Uno's C",
    )
    columns = [discrimination_cells(one.risk) for one in findings]
    printed = published(model, "auroc", 2)
    if printed is None:
        return beside("discrimination", "Discrimination of the predicted risk.", findings, rows, columns)
    more = ("as published", [printed, *("",) * (len(rows) - 1)])
    return beside("discrimination", "Discrimination of the predicted risk.", findings, rows, columns, more)


def discrimination_cells(found: RiskEvaluation) -> DiscriminationCells:
    """Return the cells of one population."""
    marker = found.marker
    harrell, uno = (
        one if isinstance(one, str) else quantity(one.c, 2, none=one.status.value) for one in (found.harrell, found.uno)
    )
    if marker.auroc is None or marker.drawn is None:
        none = marker.status.value
        return DiscriminationCells(none, none, none, harrell, uno)
    weighted = marker.auc_at_horizon
    return DiscriminationCells(
        _with_status(marker.auroc.area, marker.auroc.status),
        _FEW if marker.auroc.status is AurocStatus.TOO_FEW else quantity(marker.drawn.auroc, 2),
        "Observation does not begin on one day for all, as weights need it."
        if weighted is None
        else quantity(Measured(*(float(part[0]) for part in (weighted.auc, weighted.low, weighted.high))), 2),
        harrell,
        uno,
    )


def _with_status(area: Measured, status: AurocStatus) -> Cell:
    if status in (AurocStatus.WALD, AurocStatus.LOGIT):
        return quantity(area, 2)
    return f"{area.value:.2f}. {status.value}"


def comparator_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return the areas of the comparators, and what the predicted risk has over them."""
    rows = tuple(
        (
            one.words,
            short_name(found.population.key, found.population.times.n),
            one.n,
            one.n_events,
            one.n_missing,
            "not both outcomes" if one.area is None else quantity(one.area.area, 2),
            _difference(one),
            "no test" if one.difference is None else p_value(one.difference.p),
        )
        for found in findings
        for one in found.comparisons
    )
    head = (
        "Comparator",
        "subjects",
        "n",
        "events",
        "without it",
        "AUROC (DeLong)",
        "AUROC of the risk minus it",
        "DeLong p",
    )
    return ReportTable("comparators", "The predicted risk beside other predictions of the same subjects.", head, rows)


def _difference(one: RiskComparison) -> Cell:
    if one.difference is None:
        return "not both outcomes"
    found = one.difference.difference
    # An interval that leaves what a difference of areas can be is that of a normal distribution which does not hold yet.
    if max(abs(found.low), abs(found.high)) > 1.0:
        return f"{figure(found.value, 2)}; too few subjects for an interval"
    return quantity(found, 2)


def calibration_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return calibration in the large, intercept and slope, and the distance of curve and predictions."""
    rows = (
        "Events observed",
        "Events expected",
        "Observed over expected (exact)",
        "Intercept (0 is calibrated)",
        "Slope (1 is calibrated)",
        "Standard errors of intercept and slope",
        "Intercept 0 and slope 1 together: p",
        ICI,
        E50,
        E90,
        NO_CURVE,
    )
    return beside(
        "calibration",
        "Calibration of the predicted risk.",
        findings,
        rows,
        [calibration_cells(one.risk) for one in findings],
    )


def calibration_cells(found: RiskEvaluation) -> CalibrationCells:
    """Return the cells of one population."""
    large, slope, curve = found.in_the_large, found.slope, found.curve
    first: list[Cell] = (
        [large] * 3 if isinstance(large, str) else [large.observed, bare(large.expected, 1), quantity(large.ratio, 2)]
    )
    middle: list[Cell] = (
        [slope] * 4
        if isinstance(slope, str)
        else [
            quantity(slope.intercept, 2, none=slope.status.value),
            quantity(slope.slope, 2, none=slope.status.value),
            " and ".join("none" if isnan(se) else figure(se, 2) for se in (slope.intercept_se, slope.slope_se)),
            p_value(slope.p),
        ]
    )
    last: list[Cell] = (
        [curve] * 4
        if isinstance(curve, str)
        else [
            *(quantity(one, 1, scale=_PERCENT, none=curve.status.value) for one in (curve.ici, curve.e50, curve.e90)),
            curve.status.value if isnan(curve.ici.value) else f"{curve.n_failed:,} of {curve.n_draws:,}",
        ]
    )
    return CalibrationCells(*first, *middle, *last)


def group_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return what was seen in groups of similar predictions."""
    rows: list[tuple[Cell, ...]] = []
    for found in findings:
        who = short_name(found.population.key, found.population.times.n)
        if isinstance(found.risk.groups, str):
            rows.append((who, found.risk.groups, "", "", "", ""))
            continue
        rows += [
            (
                who,
                f"{_PERCENT * one.low_risk:.1f} to {_PERCENT * one.high_risk:.1f}",
                one.n,
                one.n_events,
                bare(_PERCENT * one.expected, 1),
                quantity(one.observed, 1, scale=_PERCENT),
            )
            for one in found.risk.groups
        ]
    head = ("Subjects", "predicted risk (%)", "n", "events", "mean predicted (%)", "seen, Kaplan–Meier (%)")
    return ReportTable("calibration-groups", "Groups of similar predictions.", head, tuple(rows))


def brier_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return the Brier score and its share of that of no prediction."""
    rows = (
        "Brier score",
        "The same of the Kaplan–Meier risk for everybody",
        "Scaled Brier score (1 is perfect, 0 no better than that)",
    )
    columns: list[list[Cell]] = []
    for one in findings:
        found = one.risk.brier
        if isinstance(found, str):
            columns.append([found] * 3)
            continue
        same = "All outcomes are the same: there is nothing to scale by."
        columns.append([quantity(found.score, 3), bare(found.reference, 3), quantity(found.scaled, 2, none=same)])
    return beside("brier", "Overall error of the predicted risk.", findings, rows, columns)


def residual_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return the test of Schoenfeld residuals for a trend in time."""
    rows: list[tuple[Cell, ...]] = []
    for one in findings:
        found, who = one.risk.trend, short_name(one.population.key, one.population.times.n)
        if isinstance(found, str):
            rows.append((who, "–", found, "–"))
            continue
        parts = zip(one.population.predicted.names, found.statistic.tolist(), found.p.tolist(), strict=True)
        rows += [(who, name, bare(value, 2), p_value(p)) for name, value, p in parts]
    head = ("Subjects", "covariate", "chi-squared, 1 degree of freedom", "p")
    return ReportTable(
        "schoenfeld-trend", "Does the hazard ratio change with time? Score test over ranked days.", head, tuple(rows)
    )
