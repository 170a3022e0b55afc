"""Tables of what is decided from a risk: reclassification, net benefit, and the published threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from asuc.validation.population_columns import beside, published, short_name
from asuc.validation.report_table import Cell, ReportTable, p_value, quantity
from pkpd.diagnostics.prediction_errors import Measured
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asuc.validation.study import PopulationFinding
    from tte import EventModel
    from tte.evaluation.risk_comparison import RiskComparison
    from tte.evaluation.threshold import Rule

_PERCENT = percent_from_fraction(1.0)
_DECISIONS = (5, 10, 15, 20, 25, 30, 40, 50)


def reclassification_table(findings: Sequence[PopulationFinding]) -> ReportTable:
    """Return net reclassification and integrated discrimination improvement from each comparator to the predicted risk."""
    rows = tuple(
        (one.words, short_name(found.population.key, found.population.times.n), *_moved(one))
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
                who = short_name(found.population.key, found.population.times.n)
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
        found, who = one.risk.decision, short_name(one.population.key, one.population.times.n)
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
    return beside("threshold", caption, findings, rows, columns, more)


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
        yield published(model, name, 0) or ""
    yield ""
    yield ""
    yield ""
    yield published(model, "fisher_p", 3) or ""
