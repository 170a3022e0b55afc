"""A fit of event times as a document, `tte-fit/1`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tte.data.events import EventKind
from tte.estimation.intervals import LEVEL, estimates
from tte.hazards.hazard import Link

if TYPE_CHECKING:
    from tte.estimation.fit import EventFit
    from tte.estimation.intervals import Estimate

SCHEMA = "tte-fit/1"


def fit_document(fit: EventFit, *, level: float = LEVEL) -> dict[str, Any]:
    """Return a fit as plain dictionaries.

    Parameters
    ----------
    fit : EventFit
        The fit.
    level : float
        Probability of the intervals.
    """
    events, model = fit.events, fit.model
    has_covariance = bool(np.isfinite(fit.covariance).all())
    return {
        "schema": SCHEMA,
        "hazard": model.hazard.value,
        "equation": model.hazard.facts.equation,
        "status": fit.status.name.lower(),
        "status_text": status_text(fit),
        "n_subjects": events.n_subjects,
        "n_rows": events.n_rows,
        "n_events": events.n_events,
        "n_interval_censored": int((events.kind == EventKind.INTERVAL).sum()),
        "log_likelihood": _finite(fit.log_likelihood),
        "aic": _finite(aic(fit)),
        "bic": _finite(bic(fit)),
        "bic_n": events.n_subjects,
        "n_parameters": fit.n_free,
        "level": level,
        "parameters": {one.name: _entry(fit, one) for one in estimates(fit, level=level)},
        "effects": [
            {
                "name": effect.name,
                "parameter": effect.parameter,
                "covariate": effect.covariate,
                "reference": effect.reference,
            }
            for effect in model.effects
        ],
        "covariance": {
            "names": list(model.names),
            "scale": "link",
            "matrix": fit.covariance.tolist() if has_covariance else None,
        },
        "gradient": {name: _finite(float(slope)) for name, slope in zip(model.names, fit.gradient, strict=True)},
        "steps": fit.n_steps,
    }


def status_text(fit: EventFit) -> str:
    """Return how a fit ended, and which coefficients that concerns."""
    if not fit.named:
        return fit.status.value
    return f"{fit.status.value} It concerns {', '.join(fit.named)}."


def aic(fit: EventFit) -> float:
    """Return Akaike's information criterion, −2 log L + 2 p."""
    return -2.0 * fit.log_likelihood + 2.0 * fit.n_free


def bic(fit: EventFit) -> float:
    """Return the Bayesian information criterion, −2 log L + p·ln(number of subjects)."""
    return -2.0 * fit.log_likelihood + fit.n_free * math.log(fit.events.n_subjects)


def _entry(fit: EventFit, one: Estimate) -> dict[str, Any]:
    own = {parameter.name: parameter for parameter in fit.model.hazard.parameters}.get(one.name)
    entry = {
        "estimate": _finite(one.value),
        "se": _finite(one.se),
        "rse_pct": _finite(100.0 * one.se / abs(one.value)) if one.value else None,
        "interval": _pair(one.lower, one.upper),
        "link": one.link.value,
        "link_estimate": _finite(one.link_value),
        "link_se": _finite(one.link_se),
        "fixed": one.is_fixed,
        "at_bound": one.is_at_bound,
        "unit": own.unit if own else "",
    }
    if own is None:
        entry |= _ratio(fit, one)
    return entry


def _ratio(fit: EventFit, one: Estimate) -> dict[str, Any]:
    """Return the factor on a parameter that goes with one unit of a covariate, where the parameter's link makes it one."""
    effect = next(effect for effect in fit.model.effects if effect.name == one.name)
    link = next(own.link for own in fit.model.hazard.parameters if own.name == effect.parameter)
    is_factor = link is Link.LOG or effect.parameter == "mu"
    if not is_factor:
        return {"ratio": None, "ratio_interval": None}
    with np.errstate(over="ignore"):
        value, low, high = np.exp([one.value, one.lower, one.upper]).tolist()
    return {"ratio": _finite(value), "ratio_interval": _pair(low, high)}


def _pair(low: float, high: float) -> list[float | None] | None:
    return None if math.isnan(low) and math.isnan(high) else [_finite(low), _finite(high)]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
