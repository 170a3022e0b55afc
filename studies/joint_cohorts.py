"""What the study of joint models does with one cohort: levels and event times are drawn from the published models, β is estimated in five ways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.planned_doses import add_planned_doses, label_doses, last_record
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.exposure.at_nodes import log_exposure_at_modes, window_exposure
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.problem import bind_cohort
from pkpd.simulation.population import with_levels
from pkpd.simulation.random_effects import draw_white, simulate_block
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tte import load_event_model
from tte.data.events import events_of
from tte.estimation.fit import FitStatus
from tte.estimation.model import event_time_model
from tte.hazards.weibull import quantile_time
from tte.joint.data import joint_data
from tte.joint.fit import fit_joint
from tte.joint.held import levels_posterior
from tte.joint.sequential import fit_with_exposure, plug_in

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from tte.joint.data import JointData

METHODS = ("true", "plug_in", "calibration", "held", "joint")
EVENT_MODEL = load_event_model("niyigena_2026_asuc")
MODEL = "niyigena_2026_asuc"
SIZE = 72
"""Patients of the published design."""
_EXPOSURE = "LOG_AUC_CL"
_MISSING = 0.04
_WHAT = ("beta", "se", "status")


@dataclass(frozen=True, slots=True)
class Row:
    """One cohort.

    Parameters
    ----------
    seed, size, cohort : int
        Which: number of patients, and which cohort of this size, from 1.
    n_events : int
        Patients with the event.
    n_planned : int
        Patients of whom some dose before day 28 is a planned one.
    shrinkage : float
        Of the exposures at the modes: 1 less the ratio of their variance to that of the true ones.
    pk_status : str
        How the fit of the levels alone ended.
    beta_true, ... : float
        Estimates of β; ``se_`` their standard errors, ``status_`` how the fits ended, by the ways of ``METHODS``.
    """

    seed: int
    size: int
    cohort: int
    n_events: int
    n_planned: int
    shrinkage: float
    pk_status: str
    beta_true: float
    beta_plug_in: float
    beta_calibration: float
    beta_held: float
    beta_joint: float
    se_true: float
    se_plug_in: float
    se_calibration: float
    se_held: float
    se_joint: float
    status_true: str
    status_plug_in: str
    status_calibration: str
    status_held: str
    status_joint: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cohort with event times, and what is true of it.

    Parameters
    ----------
    data : JointData
        What is fitted; missing covariates are their median.
    exposure : (n_subjects,) array
        True ln(AUC/CL) of each patient.
    n_planned : int
        Patients of whom some dose before the end of the window is a planned one.
    """

    data: JointData
    exposure: FloatArray
    n_planned: int


def drawn_cohort(size: int, number: int, *, seed: int) -> Drawn:
    """Return a cohort of the published design whose event times are drawn from each patient's true exposure.

    The label plan goes on after each patient's last record, for the exposure that the hazard depends on.
    """
    rng = np.random.default_rng([seed, size, number])
    model = load_model(MODEL)
    whole, eta = _levels(size, rng)
    planned = add_planned_doses(whole, label_doses(whole, last_record(whole)), last_record(whole))
    low, high = EVENT_MODEL.window_day
    values = np.array([one.value for one in bind_population(model, whole).parameters])
    area, clearance = log_exposure_at_modes(window_exposure(model, planned.cohort, (low, high)), values, eta)
    exposure = area - clearance
    log_rate = EVENT_MODEL.log_rate + EVENT_MODEL.slope * (exposure - EVENT_MODEL.x_ref)
    day = quantile_time(rng.random(size), log_rate, shape=EVENT_MODEL.shape)
    last = EVENT_MODEL.horizon_day
    events = events_of(np.minimum(day, last), day < last, ids=whole.ids)
    seen = {
        name: column if name == "weight_kg" else np.where(rng.random(size) < _MISSING, np.nan, column)
        for name, column in whole.covariates.items()
    }
    known, regimens = (
        with_model_covariates(replace(one, covariates=seen), model).cohort for one in (whole, planned.cohort)
    )
    hazard = event_time_model("weibull", [_EXPOSURE], references={_EXPOSURE: EVENT_MODEL.x_ref})
    data = joint_data(bind_population(model, known), regimens, (low, high), events=events, model=hazard)
    return Drawn(data, exposure, int(planned.changed_before(high).sum()))


def _levels(size: int, rng: np.random.Generator) -> tuple[Cohort, FloatArray]:
    """Return a cohort without missing covariates, and the random effects that its levels were drawn with."""
    model = load_model(MODEL)
    design = virtual_cohort(model, Design(size, missing=0.0), rng)
    packed = bind_cohort(model, design).subjects
    white = draw_white(model, packed, rng, range(size), 1)
    noise = rng.standard_normal((packed.observations.shape[0], 1))
    measured = simulate_block(packed, 0, white, noise, None)
    return with_levels(design, measured[:, 0]), np.einsum("nij,nj->ni", packed.omega_cholesky, white[:, 0])


def estimated(size: int, number: int, *, seed: int) -> Row:
    """Draw a cohort and estimate β in every way; the pharmacokinetic parameters are those of the cohort's own fit."""
    drawn = drawn_cohort(size, number, seed=seed)
    data = drawn.data
    levels = fit(data.population, FitOptions(Method.EXACT, with_covariance=False))
    modes = plug_in(data, levels.values)
    sequential = {
        "true": fit_with_exposure(data, drawn.exposure),
        "plug_in": modes,
        "calibration": fit_with_exposure(data, levels_posterior(data, levels.values).mean),
    }
    found = {method: _estimate(data, one.status, one.theta, one.covariance) for method, one in sequential.items()}
    for method in ("held", "joint"):
        one = fit_joint(data, values=levels.values, holds_pk=method == "held", theta=modes.theta)
        found[method] = _estimate(data, one.status, one.theta, one.theta_covariance)
    spread = float(np.var(modes.events.covariates[_EXPOSURE]) / np.var(drawn.exposure))
    columns = {
        f"{what}_{method}": value for method, one in found.items() for what, value in zip(_WHAT, one, strict=True)
    }
    known = {"seed": seed, "size": size, "cohort": number, "n_events": data.events.n_events}
    known |= {"n_planned": drawn.n_planned, "shrinkage": 1.0 - spread, "pk_status": levels.status.name.lower()}
    return Row(**known, **columns)  # type: ignore[arg-type]


def _estimate(
    data: JointData, status: FitStatus, theta: FloatArray, covariance: FloatArray
) -> tuple[float, float, str]:
    """Return β, its standard error and how the fit ended; NaN where there is none."""
    at = data.model.names.index(f"lambda:{_EXPOSURE}")
    variance = float(covariance[at, at])
    se = float(np.sqrt(variance)) if variance > 0.0 else float("nan")
    is_finite = status is not FitStatus.MONOTONE_LIKELIHOOD
    return float(theta[at]) if is_finite else float("nan"), se if is_finite else float("nan"), status.name.lower()
