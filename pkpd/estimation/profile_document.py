"""Profiles as a document, `asuc-profile/1`: intervals beside those of the standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import norm

from pkpd.estimation.bootstrap import USED
from pkpd.estimation.profile import EndStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.estimation.fit import Fit
    from pkpd.estimation.profile import Profile, ProfileEnd

SCHEMA = "asuc-profile/1"


def profile_document(original: Fit, profiles: Sequence[Profile], *, level: float) -> dict[str, Any]:
    """Return the intervals of some parameters, and what was found on the way.

    Parameters
    ----------
    original : Fit
        The fit of all parameters.
    profiles : sequence of Profile
        Of those that were profiled.
    level : float
        Probability of the intervals.
    """
    return {
        "schema": SCHEMA,
        "method": original.options.method.value,
        "status": original.status.name.lower(),
        "ofv": _finite(original.ofv),
        "level": level,
        "threshold": profiles[0].threshold if profiles else None,
        "n_fits": sum(len(one.points) for one in profiles),
        "n_fits_failed": sum(point.status not in USED for one in profiles for point in one.points),
        "parameters": {one.name: _entry(one, level) for one in profiles},
        "lower_optimum": _lower(original, profiles),
        "warnings": _warnings(original, profiles),
    }


def interval_ratio(profile: Profile) -> float:
    """Return how much farther the upper end lies from the estimate than the lower one; 1 of a symmetric interval, NaN without two.

    An end at a bound is none: no objective has risen there.
    """
    if profile.lower.status is EndStatus.AT_BOUND or profile.upper.status is EndStatus.AT_BOUND:
        return float("nan")
    below = profile.estimate - profile.lower.value
    above = profile.upper.value - profile.estimate
    return above / below if below > 0.0 else float("nan")


def _entry(profile: Profile, level: float) -> dict[str, Any]:
    half = float(norm.ppf(0.5 + 0.5 * level)) * profile.se
    return {
        "estimate": profile.estimate,
        "se": _finite(profile.se),
        "lower": _end(profile.lower),
        "upper": _end(profile.upper),
        "wald_lower": _finite(profile.estimate - half),
        "wald_upper": _finite(profile.estimate + half),
        "interval_ratio": _finite(interval_ratio(profile)),
        "n_fits": len(profile.points),
    }


def _end(end: ProfileEnd) -> dict[str, Any]:
    return {
        "value": _finite(end.value),
        "status": end.status.name.lower(),
        "status_text": end.status.value,
        "farthest": _finite(end.farthest),
        "ofv_change": _finite(end.ofv_change),
    }


def _lower(original: Fit, profiles: Sequence[Profile]) -> dict[str, Any] | None:
    """Return the lowest point of all profiles where it lies below the fit: where to start again."""
    found = [(point.ofv, one.name, point) for one in profiles if (point := one.lowest) is not None]
    if not found:
        return None
    ofv, name, point = min(found, key=lambda item: item[:2])
    values = {one.name: float(value) for one, value in zip(original.parameters, point.values, strict=True)}
    return {"parameter": name, "ofv": ofv, "ofv_change": ofv - original.ofv, "values": values}


def _warnings(original: Fit, profiles: Sequence[Profile]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    if original.status not in USED:
        text = f"The fit did not converge, so that nothing is measured from an optimum: {original.status.value}"
        found.append({"code": "original_not_converged", "text": text})
    lower = _lower(original, profiles)
    if lower:
        text = (
            f"The profile of {lower['parameter']} found an objective {-lower['ofv_change']:.3f} lower than the fit's: start the fit again "
            "from there (the values stand under lower_optimum)."
        )
        found.append({"code": "lower_optimum", "text": text})
    for one in profiles:
        for side, end in (("lower", one.lower), ("upper", one.upper)):
            if end.status not in (EndStatus.FOUND, EndStatus.LOWER_OFV):
                text = f"{one.name} has no {side} end: {end.status.value} ({end.farthest:.4g}, change {end.ofv_change:.2f})."
                found.append({"code": end.status.name.lower(), "text": text})
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
