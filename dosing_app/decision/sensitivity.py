"""What other pharmacokinetic models say of the same patient, and their average by evidence."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.forecast import PROBABILITIES, is_calibrated
from dosing_app.decision.subject import subject_from_case
from pkpd.errors import InputError
from pkpd.estimation.averaging import averaged_quantiles, evidence_weights
from pkpd.estimation.grid import ROUGH
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.concentrations import averaged_bands
from pkpd.exposure.metrics import exposure_problem, log_auc_at, log_auc_table, parameter_tables, parameters_at
from pkpd.model.library import load_model, model_names
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem
from tte import risk_day90

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior
    from pkpd.exposure.concentrations import ConcentrationBands
    from pkpd.model.spec import ModelSpec
    from pkpd.problem import Problem
    from tte import EventModel

AVERAGED_DAYS: FloatArray = np.arange(0.0, 43.0, 2.0)
"""Days at which the averaged concentration is given where no times are asked for."""


@dataclass(frozen=True, slots=True)
class ModelView:
    """What one model says of the patient.

    Parameters
    ----------
    model : ModelSpec
        The model.
    log_evidence, weight : float
        Log evidence, and its share among the models of the average (0 outside the panel).
    cl : float
        Clearance at the mode [L/day].
    log_auc_cl : float
        ln(AUC/CL) at the mode; -inf without drug in the window.
    risk_day90 : float
        Risk by day 90 at the mode, as the event model would compute it.
    is_calibrated : bool
        Whether the event model is calibrated for this model.
    """

    model: ModelSpec
    log_evidence: float
    weight: float
    cl: float
    log_auc_cl: float
    risk_day90: float
    is_calibrated: bool


@dataclass(frozen=True, slots=True)
class ModelAverage:
    """Average over the default panel, weighted by evidence.

    Parameters
    ----------
    views : tuple of ModelView
        Every model that could be used, the panel's with their weights.
    skipped : tuple of (str, str)
        Models that could not be used, and why.
    cl_quantiles, auc_quantiles : (5,) arrays
        Clearance [L/day] and area over days 14 to 28 [mg day/L] at ``PROBABILITIES``; NaN area without drug.
    concentrations : ConcentrationBands or None
        Concentration at the times asked for; None where no model of the panel could be used.
    """

    views: tuple[ModelView, ...]
    skipped: tuple[tuple[str, str], ...]
    cl_quantiles: FloatArray
    auc_quantiles: FloatArray
    concentrations: ConcentrationBands | None


@dataclass(frozen=True, slots=True)
class _Computed:
    """One model's posterior, tables of ln CL and ln AUC over it, and both at the mode."""

    model: ModelSpec
    posterior: Posterior
    curve: Problem
    log_cl: FloatArray
    log_auc: FloatArray
    map_cl: float
    map_log_auc: float


def compare_models(case: PatientCase, event_model: EventModel, *, times: FloatArray | None = None) -> ModelAverage:
    """Compute a case with every shipped model.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    event_model : EventModel
        Event model.
    times : (n_times,) array, optional
        Times [day] of the averaged concentrations; every second day of the first six weeks where left out.
    """
    days = AVERAGED_DAYS if times is None else times
    # The kernels release the interpreter's lock, so that models are computed side by side.
    with ThreadPoolExecutor() as pool:
        names = model_names()
        answers = list(pool.map(_compute, [case] * len(names), names, [days] * len(names)))
    computed = [answer for answer in answers if isinstance(answer, _Computed)]
    skipped = tuple(answer for answer in answers if not isinstance(answer, _Computed))
    in_panel = np.array([answer.model.in_default_panel for answer in computed], dtype=bool)
    weights = np.zeros(len(computed))
    if in_panel.any():
        weights[in_panel] = evidence_weights(np.array([c.posterior.log_evidence for c in computed])[in_panel])
    return ModelAverage(
        views=tuple(_view(c, float(weight), event_model) for c, weight in zip(computed, weights, strict=True)),
        skipped=skipped,
        cl_quantiles=_average(computed, [c.log_cl for c in computed], 1.0, weights),
        auc_quantiles=_average(computed, [c.log_auc for c in computed], -1.0, weights)
        if all(math.isfinite(c.map_log_auc) for c in computed)
        else np.full(PROBABILITIES.size, np.nan),
        concentrations=averaged_bands(
            [c.posterior for c in computed], [c.curve for c in computed], weights, days, PROBABILITIES
        )
        if weights.any()
        else None,
    )


def _compute(case: PatientCase, name: str, times: FloatArray) -> _Computed | tuple[str, str]:
    """Return what a model gives for a case, or its name and why it cannot be used."""
    model = load_model(name)
    try:
        subject = subject_from_case(case, model)
        regimen = subject_from_case(case, model, with_planned=True)
        problem = bind(model, [subject])
    except InputError as error:
        return name, str(error)
    posterior = integrate_posterior(problem, accuracy=ROUGH)
    if not math.isfinite(posterior.log_evidence):
        return name, posterior.status.value
    exposure = exposure_problem(problem, regimen)
    eta = posterior.mode.eta[0]
    return _Computed(
        model=model,
        posterior=posterior,
        curve=curve_problem(model, regimen, times),
        log_cl=parameter_tables(posterior)[0],
        log_auc=log_auc_table(posterior, exposure),
        map_cl=parameters_at(problem, eta)["cl"],
        map_log_auc=log_auc_at(exposure, eta),
    )


def _average(computed: list[_Computed], tables: list[FloatArray], sign: float, weights: FloatArray) -> FloatArray:
    if not weights.any():
        return np.full(PROBABILITIES.size, np.nan)
    posteriors = [c.posterior for c in computed]
    return np.exp(averaged_quantiles(posteriors, tables, [sign] * len(computed), weights, PROBABILITIES))


def _view(computed: _Computed, weight: float, event_model: EventModel) -> ModelView:
    log_auc_cl = computed.map_log_auc - math.log(computed.map_cl)
    return ModelView(
        model=computed.model,
        log_evidence=computed.posterior.log_evidence,
        weight=weight,
        cl=computed.map_cl,
        log_auc_cl=log_auc_cl,
        risk_day90=float(risk_day90(event_model, log_auc_cl)),
        is_calibrated=is_calibrated(event_model, computed.model),
    )
