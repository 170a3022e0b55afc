"""The tables of a validation's report, populations side by side."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from asuc.validation.report_table import Cell, Quantity, ReportTable, bare, figure, p_value, quantity
from pkpd.diagnostics.prediction_errors import Measured
from pkpd.units import percent_from_fraction
from tte.evaluation.event_times import Known
from tte.evaluation.kaplan_meier import risk_by
from tte.evaluation.roc import AurocStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asuc.validation.study import PopulationFinding
    from asuc.validation.subjects import Followed
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec
    from tte import EventModel
    from tte.evaluation.optimism import Optimism, OptimismResult
    from tte.evaluation.risk_comparison import RiskComparison
    from tte.evaluation.risk_evaluation import RiskEvaluation
    from tte.evaluation.threshold import Rule

_PERCENT = percent_from_fraction(1.0)
_SHARES = (0.5, 0.05, 0.95)
_NO_SPREAD = "nobody"
_FEW = "Fewer than two subjects with the event, or without it: no interval"
_DECISIONS = (5, 10, 15, 20, 25, 30, 40, 50)
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


def cohort_table(findings: Sequence[PopulationFinding], followed: Followed, model: EventModel) -> ReportTable:
    """Return how many subjects, events and days there are."""
    day = model.horizon_day
    columns = [_cohort_column(one, followed, day) for one in findings]
    rows = (
        "Subjects",
        f"Events by day {day:g}",
        f"Known to be free of it on day {day:g}",
        f"Last seen before day {day:g} without it",
        "Under observation later than others",
        f"Risk by day {day:g}, Kaplan–Meier (%)",
        "Day of the event, median (5 % to 95 % quantile)",
        "Follow-up without the event, days, median (5 % to 95 % quantile)",
    )
    return _beside("cohort", "Subjects and events.", findings, rows, columns)


def _cohort_column(one: PopulationFinding, followed: Followed, day: float) -> list[Cell]:
    times, counts = one.population.times, one.risk.marker.counts
    last = followed.last_day[one.population.kept]
    return [
        times.n,
        counts.n_events,
        counts.n - counts.n_events,
        counts.n_unknown,
        int((times.entry_day > times.entry_day.min()).sum()),
        quantity(risk_by(times, day), 1, scale=_PERCENT),
        _spread(times.time_day[times.event], 0, none="no event"),
        _spread(last[~times.event], 0),
    ]


def exposure_table(findings: Sequence[PopulationFinding], followed: Followed, model: EventModel) -> ReportTable:
    """Return exposures and predicted risks of those with and without the event."""
    start, end = model.window_day
    labels = (
        f"AUC day {start:g} to {end:g} (mg·day/L)",
        "Clearance (L/day)",
        "ln(AUC/CL)",
        f"Predicted risk by day {model.horizon_day:g} (%)",
    )
    columns: list[list[Cell]] = []
    names: list[str] = []
    for one in findings:
        who, own = one.population, followed.exposure.rows(np.flatnonzero(one.population.kept).tolist())
        known = who.times.known_at(model.horizon_day)
        values = (own.auc, own.cl, own.log_auc_cl, _PERCENT * who.predicted.risk)
        for kind, words in ((Known.EVENT, "with the event"), (Known.FREE, "without")):
            inside = known == int(kind)
            names.append(f"{_short(who.key, who.times.n)}, {words} ({int(inside.sum()):,})")
            columns.append([_spread(value[inside], digits) for value, digits in zip(values, (0, 3, 2, 1), strict=True)])
    rows = tuple((label, *cells) for label, cells in zip(labels, zip(*columns, strict=True), strict=True))
    caption = "Exposure and predicted risk by outcome: median (5 % to 95 % quantile of the subjects)."
    return ReportTable("exposure-by-outcome", caption, ("", *names), rows)


def covariate_table(spec: ModelSpec, incomplete: Cohort) -> ReportTable:
    """Return the covariates that the pharmacokinetic model reads, at each subject's first record, and how many are missing."""
    first = incomplete.row_start[:-1]
    rows: list[tuple[Cell, ...]] = []
    for name, domain in spec.covariates.items():
        values = incomplete.covariates[name][first]
        known = values[np.isfinite(values)]
        rows.append(
            (f"{domain.column} ({name})", _spread(known, 1), int(values.size - known.size), bare(domain.median, 1))
        )
    caption = "Covariates of the pharmacokinetic model at the first record: median (5 % to 95 % quantile)."
    return ReportTable("covariates", caption, ("", "this cohort", "missing", "median in the model's file"), tuple(rows))


def left_out_table(followed: Followed) -> ReportTable:
    """Return who is in no evaluation of risk, and why."""
    rows = tuple((one.reason, len(one.ids), ", ".join(one.ids)) for one in followed.left_out)
    return ReportTable("left-out", "Subjects that are in no evaluation of risk.", ("Why", "Subjects", "ID"), rows)


def pk_tables(document: Mapping[str, Any]) -> Iterator[ReportTable]:
    """Yield errors, coverage and levels beyond limits, from the document of predictive performance."""
    stages = [(document[key], words) for key, words in _STAGES if document[key]["n"]]
    heads = tuple(words for _, words in stages)
    errors: list[tuple[Cell, ...]] = [("Quantified levels", *(one["n_quantified"] for one, _ in stages))]
    errors += [(words, *(_read(one["point"][key], digits) for one, _ in stages)) for key, words, digits in _ERRORS]
    yield ReportTable("pk-errors", "Errors of predicted levels, prediction minus level.", ("", *heads), tuple(errors))
    inside: list[tuple[Cell, ...]] = [("Levels, censored ones included", *(one["n"] for one, _ in stages))]
    inside += [
        (
            f"Inside the {interval['interval_pct']:.0f} % prediction interval (%)",
            *(_read(one["coverage"][k]["inside_pct"], 0) for one, _ in stages),
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
            _read(one[key]["brier"], 3),
        )
        for one, words in stages
        for key, side in (("below_lloq", "below the lower limit"), ("above_uloq", "above the upper limit"))
        if one[key]
    )
    if beyond:
        heads = ("", "levels", "beyond the limit", "expected beyond it", "Brier score")
        yield ReportTable("pk-beyond-limits", "Levels beyond the limits of quantification.", heads, beyond)


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
    columns = [_discrimination(one.risk) for one in findings]
    published = _published(model, "auroc", 2)
    if published is None:
        return _beside("discrimination", "Discrimination of the predicted risk.", findings, rows, columns)
    more = ("as published", [published, *("",) * (len(rows) - 1)])
    return _beside("discrimination", "Discrimination of the predicted risk.", findings, rows, columns, more)


def _discrimination(found: RiskEvaluation) -> list[Cell]:
    marker = found.marker
    if marker.auroc is None or marker.drawn is None:
        first: list[Cell] = [marker.status.value] * 3
    else:
        drawn = _FEW if marker.auroc.status is AurocStatus.TOO_FEW else quantity(marker.drawn.auroc, 2)
        weighted = marker.auc_at_horizon
        first = [
            _with_status(marker.auroc.area, marker.auroc.status),
            drawn,
            "Observation does not begin on one day for all, as weights need it."
            if weighted is None
            else quantity(Measured(*(float(part[0]) for part in (weighted.auc, weighted.low, weighted.high))), 2),
        ]
    concordances = [
        one if isinstance(one, str) else quantity(one.c, 2, none=one.status.value) for one in (found.harrell, found.uno)
    ]
    return [*first, *concordances]


def _with_status(area: Measured, status: AurocStatus) -> Cell:
    if status in (AurocStatus.WALD, AurocStatus.LOGIT):
        return quantity(area, 2)
    return f"{area.value:.2f}. {status.value}"


def comparator_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return the areas of the comparators, and what the predicted risk has over them."""
    rows = tuple(
        (
            one.words,
            _short(found.population.key, found.population.times.n),
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
        "Mean distance of curve and prediction, ICI (percentage points)",
        "Median distance, E50 (percentage points)",
        "90 % quantile of the distance, E90 (percentage points)",
    )
    return _beside(
        "calibration",
        "Calibration of the predicted risk.",
        findings,
        rows,
        [_calibration(one.risk) for one in findings],
    )


def _calibration(found: RiskEvaluation) -> list[Cell]:
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
    if isinstance(curve, str):
        return [*first, *middle, *(curve,) * 3]
    parts = (curve.ici, curve.e50, curve.e90)
    return [*first, *middle, *(bare(_PERCENT * value, 1, none=curve.status.value) for value in parts)]


def group_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return what was seen in groups of similar predictions."""
    rows: list[tuple[Cell, ...]] = []
    for found in findings:
        who = _short(found.population.key, found.population.times.n)
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
    return _beside("brier", "Overall error of the predicted risk.", findings, rows, columns)


def reclassification_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return net reclassification and integrated discrimination improvement from each comparator to the predicted risk."""
    rows = tuple(
        (one.words, _short(found.population.key, found.population.times.n), *_moved(one))
        for found in findings
        for one in found.comparisons
    )
    head = ("From", "subjects", "by", "NRI", "NRI, with the event", "NRI, without", "IDI")
    return ReportTable("reclassification", "Reclassification from a comparator to the predicted risk.", head, rows)


def _moved(one: RiskComparison) -> list[Cell]:
    if isinstance(one.moved, str):
        return [one.moved, "–", "–", "–", "–"]
    none = "Not both outcomes occur."
    found: list[Cell] = [
        "risk" if one.kind == "risk" else "each one's own threshold",
        *(quantity(part, 2, none=none) for part in (one.moved.nri, one.moved.nri_events, one.moved.nri_free)),
    ]
    return [*found, quantity(one.moved.idi, 3, none=none) if one.kind == "risk" else "It has no risk."]


def moved_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return how many subjects move between low and high risk, by outcome."""
    rows: list[tuple[Cell, ...]] = []
    for found in findings:
        for one in found.comparisons:
            if isinstance(one.moved, str):
                continue
            for words, table in (("with the event", one.moved.events), ("without", one.moved.free)):
                (low_low, low_high), (high_low, high_high) = table.tolist()
                who = _short(found.population.key, found.population.times.n)
                rows.append((one.words, who, words, low_low, low_high, high_low, high_high))
    head = (
        "From",
        "subjects",
        "outcome",
        "low, stays low",
        "low, becomes high",
        "high, becomes low",
        "high, stays high",
    )
    return ReportTable(
        "reclassification-counts", "Who is classified otherwise by the predicted risk.", head, tuple(rows)
    )


def decision_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return net benefit at some risks from which on one would act."""
    rows: list[tuple[Cell, ...]] = []
    for one in findings:
        found, who = one.risk.decision, _short(one.population.key, one.population.times.n)
        if isinstance(found, str):
            rows.append((who, found, "", "", "", ""))
            continue
        for percent in _DECISIONS:
            k = int(np.argmin(np.abs(_PERCENT * found.threshold - percent)))
            best = found.model[k] - max(float(found.everybody[k]), 0.0)
            parts = (
                Measured(float(found.model[k]), float(found.model_low[k]), float(found.model_high[k])),
                Measured(float(found.everybody[k]), float(found.everybody_low[k]), float(found.everybody_high[k])),
                Measured(float(best), float(found.difference_low[k]), float(found.difference_high[k])),
            )
            rows.append((who, f"{percent} %", int(found.n_above[k]), *(quantity(part, 3) for part in parts)))
    head = (
        "Subjects",
        "act from a risk of",
        "subjects at or above",
        "by the predicted risk",
        "acting on all",
        "gain over the better of all and none",
    )
    return ReportTable("decision-curve", "Net benefit per subject; acting on nobody has 0.", head, tuple(rows))


def threshold_table(findings: Sequence[PopulationFinding], model: EventModel) -> ReportTable:
    """Return what the published threshold of exposure does here, beside what it did where it was chosen."""
    rows = (
        "High risk: with the event / without",
        "Low risk: with the event / without",
        "Sensitivity (%)",
        "Specificity (%)",
        "Accuracy (%)",
        "Positive predictive value (%)",
        "Negative predictive value (%)",
        "Odds ratio, high against low risk (exact)",
        "Fisher's exact test: p",
        f"Log-rank test up to day {model.horizon_day:g}: p",
    )
    columns = [
        _rule(one.threshold.given[0]) if one.threshold.given else [one.threshold.status.value] * len(rows)
        for one in findings
    ]
    caption = f"Subjects below the published threshold of ln(AUC/CL) {model.threshold:g} called high risk."
    published = list(_published_rule(model))
    more = ("as published", [*published, *("",) * (len(rows) - len(published))]) if any(published) else None
    return _beside("threshold", caption, findings, rows, columns, more)


def _rule(one: Rule) -> list[Cell]:
    table, shares = one.table, one.accuracy
    ratio = one.fisher.odds_ratio
    return [
        f"{table.true_positive} / {table.false_positive}",
        f"{table.false_negative} / {table.true_negative}",
        *(quantity(share, 0, scale=_PERCENT, none="nobody") for share in shares),
        quantity(ratio, 2, none="One group, or one outcome, is empty."),
        p_value(one.fisher.p),
        p_value(one.log_rank.p, none="No event tells the groups apart."),
    ]


def _published_rule(model: EventModel) -> Iterator[Cell]:
    facts = {fact.name: fact for fact in model.facts}
    for name in ("high_risk_colectomies", "low_risk_colectomies"):
        fact = facts.get(name)
        yield "" if fact is None or fact.out_of is None else f"{fact.value:g} / {fact.out_of - fact.value:g}"
    for name in ("sensitivity", "specificity", "accuracy"):
        yield _published(model, name, 0) or ""
    yield ""
    yield ""
    yield ""
    yield _published(model, "fisher_p", 3) or ""


def residual_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return the test of Schoenfeld residuals for a trend in time."""
    rows: list[tuple[Cell, ...]] = []
    for one in findings:
        found, who = one.risk.trend, _short(one.population.key, one.population.times.n)
        if isinstance(found, str):
            rows.append((who, "–", found, "–"))
            continue
        parts = zip(one.population.predicted.names, found.statistic.tolist(), found.p.tolist(), strict=True)
        rows += [(who, name, bare(value, 2), p_value(p)) for name, value, p in parts]
    head = ("Subjects", "covariate", "chi-squared, 1 degree of freedom", "p")
    return ReportTable(
        "schoenfeld-trend", "Does the hazard ratio change with time? Score test over ranked days.", head, tuple(rows)
    )


def summary_table(findings: Sequence[PopulationFinding], performance: Mapping[str, Any]) -> ReportTable:
    """Return the few numbers that a reader looks for first."""
    labels = (
        "Subjects",
        "Events",
        "AUROC (DeLong)",
        "Observed over expected",
        "Calibration slope",
        "Scaled Brier score",
    )
    columns: list[list[Cell]] = []
    for one in findings:
        calibration = _calibration(one.risk)
        brier = one.risk.brier
        scaled = brier if isinstance(brier, str) else quantity(brier.scaled, 2, none="All outcomes are the same.")
        columns.append(
            [one.risk.n, one.risk.n_events, _discrimination(one.risk)[0], calibration[2], calibration[4], scaled]
        )
    found = _beside("summary", "Main results, with 95 % intervals.", findings, labels, columns)
    stage, words = (
        (performance["forecast"], "forecast from earlier levels")
        if performance["forecast"]["n"]
        else (performance["a_priori"], "a priori")
    )
    rest = ("",) * (len(findings) - 1)
    whole = f"Levels of the whole cohort, {words}"
    more = [
        (f"{whole}: {name}", _read(stage["point"][key], 2), *rest)
        for key, name in (("bias_mg_per_L", "bias (mg/L)"), ("rmse_mg_per_L", "RMSE (mg/L)"))
    ]
    more += [
        (f"{whole}: inside the {interval['interval_pct']:.0f} % interval (%)", _read(interval["inside_pct"], 0), *rest)
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
    area = _discrimination(found)
    large = _calibration(found)
    rows: list[tuple[str, Cell, str]] = [
        ("Subjects", found.n, ""),
        ("Events", found.n_events, ""),
        ("AUROC (DeLong)", area[0], ""),
        (f"AUROC at day {found.horizon_day:g}, weighted for censoring", area[2], "auc_t"),
        ("Harrell's C", area[3], "c"),
        ("Uno's C", area[4], ""),
        ("Observed over expected (exact)", large[2], ""),
        ("Intercept (0 is calibrated)", large[3], ""),
        ("Slope (1 is calibrated)", large[4], ""),
        ("Intercept 0 and slope 1 together: p", large[6], ""),
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


def _corrected(one: Optimism) -> tuple[Cell, ...]:
    return tuple(bare(value, 3) for value in (one.optimism, one.corrected, one.p632, one.p632_plus))


def _beside(
    name: str,
    caption: str,
    findings: Sequence[PopulationFinding],
    labels: Sequence[str],
    columns: Sequence[Sequence[Cell]],
    more: tuple[str, Sequence[Cell]] | None = None,
) -> ReportTable:
    heads = [one.population.words for one in findings]
    cells = list(columns)
    if more is not None:
        heads.append(more[0])
        cells.append(more[1])
    rows = tuple((label, *row) for label, row in zip(labels, zip(*cells, strict=True), strict=True))
    return ReportTable(name, caption, ("", *heads), rows)


def _short(key: str, n: int) -> str:
    return f"all {n:,}" if key == "all" else f"landmark, {n:,}"


def _spread(values: FloatArray, digits: int, *, none: str = _NO_SPREAD) -> Cell:
    """Return the median of subjects with the 5 % and 95 % quantiles."""
    known = values[np.isfinite(values)]
    if not known.size:
        return none
    middle, low, high = (float(one) for one in np.quantile(known, _SHARES))
    return Quantity(middle, low, high, digits)


def _read(one: Mapping[str, float | None], digits: int) -> Cell:
    value, low, high = (nan if one[part] is None else float(one[part] or 0.0) for part in ("value", "low", "high"))
    return quantity(Measured(value, low, high), digits)


def _published(model: EventModel, name: str, digits: int) -> Cell | None:
    """Return a number that the event model's source printed."""
    fact = next((one for one in model.facts if one.name == name), None)
    if fact is None:
        return None
    low, high = fact.interval if len(fact.interval) == 2 else (nan, nan)
    return Quantity(fact.value, low, high, digits)
