"""What `asuc tte threshold` prints."""

from __future__ import annotations

from math import isinf, isnan
from typing import TYPE_CHECKING, Any

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.remarks import RESEARCH_USE
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pkpd.diagnostics.prediction_errors import Measured
    from tte.evaluation.threshold import MarkerFinding, Rule

_AREAS = ("marker", "subjects", "n", "events", "event if", "AUROC (DeLong)", "bootstrap", "weighted for censoring")
_RULES = (
    "marker",
    "subjects",
    "threshold",
    "events in high risk",
    "in low risk",
    "odds ratio",
    "Fisher p",
    "log-rank p",
)
_SHARES = ("marker", "subjects", "threshold", "sensitivity", "specificity", "accuracy", "PPV", "NPV")
_CORRECTED = (
    "marker",
    "subjects",
    "best threshold",
    "sensitivity",
    "corrected",
    "specificity",
    "corrected",
    "J",
    "corrected",
)
_SMALL_P, _LARGE_RATIO = 0.001, 100.0


def threshold_sheets(
    document: Mapping[str, Any],
    findings: Mapping[str, Mapping[str, MarkerFinding]],
    populations: Mapping[str, str],
    folder: Path,
) -> str:
    """Return the tables of all markers as text."""
    short = {"all": "all", "landmark": f"after day {document['landmark_day'] or 0:g}"}
    rows = [(short[key], one) for by in findings.values() for key, one in by.items()]
    said = f"Event by day {document['horizon_day']:g}: {'; '.join(populations.values())}. Intervals are 95 % intervals, those of shares exact."
    corrected = f"Best thresholds, chosen anew in {document['n_draws']:,} draws of subjects [%]"
    sheets = [
        Sheet("Areas under the ROC curve", _AREAS, tuple(_areas(who, one) for who, one in rows), wraps=0),
        Sheet("Thresholds", _RULES, tuple(row for who, one in rows for row in _rules(who, one, _tests)), wraps=0),
        Sheet("Accuracy [%]", _SHARES, tuple(row for who, one in rows for row in _rules(who, one, _shares)), wraps=0),
        Sheet(corrected, _CORRECTED, tuple(row for who, one in rows for row in _corrected(who, one)), wraps=0),
        *_compared(document, short),
    ]
    return laid_out(
        [
            said,
            *(sheet for sheet in sheets if sheet.rows),
            *(warning["text"] for warning in document["warnings"]),
            RESEARCH_USE,
            f"Written to {folder}.",
        ]
    )


def _areas(who: str, one: MarkerFinding) -> tuple[str, ...]:
    counts = (one.marker, who, f"{one.counts.n:,}", f"{one.counts.n_events:,}")
    if one.auroc is None or one.drawn is None:
        return (*counts, one.status.value, "", "", "")
    t = one.auc_at_horizon
    weighted = "–" if t is None else f"{float(t.auc[0]):.2f}{_ends(float(t.low[0]), float(t.high[0]), 2)}"
    drawn = one.drawn.auroc
    scale = " logit" if one.auroc.status.name == "LOGIT" else ""
    delong = f"{one.auroc.area.value:.2f}{_ends(one.auroc.area.low, one.auroc.area.high, 2)}{scale}"
    return (*counts, f"{one.direction}", delong, _ends(drawn.low, drawn.high, 2).strip(), weighted)


def _rules(who: str, one: MarkerFinding, cells: Callable[[Rule], tuple[str, ...]]) -> list[tuple[str, ...]]:
    rules = [(" best", one.best), *(("", rule) for rule in one.given)]
    return [(one.marker, who, f"{rule.threshold:.4g}{kind}", *cells(rule)) for kind, rule in rules if rule is not None]


def _tests(rule: Rule) -> tuple[str, ...]:
    t, ratio = rule.table, rule.fisher.odds_ratio
    high, low = t.true_positive + t.false_positive, t.false_negative + t.true_negative
    odds = "–" if isnan(ratio.value) else f"{_ratio(ratio.value)} ({_ratio(ratio.low)} to {_ratio(ratio.high)})"
    return (f"{t.true_positive}/{high}", f"{t.false_negative}/{low}", odds, _p(rule.fisher.p), _p(rule.log_rank.p))


def _shares(rule: Rule) -> tuple[str, ...]:
    return tuple(_percent(share) for share in rule.accuracy)


def _corrected(who: str, one: MarkerFinding) -> list[tuple[str, ...]]:
    if one.drawn is None:
        return []
    drawn = one.drawn
    if one.best is None:
        return [(one.marker, who, "none is of use", *("–",) * 6)]
    ends = _ends(drawn.threshold.low, drawn.threshold.high, 2)
    cells = [
        f"{percent_from_fraction(value):.0f}"
        for part in (drawn.sensitivity, drawn.specificity, drawn.j)
        for value in (part.apparent, part.corrected)
    ]
    return [(one.marker, who, f"{drawn.threshold.value:.4g}{ends}", *cells)]


def _compared(document: Mapping[str, Any], short: Mapping[str, str]) -> list[Sheet]:
    rows = tuple(
        (f"{one['first']} minus {one['second']}", short[key], f"{one['n']:,}", _difference(one), _p(one["p"]))
        for key, pairs in document["comparisons"].items()
        for one in pairs
    )
    heads = ("areas", "subjects", "n", "difference", "DeLong p")
    return [Sheet("Markers of the same subjects", heads, rows, wraps=0)] if rows else []


def _difference(one: Mapping[str, Any]) -> str:
    found = one["difference"]
    if found is None:
        return "–"
    low, high = (float("nan") if found[end] is None else found[end] for end in ("low", "high"))
    return f"{found['value']:.2f}{_ends(low, high, 2)}"


def _percent(share: Measured) -> str:
    if isnan(share.value):
        return "–"
    value, low, high = (percent_from_fraction(part) for part in share)
    return f"{value:.0f} ({low:.0f}–{high:.0f})"


def _ratio(value: float) -> str:
    if isinf(value):
        return "∞"
    return f"{value:,.0f}" if value >= _LARGE_RATIO else f"{value:.3g}"


def _ends(low: float, high: float, digits: int) -> str:
    return "" if isnan(low) or isnan(high) else f" ({low:.{digits}f} to {high:.{digits}f})"


def _p(p: float | None) -> str:
    if p is None or isnan(p):
        return "–"
    return f"<{_SMALL_P:g}" if p < _SMALL_P else f"{p:.3f}"
