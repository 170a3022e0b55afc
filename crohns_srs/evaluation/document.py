"""The evaluation of a table as one document, `asuc-crohns-validate/1`; null stands where there is no number."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.evaluation.resampling import UNCERTAINTIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crohns_srs.evaluation.concordance import Concordance
    from crohns_srs.evaluation.performance import Bin, Interval, Performance
    from crohns_srs.evaluation.replicate_results import LearnerLabels, Null, Stability, Study
    from crohns_srs.evaluation.rule_value import PolicyValue, RuleValue
    from crohns_srs.evaluation.study import Evaluation, HeldOutResult, Labeling

SCHEMA = "asuc-crohns-validate/1"
_QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


NOTES = (
    "Associations in pooled trials: classes were not randomised against each other unless a trial has several, and no difference between them is a proven benefit.",
    "Labels by coherent part classes only where every one before is better than every one after; by paper and dashboard where two neighbours in rank differ.",
)


def validation_document(study: Study, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an evaluation, but for the time that it took.

    Parameters
    ----------
    study : Study
        What was found.
    settings : mapping
        What it depends on.
    """
    given = study.shared.participants
    config = given.config
    ids = [one.id for one in config.classes]
    return {
        "schema": SCHEMA,
        "data": {
            "file": given.file,
            "sha256": given.sha256,
            "n_rows": given.n_rows,
            "n_trials": int(np.unique(given.trial).size),
        },
        "config": {"id": config.id, "title": config.title, "sha256": config.sha256},
        "classes": {one.id: one.title for one in config.classes},
        "outcome": {"unit": config.outcome.unit, "response": config.outcome.response[0]},
        "settings": dict(settings),
        **evaluation_entry(study.evaluation),
        "null": None
        if study.null is None
        else {
            "exchange": study.shared.exchange.name.lower(),
            "text": study.shared.exchange.value,
            **null_entry(study.null),
        },
        "stability": None if study.stability is None else stability_entry(study.stability),
        "learners": {name: learner_entry(one, ids) for name, one in study.learners.items()},
        "failures": study.failures,
        "notes": list(NOTES),
    }


def evaluation_entry(found: Evaluation) -> dict[str, Any]:
    """Return what needs no replicates."""
    return {
        "held_out": {"trials": _held_out(found.trials), "folds": _held_out(found.folds)},
        "held_out_trials": [
            {
                "trial": one.trial,
                "arm": one.arm,
                "n": one.n,
                "n_trials_left": one.n_trials_left,
                "residual": _interval(one.residual),
                "observed": number(one.observed),
                "predicted": number(one.predicted),
                "responses": number(one.responses),
                "expected_responses": number(one.expected_responses),
                "said": one.said,
            }
            for one in found.arms
        ],
        "labels": {name: _labeling(one) for name, one in found.labels.items()},
        "concordance": [{"a": a, "b": b, **concordance_entry(one)} for (a, b), one in found.by_uncertainty.items()],
        "ablations": [
            {
                "without": list(one.without),
                "reason": one.reason,
                "by_uncertainty": {
                    name: {"no_preference": share, **concordance_entry(one.agreement[name])}
                    for name, share in one.no_preference.items()
                },
            }
            for one in found.ablations
        ],
        "rule": {"reason": found.rule} if isinstance(found.rule, str) else rule_entry(found.rule),
    }


def null_entry(found: Null) -> dict[str, Any]:
    """Return what exchanges found."""
    return {
        "n": found.n,
        "n_failed": found.n_failed,
        "by_uncertainty": {
            one.value: {
                "labelled": _spread(found.labelled[:, k]),
                "ordered": _spread(found.ordered[:, k]),
            }
            for k, one in enumerate(UNCERTAINTIES)
        },
    }


def stability_entry(found: Stability) -> dict[str, Any]:
    """Return how stable labels are."""
    return {
        "n": found.n,
        "n_failed": found.n_failed,
        "best": _spread(found.best),
        "by_uncertainty": {
            one.value: {**_spread(found.same[k]), "by_label": found.by_label[one.value]}
            for k, one in enumerate(UNCERTAINTIES)
        },
    }


def learner_entry(found: LearnerLabels, ids: list[str]) -> dict[str, Any]:
    """Return the labels of a learner."""
    return {
        "n": found.n,
        "n_failed": found.n_failed,
        "median_error": dict(zip(ids, map(number, found.error), strict=True)),
        "correlation": dict(zip(ids, map(number, found.correlation), strict=True)),
        "same_best": found.same_best,
        "by_rule": {
            name: {**_labeling(one), **concordance_entry(found.agreement[name])}
            for name, one in found.labelings.items()
        },
    }


def rule_entry(found: RuleValue) -> dict[str, Any]:
    """Return the value of the rule."""
    return {
        "reason": "",
        "n": found.n,
        "n_trials": found.n_trials,
        "is_randomised": found.is_randomised,
        "given": found.given,
        "clipped": found.clipped,
        "outcome": [_policy(one) for one in found.outcome],
        "response": [_policy(one) for one in found.response],
    }


def concordance_entry(found: Concordance) -> dict[str, float | None]:
    """Return the agreement of two labelings."""
    return {
        "published": found.published,
        "same": found.same,
        "resolved": found.resolved,
        "resolved_agreement": number(found.resolved_agreement),
        "resolved_kappa": number(found.resolved_kappa),
        "kappa": number(found.kappa),
    }


def number(value: float) -> float | None:
    """Return a number, None where it is none."""
    return value if isfinite(value) else None


def _policy(one: PolicyValue) -> dict[str, Any]:
    return {
        "policy": one.name,
        "value": _interval(one.value),
        "participant_se": number(one.participant_error),
        "rule_exceeds_by": _interval(one.over_rule),
        "expected_by_models": number(one.expected),
        "effective_n": number(one.effective),
    }


def _held_out(found: HeldOutResult) -> dict[str, Any]:
    return {
        "active": _performance(found.active),
        "placebo": _performance(found.placebo),
        "by_class": {name: _performance(one) for name, one in found.by_class.items()},
        "n_missing": found.n_missing,
    }


def _performance(found: Performance | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"n": 0, "reason": found}
    return {
        "n": found.n,
        "n_responses": found.n_responses,
        "reason": "",
        "calibration_intercept": _interval(found.intercept),
        "calibration_slope": _interval(found.slope),
        "r_squared": number(found.r_squared),
        "rmse": number(found.rmse),
        "concordance": number(found.concordance),
        "bins": [_bin(one) for one in found.bins],
        "c_statistic": _interval(found.c_statistic),
        "response_intercept": _interval(found.response_intercept),
        "response_slope": _interval(found.response_slope),
        "brier": number(found.brier),
        "response_bins": [_bin(one) for one in found.response_bins],
    }


def _bin(one: Bin) -> dict[str, Any]:
    return {"n": one.n, "predicted": one.predicted, "observed": _interval(one.observed)}


def _labeling(one: Labeling) -> dict[str, Any]:
    return {"no_preference": one.no_preference, "shares": one.shares}


def _interval(one: Interval) -> dict[str, float | None]:
    return {"value": number(one.value), "low": number(one.low), "high": number(one.high)}


def _spread(values: np.ndarray[Any, Any]) -> Mapping[str, float | None]:
    if not values.size:
        return {"mean": None, **dict.fromkeys(_QUANTILES)}
    return {"mean": float(values.mean()), **{name: float(np.quantile(values, q)) for name, q in _QUANTILES.items()}}
