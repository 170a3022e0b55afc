"""A covariate search as a document, `asuc-scm/1`: the base model, every fit of every step, and the final model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.diagnostics.candidates import with_relations
from pkpd.estimation.fit import FitStatus
from pkpd.model.population import population_parameters

if TYPE_CHECKING:
    from pkpd.diagnostics.candidates import Relation
    from pkpd.diagnostics.scm import SearchResult
    from pkpd.diagnostics.trials import ImputedTest, Search, SearchImputation, TestedFit

SCHEMA = "asuc-scm/1"


def scm_document(search: Search, result: SearchResult) -> dict[str, Any]:
    """Return a search as plain dictionaries, `asuc-scm/1`.

    Parameters
    ----------
    search : Search
        What was searched.
    result : SearchResult
        What was found.
    """
    final = result.final
    n_failed = sum(not one.is_used for one in result.tested)
    return {
        "schema": SCHEMA,
        "method": search.method.value,
        "n_subjects": search.cohort.n_subjects,
        "n_candidates": len(search.candidates),
        "n_fits": len(result.tested),
        "n_failed": n_failed,
        "statuses": {
            status.name.lower(): sum(one.status is status for one in result.tested)
            for status in FitStatus
            if any(one.status is status for one in result.tested)
        },
        "covariates": {
            name: {"median": known.median, "low": known.low, "high": known.high}
            for name, known in search.values.items()
        },
        "base": _model_entry(search, result.base),
        "steps": _steps(result),
        "final": {**_model_entry(search, final), "change_from_base": final.ofv - result.base.ofv},
        **({} if search.imputation is None else {"imputation": _imputation_entry(search.imputation, result)}),
        "warnings": _warnings(result, n_failed),
    }


def _imputation_entry(given: SearchImputation, result: SearchResult) -> dict[str, Any]:
    """Return what was missing, how it was drawn, and what was made of it."""
    imputed = [one.imputed for one in result.tested if one.imputed is not None]
    known = [one.ratio.fmi for one in imputed if one.ratio is not None]
    return {
        "method": "multiple",
        "n": given.options.n_imputations,
        "burn_in": given.options.burn_in,
        "seed": given.options.seed,
        "missing": dict(given.missing),
        "drawn_with": [one.name for one in given.columns],
        "n_tests": sum(one.ratio is not None for one in imputed),
        "n_fits": sum(one.n_fits for one in imputed),
        "n_fits_failed": sum(one.n_failed for one in imputed),
        "most_missing_information_pct": 100.0 * max(known) if known else None,
    }


def _model_entry(search: Search, fit_: TestedFit) -> dict[str, Any]:
    """Return a model of the search with its estimates."""
    return {
        "ofv": fit_.ofv,
        "status": fit_.status.name.lower(),
        "at_bound": list(fit_.at_bound),
        "effects": [_effect_entry(search, one, fit_) for one in fit_.relations],
        "estimates": dict(fit_.estimates),
    }


def _effect_entry(search: Search, relation: Relation, fit_: TestedFit) -> dict[str, Any]:
    """Return a relation with the estimates of its coefficients."""
    prefix = f"{relation.parameter}_{relation.covariate}"
    known = search.values[relation.covariate]
    base = {one.name for one in search.parameters}
    own = population_parameters(with_relations(search.base, [relation], search.values))
    names = [one.name for one in own if one.name not in base and one.name.startswith(prefix)]
    return {
        "parameter": relation.parameter,
        "covariate": relation.covariate,
        "form": relation.form.value,
        "reference": known.codes[0] if known.codes else known.median,
        "coefficients": {name: fit_.estimates[name] for name in names},
    }


def _steps(result: SearchResult) -> list[dict[str, Any]]:
    """Return the steps with every fit of each."""
    numbers = dict.fromkeys(one.step for one in result.tested if one.step > 0)
    return [
        {
            "step": number,
            "direction": fits[0].direction.value,
            "selected": next((str(one.tested) for one in fits if one.is_selected), None),
            "fits": [_fit_entry(one) for one in fits],
        }
        for number in numbers
        for fits in [[one for one in result.tested if one.step == number]]
    ]


def _fit_entry(one: TestedFit) -> dict[str, Any]:
    tested = one.tested
    assert tested is not None, "only the base model tests nothing"  # noqa: S101 (built here)
    return {
        "parameter": tested.parameter,
        "covariate": tested.covariate,
        "form": tested.form.value,
        "df": one.df,
        "ofv": _finite(one.ofv),
        "change": _finite(one.change),
        "p": _finite(one.p),
        "status": one.status.name.lower(),
        "at_bound": list(one.at_bound),
        "selected": one.is_selected,
        **({} if one.imputed is None else {"imputation": _test_entry(one.imputed)}),
    }


def _test_entry(imputed: ImputedTest) -> dict[str, Any]:
    """Return the pooled test of completed cohorts, F distributed where the effect is none."""
    ratio = imputed.ratio
    return {
        "statistic": None if ratio is None else ratio.statistic,
        "df_denominator": None if ratio is None else _finite(ratio.df_denominator),
        "missing_information_pct": None if ratio is None else 100.0 * ratio.fmi,
        "n": imputed.n_imputations,
        "n_fits": imputed.n_fits,
        "n_fits_failed": imputed.n_failed,
    }


def _warnings(result: SearchResult, n_failed: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    if n_failed:
        text = f"{n_failed} of {len(result.tested)} fits failed; they are in the trace and selected nothing."
        found.append({"code": "fits_failed", "text": text})
    if result.final.at_bound:
        text = f"In the final model {', '.join(result.final.at_bound)} lies at a bound."
        found.append({"code": "at_bound", "text": text})
    if result.final.imputed is not None:
        text = "The OFV of the final model is a mean over completed cohorts; it compares with no other. Effects are compared by their p."
        found.append({"code": "ofv_of_imputations", "text": text})
    return found


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
