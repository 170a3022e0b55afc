"""A fit of event times as a document, `tte-fit/1`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tte.data.events import EventKind
from tte.estimation.fit import FitStatus
from tte.estimation.intervals import LEVEL, estimates
from tte.estimation.profile import EndStatus
from tte.hazards.hazard import Hazard, Link
from tte.model.coding import Coding, effect_multiplier, log_lambda_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tte.estimation.fit import EventFit
    from tte.estimation.intervals import Estimate
    from tte.estimation.profile import Profile

SCHEMA = "tte-fit/1"
# Events for each estimated parameter, below which the normal approximation is rough.
_FEW_EVENTS = 10.0
_LARGEST_LOG = 700.0


def fit_document(fit: EventFit, profiles: Sequence[Profile] = (), *, level: float = LEVEL) -> dict[str, Any]:
    """Return a fit as plain dictionaries.

    Parameters
    ----------
    fit : EventFit
        The fit.
    profiles : sequence of Profile
        Profiles of its coefficients, of all, some or none.
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
        "log_likelihood": finite(fit.log_likelihood),
        "aic": finite(aic(fit)),
        "bic": finite(bic(fit)),
        "bic_n": events.n_subjects,
        "n_parameters": fit.n_free,
        "level": level,
        "penalty": None if fit.penalty is None else finite(fit.penalty),
        "parameters": {one.name: _entry(fit, one) | _profile(one, profiles) for one in estimates(fit, level=level)},
        "codings": _codings(fit),
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
        "gradient": {name: finite(float(slope)) for name, slope in zip(model.names, fit.gradient, strict=True)},
        "steps": fit.n_steps,
        "warnings": _warnings(fit, profiles),
    }


def status_text(fit: EventFit) -> str:
    """Return how a fit ended, and which coefficients that concerns."""
    return ending(fit.status, fit.named, fit.model.given)


def ending(status: FitStatus, named: Sequence[str], given: Mapping[str, float]) -> str:
    """Return a status in words, with the parameters that it speaks of, and the values that the user gave where the likelihood is none there.

    Parameters
    ----------
    status : FitStatus
        How a fit ended.
    named : sequence of str
        The parameters.
    given : mapping of str to float
        Values that were given, by parameter, on the natural scale.
    """
    if not named:
        return status.value
    if status is FitStatus.NO_FINITE_START:
        return f"{status.value} It concerns {', '.join(f'{name} = {given[name]:g}' for name in named)}."
    return f"{status.value} It concerns {', '.join(named)}."


def aic(fit: EventFit) -> float:
    """Return Akaike's information criterion, −2 log L + 2 p."""
    return -2.0 * fit.log_likelihood + 2.0 * fit.n_free


def bic(fit: EventFit) -> float:
    """Return the Bayesian information criterion, −2 log L + p·ln(number of subjects)."""
    return -2.0 * fit.log_likelihood + fit.n_free * math.log(fit.events.n_subjects)


def _entry(fit: EventFit, one: Estimate) -> dict[str, Any]:
    own = {parameter.name: parameter for parameter in fit.model.hazard.parameters}.get(one.name)
    limit = _limit(fit, one)
    is_number = limit is None and not is_beyond_numbers(one)
    entry = {
        "estimate": finite(one.value) if is_number else None,
        "limit": limit,
        "se": finite(one.se) if is_number else None,
        "rse_pct": finite(100.0 * one.se / abs(one.value)) if one.value and is_number else None,
        "interval": _pair(one.lower, one.upper) if is_number else None,
        "link": one.link.value,
        "link_estimate": finite(one.link_value) if limit is None else None,
        "link_se": finite(one.link_se) if limit is None else None,
        "fixed": one.is_fixed,
        "at_bound": one.is_at_bound,
        "unit": own.unit if own else "",
    }
    if own is None:
        entry |= _ratio(fit, one) if limit is None else {"ratio": None, "ratio_interval": None}
    return entry


def is_beyond_numbers(one: Estimate) -> bool:
    """Return whether an estimate is known by its logarithm alone, its own value being too small or too large for a number."""
    return one.link is Link.LOG and math.isfinite(one.link_value) and not 0.0 < one.value < math.inf


def _beyond(fit: EventFit) -> Iterator[dict[str, str]]:
    """Yield what to do of parameters that hold where a covariate is far from the data."""
    for one in estimates(fit):
        if not is_beyond_numbers(one) or _limit(fit, one) is not None:
            continue
        effects = [effect for effect in fit.model.effects if effect.parameter == one.name]
        text = f"{one.name} is e^{one.link_value:.1f}, which no number holds"
        if effects:
            at = " and ".join(f"{effect.covariate} is {effect.reference:g}" for effect in effects)
            inside = " ".join(
                f"--reference {effect.covariate}={float(np.median(fit.events.covariates[effect.covariate])):.4g}"
                for effect in effects
            )
            text += f": it is that where {at}; {inside} gives it inside the data"
        yield {"code": "beyond_numbers", "text": f"{text}."}


def _limit(fit: EventFit, one: Estimate) -> str | None:
    """Return where an estimate goes to under a monotone likelihood; None for one that is a number."""
    if fit.status is not FitStatus.MONOTONE_LIKELIHOOD or one.name not in fit.named:
        return None
    if one.link_value > 0.0:
        return "infinity"
    return "0" if one.link is Link.LOG else "-infinity"


def _ratio(fit: EventFit, one: Estimate) -> dict[str, Any]:
    """Return the factor on a parameter that goes with one unit of a covariate, where the parameter's link makes it one."""
    effect = next(effect for effect in fit.model.effects if effect.name == one.name)
    link = next(own.link for own in fit.model.hazard.parameters if own.name == effect.parameter)
    is_factor = link is Link.LOG or effect.parameter == "mu"
    if not is_factor:
        return {"ratio": None, "ratio_interval": None}
    with np.errstate(over="ignore"):
        value, low, high = np.exp([one.value, one.lower, one.upper]).tolist()
    return {"ratio": finite(value), "ratio_interval": _pair(low, high)}


def _profile(one: Estimate, profiles: Sequence[Profile]) -> dict[str, Any]:
    """Return the interval by profile on the natural scale, and what became of its ends."""
    found = next((profile for profile in profiles if profile.name == one.name), None)
    if found is None:
        return {"profile_interval": None, "profile_status": None}
    ends = (found.lower, found.upper)
    with np.errstate(over="ignore"):
        low, high = (float(np.exp(end.value)) if one.link is Link.LOG else end.value for end in ends)
    return {
        "profile_interval": [finite(low), finite(high)],
        "profile_status": [end.status.name.lower() for end in ends],
    }


def _codings(fit: EventFit) -> dict[str, Any] | None:
    """Return λ, γ and β of a Weibull hazard in each coding that papers use, with standard errors by the delta method.

    None for other hazards, and where covariates act on the shape: then the codings are not the same model.
    """
    model = fit.model
    if model.hazard is not Hazard.WEIBULL or any(effect.parameter != "lambda" for effect in model.effects):
        return None
    shape = math.exp(fit.theta[1]) if abs(fit.theta[1]) < _LARGEST_LOG else math.nan
    found: dict[str, Any] = {}
    for coding in Coding:
        log_lambda = log_lambda_of(coding, float(fit.theta[0]), shape=shape)
        is_outside = coding is Coding.PROPORTIONAL_HAZARDS
        own = {
            "log_lambda": (log_lambda, (1.0, 0.0) if is_outside else (1.0 / shape, -log_lambda)),
            "shape": (shape, (0.0, shape)),
        }
        values = {
            name: {"estimate": finite(value), "se": _delta(fit, {0: a, 1: b})} for name, (value, (a, b)) in own.items()
        }
        multiplier = effect_multiplier(coding, shape=shape)
        for k, effect in enumerate(model.effects, start=2):
            beta = float(fit.theta[k]) / multiplier
            slope = {k: 1.0 / multiplier, 1: -beta if coding is Coding.SCALE_INSIDE else 0.0}
            values[effect.name] = {"estimate": finite(beta), "se": _delta(fit, slope)}
        found[coding.value] = values
    return found


def _delta(fit: EventFit, slope: dict[int, float]) -> float | None:
    """Return the standard error of a function of the coefficients from its derivatives by some of them."""
    gradient = np.zeros(fit.theta.size)
    gradient[list(slope)] = list(slope.values())
    variance = float(gradient @ fit.covariance @ gradient)
    return finite(math.sqrt(variance)) if variance > 0.0 else None


def _warnings(fit: EventFit, profiles: Sequence[Profile]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    if fit.events.n_events == fit.events.n_subjects:
        found.append({"code": "no_censoring", "text": "Every subject has the event; nobody is censored."})
    per_parameter = fit.events.n_events / max(fit.n_free, 1)
    if fit.status is not FitStatus.EVALUATED and fit.n_free and per_parameter < _FEW_EVENTS:
        events = "1 event" if fit.events.n_events == 1 else f"{fit.events.n_events} events"
        parameters = "1 estimated parameter" if fit.n_free == 1 else f"{fit.n_free} estimated parameters"
        text = f"{events} for {parameters}: standard errors are rough; prefer intervals by profile."
        found.append({"code": "few_events", "text": text})
    if fit.status is FitStatus.MONOTONE_LIKELIHOOD:
        text = "An estimate that goes to infinity has no standard error; --penalize gives a finite one, and a profile the end of its interval."
        found.append({"code": "monotone_likelihood", "text": text})
    found += _beyond(fit)
    for one in profiles:
        for side, end in (("lower", one.lower), ("upper", one.upper)):
            if end.status is not EndStatus.FOUND:
                found.append(
                    {
                        "code": f"profile_{end.status.name.lower()}",
                        "text": f"{one.name}, {side} end: {end.status.value}",
                    }
                )
    return found


def _pair(low: float, high: float) -> list[float | None] | None:
    return None if math.isnan(low) and math.isnan(high) else [finite(low), finite(high)]


def finite(value: float) -> float | None:
    """Return a number, or None for one that JSON does not have."""
    return float(value) if math.isfinite(value) else None
