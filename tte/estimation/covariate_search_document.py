"""A stepwise search of covariates as a document, `tte-scm/1`, and its trace as rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tte.estimation.document import aic, finite, fit_document, status_text
from tte.estimation.fit import FitStatus

if TYPE_CHECKING:
    from tte.estimation.covariate_search import Candidate, CovariateSearch, Tested

SCHEMA = "tte-scm/1"
TRACE_HEAD = (
    "step",
    "direction",
    "parameter",
    "covariate",
    "form",
    "median",
    "status",
    "log_likelihood",
    "change",
    "df",
    "p",
    "aic",
    "selected",
)


def covariate_search_document(search: CovariateSearch, *, forward: float, backward: float) -> dict[str, Any]:
    """Return a search as plain dictionaries; parameters as in `tte.estimation.covariate_search.covariate_search`."""
    return {
        "schema": SCHEMA,
        "hazard": search.base.model.hazard.value,
        "forward": forward,
        "backward": backward,
        "n_subjects": search.base.events.n_subjects,
        "n_events": search.base.events.n_events,
        "base": {"log_likelihood": finite(search.base.log_likelihood), "aic": finite(aic(search.base))},
        "trace": [dict(zip(TRACE_HEAD, trace_row(one), strict=True)) for one in search.tested],
        "selected": [_entry(one) for one in search.selected],
        "final": fit_document(search.final),
        "warnings": _warnings(search),
    }


def trace_row(one: Tested) -> tuple[Any, ...]:
    """Return a tested effect in the order of `TRACE_HEAD`; None where the fit has no maximum."""
    return (
        one.step,
        one.direction,
        *_entry(one.candidate).values(),
        one.fit.status.name.lower(),
        finite(one.fit.log_likelihood),
        finite(one.change),
        len(one.candidate.effects),
        finite(one.p),
        finite(aic(one.fit)) if math.isfinite(one.p) else None,
        int(one.is_selected),
    )


def _entry(one: Candidate) -> dict[str, Any]:
    return {"parameter": one.parameter, "covariate": one.covariate, "form": one.form.value, "median": one.median}


def _warnings(search: CovariateSearch) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    n_tests = sum(one.direction == "forward" for one in search.tested)
    if search.selected:
        text = f"The effects were chosen among {n_tests} tests of the same data: they are associations, and their p values and intervals are too good."
        found.append({"code": "selected", "text": text})
    named = {
        f"{one.candidate.parameter}:{one.candidate.covariate} ({one.candidate.form.value})": one
        for one in search.tested
        if one.fit.status is FitStatus.MONOTONE_LIKELIHOOD and one.direction == "forward"
    }
    for name, one in named.items():
        text = f"{name} was not selected. {status_text(one.fit)} `asuc tte fit --penalize` gives a finite estimate."
        found.append({"code": "monotone_likelihood", "text": text})
    return found
