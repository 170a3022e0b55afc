"""Fits of one joint model beside each other as a document, `tte-joint/1`, and what is known of each subject."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import FitStatus as LevelsStatus
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.estimation.document import ending, finite, fit_document, status_text
from tte.estimation.fit import FitStatus
from tte.estimation.intervals import LEVEL
from tte.joint.comparison import as_event_fit, event_log_likelihood, log_likelihood
from tte.joint.data import given_values, predictor_at_modes
from tte.joint.fit import JointFit
from tte.joint.sequential import modes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.arrays import BoolArray, FloatArray
    from tte.estimation.fit import EventFit
    from tte.joint.comparison import JointComparison

SCHEMA = "tte-joint/1"
FITS = {
    "plug_in": "plug-in",
    "regression_calibration": "regression calibration",
    "pk_held": "joint, PK held",
    "joint": "joint",
}
"""Keys of the fits, and how readers call them."""
_PROFILES = {"plug_in": "modes", "regression_calibration": "means", "pk_held": "held", "joint": "joint"}
_FEW_EVENTS = 10.0
_ENDED = (LevelsStatus.CONVERGED, LevelsStatus.AT_BOUND)


def titled(name: str) -> str:
    """Return what readers call a fit, as a sentence begins with it; abbreviations stay as they are."""
    return name[:1].upper() + name[1:]


def joint_document(found: JointComparison, *, is_planned: BoolArray, level: float = LEVEL) -> dict[str, Any]:
    """Return the fits as plain dictionaries.

    Parameters
    ----------
    found : JointComparison
        The fits.
    is_planned : (n_subjects,) array
        Of which subjects some dose in or before the window is a planned one.
    level : float
        Probability of the intervals.
    """
    data = found.data
    cohort, events = data.population.cohort, data.events
    fits: dict[str, Any] = {
        "plug_in": _sequential(found, "plug_in", found.modes, level),
        "regression_calibration": _sequential(found, "regression_calibration", found.means, level),
        "pk_held": _joint(found, "pk_held", found.held, level),
        "joint": None if found.joint is None else _joint(found, "joint", found.joint, level),
    }
    return {
        "schema": SCHEMA,
        "model": {"name": data.population.model.id, "sha256": data.population.model.sha256},
        "hazard": data.model.hazard.value,
        "equation": data.model.hazard.facts.equation,
        "predictor": data.predictor.value.lower(),
        "effect": data.effect,
        "reference": data.reference,
        "window_day": data.exposure.window.tolist(),
        "level": level,
        "n_subjects": cohort.n_subjects,
        "n_with_event_times": events.n_subjects,
        "n_events": events.n_events,
        "n_interval_censored": int((events.kind == EventKind.INTERVAL).sum()),
        "n_levels": cohort.level.size,
        "n_censored_levels": int((cohort.censoring != 0).sum()),
        "planned_subjects": [cohort.ids[i] for i in np.flatnonzero(is_planned).tolist()],
        "exposure": _exposure(found),
        "fits": fits,
        "pk_alone": _levels(found),
        "pk_parameters": {one.name: _pk_entry(found, k, level) for k, one in enumerate(data.population.parameters)},
        "warnings": list(_warnings(found)),
    }


def _sequential(found: JointComparison, key: str, fit: EventFit, level: float) -> dict[str, Any]:
    own = [found.profiles[_PROFILES[key]]] if _PROFILES[key] in found.profiles else []
    document = fit_document(fit, own, level=level)
    return _common(document) | {
        "log_likelihood": None,
        "event_log_likelihood": finite(fit.log_likelihood),
        "coarse_subjects": [],
        "evaluations": fit.n_steps,
    }


def _joint(found: JointComparison, key: str, fit: JointFit, level: float) -> dict[str, Any]:
    own = [found.profiles[_PROFILES[key]]] if _PROFILES[key] in found.profiles else []
    ids = found.data.population.cohort.ids
    return _common(fit_document(as_event_fit(fit), own, level=level)) | {
        "status": fit.status.name.lower(),
        "status_text": _ending(fit),
        "log_likelihood": finite(log_likelihood(fit)),
        "event_log_likelihood": finite(event_log_likelihood(fit)),
        "coarse_subjects": [ids[i] for i in fit.doubtful.tolist()],
        "evaluations": fit.n_evaluations,
    }


def _common(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a document of a fit says of the hazard."""
    return {key: document[key] for key in ("status", "status_text", "parameters", "codings", "covariance")}


def _ending(fit: EventFit | JointFit) -> str:
    """Return how a fit ended, in words."""
    if isinstance(fit, JointFit):
        return ending(fit.status, fit.named, given_values(fit.data, fit.parameters))
    return status_text(fit)


def _exposure(found: JointComparison) -> dict[str, Any]:
    """Return how much the concentrations tell of the exposures: shrinkage is the part of their variance that they leave open."""
    known = np.isfinite(found.before.mean)
    mean, variance = found.before.mean[known], found.before.sd[known] ** 2
    between, within = float(np.var(mean)), float(variance.mean())
    return {
        "mean": finite(float(mean.mean())),
        "sd_of_means": finite(math.sqrt(between)),
        "root_mean_square_sd": finite(math.sqrt(within)),
        "shrinkage_pct": finite(100.0 * within / (between + within)) if between + within > 0.0 else None,
    }


def _levels(found: JointComparison) -> dict[str, Any] | None:
    fit = found.levels
    if fit is None:
        return None
    return {
        "status": fit.status.name.lower(),
        "status_text": fit.status.value,
        "ofv": finite(fit.ofv),
        "evaluations": fit.n_evaluations,
    }


def _pk_entry(found: JointComparison, place: int, level: float) -> dict[str, Any]:
    """Return one pharmacokinetic parameter: where it was held, and its estimates from the levels alone and together."""
    alone = joint = None
    if found.levels is not None:
        fit = found.levels
        known = uncertainty(fit, CovarianceKind.R)
        free = fit.scale.free
        se = float(known.se[free.index(place)]) if known and place in free else math.nan
        alone = _estimate(found, place, float(fit.values[place]), se, level)
    if found.joint is not None:
        variance = float(found.joint.covariance[place, place])
        se = math.sqrt(variance) if variance > 0.0 else math.nan
        joint = _estimate(found, place, float(found.joint.values[place]), se, level)
    one = (found.joint or found.held).parameters[place]
    return {"held": finite(float(found.values[place])), "alone": alone, "joint": joint, "fixed": one.is_fixed}


def _estimate(found: JointComparison, place: int, value: float, se: float, level: float) -> dict[str, Any]:
    one = found.data.population.parameters[place]
    z = NormalDist().inv_cdf(0.5 + 0.5 * level)
    interval = None
    if math.isfinite(se):
        is_positive = math.isfinite(one.lower) and not math.isfinite(one.upper)
        width = z * se / (value - one.lower) if is_positive else z * se
        ends = (
            [one.lower + (value - one.lower) * math.exp(side * width) for side in (-1.0, 1.0)]
            if is_positive
            else [value - width, value + width]
        )
        interval = [finite(end) for end in ends]
    return {"estimate": finite(value), "se": finite(se), "interval": interval}


def _warnings(found: JointComparison) -> Iterator[dict[str, str]]:
    data = found.data
    n_free = int(found.held.coefficients.is_free.sum())
    if n_free and data.events.n_events / n_free < _FEW_EVENTS:
        text = f"{counted(data.events.n_events, 'event')} for {n_free} estimated parameters of the hazard: standard errors are rough; prefer intervals by profile."
        yield {"code": "few_events", "text": text}
    if found.levels is not None and found.levels.status not in _ENDED:
        yield {"code": "levels_not_converged", "text": f"Levels alone: {found.levels.status.value}"}
    named: list[tuple[str, EventFit | JointFit | None]] = [
        ("plug_in", found.modes),
        ("regression_calibration", found.means),
        ("pk_held", found.held),
        ("joint", found.joint),
    ]
    for key, fit in named:
        if fit is None or fit.status is FitStatus.CONVERGED:
            continue
        yield {"code": f"{key}_{fit.status.name.lower()}", "text": f"{titled(FITS[key])}: {_ending(fit)}"}
    for key, profile in found.profiles.items():
        for side, end in (("lower", profile.lower), ("upper", profile.upper)):
            if end.status.name != "FOUND":
                name = next(FITS[one] for one, own in _PROFILES.items() if own == key)
                text = f"{titled(name)}, {profile.name}, {side} end: {end.status.value}"
                yield {"code": f"profile_{end.status.name.lower()}", "text": text}
    coarse = sorted({int(i) for fit in (found.held, found.joint) if fit is not None for i in fit.doubtful})
    if coarse:
        names = ", ".join(data.population.cohort.ids[i] for i in coarse[:20])
        text = f"The integral over the random effects is coarse for {names}; treat the fit with caution."
        yield {"code": "coarse_integral", "text": text}


SUBJECT_HEAD = (
    *("id", "levels", "censored", "event", "time", "planned"),
    *("x_mode", "x_mean_levels", "x_sd_levels", "x_mean_held", "x_sd_held", "x_mean_joint", "x_sd_joint"),
)
"""Columns of ``subject_rows``: the exposure at the mode, and its posterior mean and standard deviation given the levels, given levels and
event time with the pharmacokinetics held, and in the joint fit."""


def subject_rows(found: JointComparison, is_planned: BoolArray) -> list[tuple[object, ...]]:
    """Return a row for each subject, in the order of the cohort; ``event`` and ``time`` are those of its last row of event times."""
    data, cohort = found.data, found.data.population.cohort
    ends = np.concatenate(([0], np.cumsum(cohort.censoring != 0)))
    n_levels = np.diff(cohort.sample_start)
    n_censored = ends[cohort.sample_start[1:]] - ends[cohort.sample_start[:-1]]
    last = {data.events.ids[int(data.events.subject[row])]: row for row in np.flatnonzero(data.events.last).tolist()}
    columns = _exposures(found)
    rows: list[tuple[object, ...]] = []
    for i, name in enumerate(cohort.ids):
        row = last.get(name)
        event = "" if row is None else EventKind(int(data.events.kind[row])).name.lower()
        time = math.nan if row is None else float(data.events.stop[row])
        own = (name, int(n_levels[i]), int(n_censored[i]), event, time, int(is_planned[i]))
        rows.append((*own, *(_number(float(column[i])) for column in columns)))
    return rows


def _exposures(found: JointComparison) -> list[FloatArray]:
    data, nothing = found.data, np.full(found.data.population.n_subjects, np.nan)
    modes = predictor_at_modes(data, found.values, modes_of(data, found.values))
    fits = [
        (nothing, nothing) if fit is None else (fit.evaluation.exposure_mean, fit.evaluation.exposure_sd)
        for fit in (found.held, found.joint)
    ]
    return [modes, found.before.mean, found.before.sd, *fits[0], *fits[1]]


def _number(value: float) -> float:
    return value if math.isfinite(value) else math.nan
