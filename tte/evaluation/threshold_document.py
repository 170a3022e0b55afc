"""Markers and their thresholds as one document (``tte-threshold/1``) and as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pkpd.diagnostics.prediction_errors import Measured
    from tte.evaluation.roc import Auroc, PairedAreas
    from tte.evaluation.threshold import MarkerFinding, Rule
    from tte.evaluation.time_dependent_roc import TimeDependentAuc
    from tte.evaluation.youden import Corrected, DrawnThresholds, Youden

SCHEMA = "tte-threshold/1"
OPTIMISTIC = (
    "A threshold that is chosen and evaluated on the same subjects looks better than it is, and its p values are too small. The corrected "
    "sensitivity, specificity and J are what is left after choosing it anew in drawn subjects; only other patients can confirm it."
)
_SHARES = ("sensitivity", "specificity", "accuracy", "ppv", "npv")
_ENDS = ("", "_low", "_high")
RULE_HEAD = (
    *("marker", "population", "kind", "n", "events", "censored_before", "without_marker", "direction", "threshold"),
    *("high_with_event", "low_with_event", "high_without", "low_without"),
    *(f"{share}{end}" for share in _SHARES for end in _ENDS),
    *("fisher_p", "odds_ratio", "odds_ratio_low", "odds_ratio_high", "log_rank_p"),
)
_SUMMARY = (
    *("status", "n", "events", "censored_before", "without_marker", "direction"),
    *("auroc", "delong_low", "delong_high", "bootstrap_low", "bootstrap_high", "auc_t", "auc_t_low", "auc_t_high"),
    *("threshold", "threshold_low", "threshold_high"),
    *(f"{share}{end}" for share in _SHARES for end in _ENDS),
    *("corrected_sensitivity", "corrected_specificity", "corrected_j", "fisher_p", "log_rank_p"),
)


def finding_entry(found: MarkerFinding) -> dict[str, Any]:
    """Return a marker in one population as it stands in the document; null where there is no number."""
    return {
        "status": found.status.name.lower(),
        "status_text": found.status.value,
        "n": found.counts.n,
        "n_events": found.counts.n_events,
        "n_censored_before_horizon": found.counts.n_unknown,
        "n_without_marker": found.counts.n_missing,
        "n_late_entry": found.counts.n_late,
        "direction": found.direction,
        "direction_chosen_from_data": found.is_free,
        "auroc": _optional(_area, found.auroc),
        "auc_at_horizon": _optional(_auc_t, found.auc_at_horizon),
        "youden": _optional(_youden, found.youden),
        "drawn": _optional(_drawn, found.drawn),
        "best": _optional(rule_entry, found.best),
        "given": [rule_entry(one) for one in found.given],
    }


def rule_entry(one: Rule) -> dict[str, Any]:
    """Return what a threshold does as it stands in the document."""
    table = one.table
    return {
        "threshold": number(one.threshold),
        "high_risk": {"with_event": table.true_positive, "without": table.false_positive},
        "low_risk": {"with_event": table.false_negative, "without": table.true_negative},
        **{name: measured_entry(getattr(one.accuracy, name)) for name in _SHARES},
        "fisher_p": number(one.fisher.p),
        "odds_ratio": measured_entry(one.fisher.odds_ratio),
        "log_rank": {"statistic": number(one.log_rank.statistic), "p": number(one.log_rank.p)},
    }


def paired_entry(first: str, second: str, found: tuple[PairedAreas, int] | None) -> dict[str, Any]:
    """Return DeLong's test of two markers as it stands in the document."""
    if found is None:
        return {"first": first, "second": second, "n": 0, "difference": None, "p": None}
    areas, n = found
    return {
        "first": first,
        "second": second,
        "n": n,
        "difference": measured_entry(areas.difference),
        "p": number(areas.p),
    }


def rule_rows(population: str, found: MarkerFinding) -> Iterator[tuple[object, ...]]:
    """Yield a row (``RULE_HEAD``) for the best threshold of a marker and for each given one."""
    rules = [("best", found.best), *(("given", one) for one in found.given)]
    for kind, one in rules:
        if one is None:
            continue
        c, t = found.counts, one.table
        yield (
            *(
                found.marker,
                population,
                kind,
                c.n,
                c.n_events,
                c.n_unknown,
                c.n_missing,
                found.direction,
                one.threshold,
            ),
            *(t.true_positive, t.false_negative, t.false_positive, t.true_negative),
            *(value for name in _SHARES for value in getattr(one.accuracy, name)),
            *(one.fisher.p, *one.fisher.odds_ratio, one.log_rank.p),
        )


def summary_head(populations: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of one row for each marker, populations side by side."""
    return ("marker", *(f"{population}_{name}" for population in populations for name in _SUMMARY))


def summary_row(found: Mapping[str, MarkerFinding]) -> tuple[object, ...]:
    """Return the row of one marker, from its finding in each population."""
    marker = next(iter(found.values())).marker
    return (marker, *(value for one in found.values() for value in _summary(one)))


def number(value: float) -> float | None:
    """Return a finite number, or None."""
    return float(value) if np.isfinite(value) else None


def measured_entry(one: Measured) -> dict[str, float | None]:
    """Return a number with the ends of its interval; None for each that is not there."""
    return {name: number(value) for name, value in one._asdict().items()}


def _summary(one: MarkerFinding) -> tuple[object, ...]:
    c = one.counts
    counts = (one.status.name.lower(), c.n, c.n_events, c.n_unknown, c.n_missing, one.direction or "")
    if one.auroc is None or one.drawn is None:
        return (*counts, *(np.nan,) * (len(_SUMMARY) - len(counts)))
    t = one.auc_at_horizon
    by_time = (np.nan,) * 3 if t is None else tuple(float(part[0]) for part in (t.auc, t.low, t.high))
    corrected = (one.drawn.sensitivity.corrected, one.drawn.specificity.corrected, one.drawn.j.corrected)
    best, ends = one.best, one.drawn.threshold[1:]
    shares = [np.nan] * 15 if best is None else [value for name in _SHARES for value in getattr(best.accuracy, name)]
    tests = (np.nan, np.nan) if best is None else (best.fisher.p, best.log_rank.p)
    threshold = np.nan if best is None else best.threshold
    return (*counts, *one.auroc.area, *one.drawn.auroc[1:], *by_time, threshold, *ends, *shares, *corrected, *tests)


def _area(one: Auroc) -> dict[str, Any]:
    scale = one.status.name.lower()
    return {**measured_entry(one.area), "se": number(one.se), "interval": scale, "interval_text": one.status.value}


def _auc_t(one: TimeDependentAuc) -> dict[str, Any]:
    value, low, high = (number(float(part[0])) for part in (one.auc, one.low, one.high))
    return {"value": value, "low": low, "high": high}


def _youden(one: Youden) -> dict[str, Any]:
    return {
        "status": one.status.name.lower(),
        "status_text": one.status.value,
        "threshold": number(one.threshold),
        "j": number(one.j),
    }


def _drawn(one: DrawnThresholds) -> dict[str, Any]:
    return {
        "n": one.n_draws,
        "n_without_threshold": one.n_useless,
        "n_other_direction": one.n_reversed,
        "auroc": measured_entry(one.auroc),
        "threshold": measured_entry(one.threshold),
        **{name: _corrected(getattr(one, name)) for name in ("sensitivity", "specificity", "j")},
    }


def _corrected(one: Corrected) -> dict[str, float | None]:
    return {name: number(value) for name, value in one._asdict().items()}


def _optional(entry: Any, found: Any) -> dict[str, Any] | None:  # noqa: ANN401 - an entry takes its own kind
    return None if found is None else entry(found)
