"""Fits to several completed cohorts as one document, `asuc-fit/1`: pooled estimates, and what the missing covariates cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.bootstrap import USED
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit
from pkpd.estimation.multiple_imputation import parameters_at
from pkpd.estimation.pooling import Pooled, pool
from pkpd.estimation.result import fit_document
from pkpd.likelihood.population import bind_population

if TYPE_CHECKING:
    from pkpd.estimation.multiple_imputation import ImputationOptions, ImputedFits


def pooled_fits(imputed: ImputedFits, kind: CovarianceKind | None) -> tuple[Pooled, tuple[Fit, ...]]:
    """Return the pooled free parameters, and the fits that count: those that converged, or ended at a bound.

    Where one of them has no covariance matrix, or none is asked for, standard errors are NaN.
    """
    used = tuple(one for one in imputed.fits if one.status in USED)
    first = imputed.fits[0]
    free = first.scale.free
    if len(used) < 2:
        nothing = np.full(len(free), np.nan)
        return Pooled(*(nothing for _ in range(6))), used
    known = [None if kind is None else uncertainty(one, kind) for one in used]
    variances = [np.full(len(free), np.nan) if one is None else np.diag(one.matrix) for one in known]
    estimates = np.array([one.values[free] for one in used])
    df = float(max(first.population.n_subjects - first.scale.n_free, 1))
    return pool(estimates, np.array(variances), df_complete=df), used


def middle_fit(imputed: ImputedFits, pooled: Pooled) -> Fit:
    """Return the model at the pooled estimates, with the middle of the drawn covariates: its random effects and residuals."""
    last = imputed.fits[-1]
    values = last.values.copy()
    if np.isfinite(pooled.estimate).all():
        values[last.scale.free] = pooled.estimate
    population = bind_population(last.population.model, imputed.middle)
    options = FitOptions(last.options.method, 0, with_covariance=False)
    return fit(population, options, parameters=parameters_at(last.parameters, values))


def imputed_document(
    imputed: ImputedFits,
    options: ImputationOptions,
    kind: CovarianceKind | None,
    *,
    seconds: float,
    data_sha256: str,
) -> tuple[dict[str, Any], Fit]:
    """Return fits to completed cohorts as plain dictionaries, and the model at their pooled estimates.

    Parameters
    ----------
    imputed : ImputedFits
        The fits.
    options : ImputationOptions
        How covariates were drawn.
    kind : CovarianceKind or None
        Which covariance matrix the standard errors within come from; None for no standard errors.
    seconds : float
        How long it took.
    data_sha256 : str
        Hash of the cohort file.
    """
    pooled, used = pooled_fits(imputed, kind)
    middle = middle_fit(imputed, pooled)
    document = fit_document(middle, kind or CovarianceKind.SANDWICH, seconds=seconds, data_sha256=data_sha256)
    statuses = Counter(one.status.name.lower() for one in imputed.fits)
    ofv = [one.ofv for one in used]
    with_se = bool(used) and bool(np.isfinite(pooled.total).all())
    status = _status(imputed)
    constant = document["ofv_with_log2pi"] - document["ofv"] if document["ofv"] is not None else 0.0
    mean = float(np.mean(ofv)) if ofv else None
    document |= {
        "status": status.name.lower(),
        "status_text": f"{len(used)} of {len(imputed.fits)} fits to completed cohorts are pooled. {status.value}",
        "ofv": mean,
        "ofv_with_log2pi": None if mean is None else mean + constant,
        "aic": None if mean is None else mean + 2.0 * imputed.fits[0].scale.n_free,
        "n_parameters": imputed.fits[0].scale.n_free,
        "covariance": kind.value if kind and with_se else None,
        "gradient_norm": _number(np.max([one.gradient_norm for one in imputed.fits])),
        "evaluations": sum(one.n_evaluations for one in imputed.fits),
        "imputation": {
            "method": "multiple",
            "n": len(imputed.fits),
            "n_used": len(used),
            "burn_in": options.burn_in,
            "seed": options.seed,
            "missing": imputed.missing,
            "drawn_with": list(imputed.columns),
            "statuses": dict(statuses),
            "ofv_low": min(ofv) if ofv else None,
            "ofv_high": max(ofv) if ofv else None,
        },
    }
    _write_pooled(document, imputed, pooled)
    document["warnings"] = [
        *(one for one in document["warnings"] if one["code"] != "not_informed"),
        *_warnings(imputed, used, with_se=with_se, wanted=kind is not None),
    ]
    return document, middle


def _status(imputed: ImputedFits) -> FitStatus:
    """Return how the fits ended: one that did not converge speaks for all, then one at a bound."""
    statuses = [one.status for one in imputed.fits]
    worse = (one for one in statuses if one not in USED)
    return next(worse, FitStatus.AT_BOUND if FitStatus.AT_BOUND in statuses else statuses[0])


def _write_pooled(document: dict[str, Any], imputed: ImputedFits, pooled: Pooled) -> None:
    """Write the pooled numbers of the free parameters into their entries; fixed ones have none."""
    first = imputed.fits[0]
    place = {first.parameters[i].name: k for k, i in enumerate(first.scale.free)}
    reach = pooled.reach * pooled.se
    for group in ("theta", "omega", "sigma"):
        for name, entry in document[group].items():
            entry["fixed"] = name not in place
            if name not in place:
                continue
            k = place[name]
            value, se = float(pooled.estimate[k]), _number(pooled.se[k])
            entry["se"] = se
            entry["rse_pct"] = None if se is None or value == 0.0 else 100.0 * se / abs(value)
            if "rse_sd_pct" in entry:
                entry["rse_sd_pct"] = None if se is None else 50.0 * se / value
            entry["at_bound"] = any(name in one.at_bound for one in imputed.fits)
            entry["imputation"] = {
                "se_within": _number(np.sqrt(pooled.within[k])),
                "sd_between": _number(np.sqrt(pooled.between[k])),
                "df": _number(pooled.df[k]),
                "missing_information_pct": _number(100.0 * pooled.fmi[k]),
                "low": _number(value - reach[k]),
                "high": _number(value + reach[k]),
            }


def _warnings(imputed: ImputedFits, used: tuple[Fit, ...], *, with_se: bool, wanted: bool) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    n, m = len(imputed.fits), len(used)
    text = f"Objectives of {n} completed cohorts are averaged (`ofv`); they compare with no other fit and with no likelihood ratio."
    found.append({"code": "ofv_of_imputations", "text": text})
    if m < n:
        text = f"{n - m} of {n} fits did not converge and are not pooled."
        found.append({"code": "fits_not_converged", "text": text})
    if m < 2:
        text = "Fewer than two fits can be pooled; the estimates are those of the last."
        found.append({"code": "not_pooled", "text": text})
    elif wanted and not with_se:
        text = "Some fits have no covariance matrix, so that pooled estimates have no standard errors."
        found.append({"code": "no_covariance", "text": text})
    return found


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
