"""What the study of the whole way does with one cohort: levels to exposures, to a hazard, to a threshold, and what these are worth to new patients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design
from tte import load_event_model, risk_day90
from tte.estimation.fit import FitStatus
from tte.estimation.fit import fit as fit_events
from tte.estimation.model import event_time_model
from tte.estimation.profile import profiles
from tte.evaluation.event_times import EventTimes
from tte.evaluation.roc import auroc, is_high_risk, roc_curve
from tte.evaluation.youden import YoudenStatus, youden
from tte.joint.data import joint_data
from tte.joint.fit import fit_joint
from tte.joint.sequential import plug_in
from tte.joint.virtual_cohort import virtual_study

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.estimation.fit import EventFit
    from tte.estimation.profile import Profile
    from tte.joint.fit import JointFit
    from tte.joint.virtual_cohort import VirtualStudy

MODEL = "niyigena_2026_asuc"
EVENT_MODEL = load_event_model("niyigena_2026_asuc")
SIZE, EVENTS = 72, 11
"""Patients of the published design, and how many of them have a colectomy."""
NEW = 20_000
"""Patients that nothing was chosen on."""
_EXPOSURE = "LOG_AUC_CL"
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Row:
    """One cohort.

    Parameters
    ----------
    seed, cohort : int
        Which.
    n_drawn : int
        Cohorts drawn until one had as many events as the published.
    n_early : int
        Events before the window ends.
    pk_status, tte_status, joint_status : str
        How the fits ended.
    cl, v : float
        Typical clearance [L/day] and volume [L].
    beta, se, lower, upper, p : float
        Effect of the exposure, its standard error, 95 % interval by profile, and p of the likelihood-ratio test.
    shape : float
        Of the hazard.
    beta_joint, se_joint : float
        Effect of the exposure and its standard error by the joint model of levels and event times.
    auroc, auroc_low, auroc_high : float
        Of the exposure at the landmark for events by day 90, with DeLong's interval.
    threshold, j : float
        With the largest J at the landmark, and this J; NaN where none is of use.
    j_new, j_best : float
        J of the threshold, and the largest J of any, in new patients.
    risk_at_threshold : float
        True risk by day 90 at the threshold.
    risk_error, risk_ratio : float
        In new patients: mean absolute error of the risk by day 90, and the expected over the true number of events.
    """

    seed: int
    cohort: int
    n_drawn: int
    n_early: int
    pk_status: str
    tte_status: str
    joint_status: str
    cl: float
    v: float
    beta: float
    se: float
    lower: float
    upper: float
    p: float
    shape: float
    beta_joint: float
    se_joint: float
    auroc: float
    auroc_low: float
    auroc_high: float
    threshold: float
    j: float
    j_new: float
    j_best: float
    risk_at_threshold: float
    risk_error: float
    risk_ratio: float


def drawn_study(number: int, *, seed: int) -> tuple[VirtualStudy, int]:
    """Return a cohort of the published design with as many events as the published, and how many were drawn until it came."""
    rng = np.random.default_rng([seed, number])
    model, n = load_model(MODEL), 0
    while True:
        n += 1
        study = virtual_study(model, EVENT_MODEL, Design(SIZE), rng)
        if study.events.n_events == EVENTS:
            return study, n


@lru_cache(maxsize=1)
def new_patients(seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return true exposures, event days and true risks by the horizon of patients at the start of treatment."""
    rng = np.random.default_rng([seed, 0])
    study = virtual_study(load_model(MODEL), EVENT_MODEL, Design(NEW), rng)
    day = np.where(study.events.kind > 0, study.events.stop, np.inf)
    return study.log_auc_cl, day, np.asarray(risk_day90(EVENT_MODEL, study.log_auc_cl))


def recovered(number: int, *, seed: int) -> Row:
    """Draw a cohort and go the whole way from its levels."""
    study, n_drawn = drawn_study(number, seed=seed)
    model = load_model(MODEL)
    cohort, regimens = (with_model_covariates(one, model).cohort for one in (study.cohort, study.regimens))
    population = bind_population(model, cohort)
    levels = fit(population, FitOptions(Method.EXACT, with_covariance=False))
    hazard = event_time_model("weibull", [_EXPOSURE], references={_EXPOSURE: EVENT_MODEL.x_ref})
    data = joint_data(population, regimens, EVENT_MODEL.window_day, events=study.events, model=hazard)
    found = plug_in(data, levels.values)
    joint = fit_joint(data, values=levels.values, theta=found.theta)
    columns = _of_hazard(found) | _of_joint(joint) | _of_threshold(found, seed) | _of_risks(found, seed)
    names = [one.name for one in levels.parameters]
    return Row(
        seed=seed,
        cohort=number,
        n_drawn=n_drawn,
        n_early=int(((study.events.kind > 0) & (study.events.stop < EVENT_MODEL.window_day[1])).sum()),
        pk_status=levels.status.name.lower(),
        tte_status=found.status.name.lower(),
        joint_status=joint.status.name.lower(),
        cl=float(levels.values[names.index("cl")]),
        v=float(levels.values[names.index("v")]),
        **columns,
    )


def _of_hazard(found: EventFit) -> dict[str, float]:
    if found.status is not FitStatus.CONVERGED:
        return dict.fromkeys(("beta", "se", "lower", "upper", "p", "shape"), _NAN)
    at = found.model.names.index(f"lambda:{_EXPOSURE}")
    without = fit_events(found.events, event_time_model("weibull", []))
    fall = 2.0 * (found.log_likelihood - without.log_likelihood)
    own: Profile = next(one for one in profiles(found) if one.name == found.model.names[at])
    return {
        "beta": float(found.theta[at]),
        "se": float(np.sqrt(found.covariance[at, at])),
        "lower": own.lower.value,
        "upper": own.upper.value,
        "p": float(chi2.sf(max(fall, 0.0), 1)),
        "shape": float(np.exp(found.theta[found.model.names.index("shape")])),
    }


def _of_joint(joint: JointFit) -> dict[str, float]:
    if joint.status is not FitStatus.CONVERGED:
        return {"beta_joint": _NAN, "se_joint": _NAN}
    at = joint.data.model.names.index(f"lambda:{_EXPOSURE}")
    return {
        "beta_joint": float(joint.theta[at]),
        "se_joint": float(np.sqrt(joint.theta_covariance[at, at])),
    }


def _of_threshold(found: EventFit, seed: int) -> dict[str, float]:
    """Return area and threshold at the landmark, and what the threshold is worth to new patients there."""
    events = found.events
    landmark, horizon = EVENT_MODEL.window_day[1], EVENT_MODEL.horizon_day
    times = EventTimes(events.stop, events.kind > 0, np.zeros(events.n_subjects))
    inside = times.is_at_risk_after(landmark)
    known = times.known_at(horizon)
    kept = inside & (known >= 0)
    x, is_case = events.covariates[_EXPOSURE][kept], known[kept] == 1
    if not is_case.any():
        return dict.fromkeys(
            ("auroc", "auroc_low", "auroc_high", "threshold", "j", "j_new", "j_best", "risk_at_threshold"), _NAN
        )
    area = auroc(x, is_case, "lower")
    best = youden(roc_curve(x, is_case, "lower"))
    new_x, day, _ = new_patients(seed)
    there = day > landmark
    new_case = day[there] <= horizon
    is_found = best.status is YoudenStatus.FOUND
    high = is_high_risk(new_x[there], best.threshold, "lower")
    return {
        "auroc": area.area.value,
        "auroc_low": area.area.low,
        "auroc_high": area.area.high,
        "threshold": best.threshold if is_found else _NAN,
        "j": best.j,
        "j_new": float(high[new_case].mean() - high[~new_case].mean()) if is_found else 0.0,
        "j_best": youden(roc_curve(new_x[there], new_case, "lower")).j,
        "risk_at_threshold": float(risk_day90(EVENT_MODEL, best.threshold)) if is_found else _NAN,
    }


def _of_risks(found: EventFit, seed: int) -> dict[str, float]:
    """Return how far the re-fitted hazard's risks lie from the truth in new patients."""
    if found.status is not FitStatus.CONVERGED:
        return {"risk_error": _NAN, "risk_ratio": _NAN}
    exposure, _, truth = new_patients(seed)
    log_lambda, log_shape, beta = (float(value) for value in found.theta)
    log_hazard = (
        log_lambda + np.exp(log_shape) * np.log(EVENT_MODEL.horizon_day) + beta * (exposure - EVENT_MODEL.x_ref)
    )
    risk = -np.expm1(-np.exp(log_hazard))
    return {"risk_error": float(np.abs(risk - truth).mean()), "risk_ratio": float(risk.sum() / truth.sum())}


def true_values() -> tuple[float, float]:
    """Return typical clearance and volume of the truth."""
    model = load_model(MODEL)
    own = virtual_study(model, EVENT_MODEL, Design(2), np.random.default_rng(1)).cohort
    population = bind_population(model, with_model_covariates(own, model).cohort)
    values = {one.name: one.value for one in population.parameters}
    return values["cl"], values["v"]
