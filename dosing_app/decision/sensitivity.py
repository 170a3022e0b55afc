"""What other pharmacokinetic models say of the same patient, and their average by evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.forecast import PROBABILITIES, is_calibrated
from dosing_app.decision.subject import subject_from_case
from pkpd.errors import InputError
from pkpd.estimation.averaging import averaged_quantiles, evidence_weights
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.metrics import exposure_problem, log_auc_at, log_auc_table, parameter_tables, parameters_at
from pkpd.model.library import load_model, model_names
from pkpd.problem import bind
from tte import risk_day90

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior
    from pkpd.model.spec import ModelSpec
    from tte import EventModel


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
    """

    views: tuple[ModelView, ...]
    skipped: tuple[tuple[str, str], ...]
    cl_quantiles: FloatArray
    auc_quantiles: FloatArray


def compare_models(case: PatientCase, event_model: EventModel) -> ModelAverage:
    """Compute a case with every shipped model.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    event_model : EventModel
        Event model.
    """
    models: list[ModelSpec] = []
    posteriors: list[Posterior] = []
    cl_tables: list[FloatArray] = []
    auc_tables: list[FloatArray] = []
    at_mode: list[tuple[float, float]] = []
    skipped: list[tuple[str, str]] = []
    for name in model_names():
        model = load_model(name)
        try:
            subject = subject_from_case(case, model)
            regimen = subject_from_case(case, model, with_planned=True)
            problem = bind(model, [subject])
        except InputError as error:
            skipped.append((name, str(error)))
            continue
        posterior = integrate_posterior(problem)
        if not math.isfinite(posterior.log_evidence):
            skipped.append((name, posterior.status.value))
            continue
        exposure = exposure_problem(problem, regimen)
        eta = posterior.mode.eta[0]
        models.append(model)
        posteriors.append(posterior)
        cl_tables.append(parameter_tables(posterior)[0])
        auc_tables.append(log_auc_table(posterior, exposure))
        at_mode.append((parameters_at(problem, eta)["cl"], log_auc_at(exposure, eta)))
    in_panel = np.array([model.in_default_panel for model in models])
    weights = np.zeros(len(models))
    weights[in_panel] = evidence_weights(np.array([p.log_evidence for p in posteriors])[in_panel])
    has_drug = all(math.isfinite(log_auc) for _, log_auc in at_mode)
    return ModelAverage(
        views=tuple(
            _view(model, posterior, float(weight), cl, log_auc, event_model)
            for model, posterior, weight, (cl, log_auc) in zip(models, posteriors, weights, at_mode, strict=True)
        ),
        skipped=tuple(skipped),
        cl_quantiles=np.exp(averaged_quantiles(posteriors, cl_tables, [1.0] * len(models), weights, PROBABILITIES)),
        auc_quantiles=np.exp(averaged_quantiles(posteriors, auc_tables, [-1.0] * len(models), weights, PROBABILITIES))
        if has_drug
        else np.full(PROBABILITIES.size, np.nan),
    )


def _view(
    model: ModelSpec, posterior: Posterior, weight: float, cl: float, log_auc: float, event_model: EventModel
) -> ModelView:
    log_auc_cl = log_auc - math.log(cl)
    return ModelView(
        model=model,
        log_evidence=posterior.log_evidence,
        weight=weight,
        cl=cl,
        log_auc_cl=log_auc_cl,
        risk_day90=float(risk_day90(event_model, log_auc_cl)),
        is_calibrated=is_calibrated(event_model, model),
    )
