"""What other pharmacokinetic models say of the same patient, and their average by evidence."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dosing_app.decision.forecast import PROBABILITIES, is_calibrated
from dosing_app.decision.subject import subject_from_case
from dosing_app.decision.view import daily_times
from pkpd.errors import InputError
from pkpd.estimation.averaging import averaged_quantiles, evidence_weights
from pkpd.estimation.grid import ROUGH
from pkpd.estimation.posterior import integrate_posterior, marginal
from pkpd.exposure.concentrations import ConcentrationBands, averaged_bands
from pkpd.exposure.metrics import (
    PARAMETER_TABLES,
    exposure_problem,
    log_auc_at,
    log_auc_table,
    parameter_tables,
    parameters_at,
)
from pkpd.model.library import load_model, model_names
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem
from tte import risk_day90

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dosing_app.decision.case_schema import PatientCase
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior
    from pkpd.model.spec import ModelSpec
    from pkpd.problem import Problem
    from tte import EventModel

# The averaged concentration is computed in as many parts side by side.
_PARTS = 2


_Answer = TypeVar("_Answer")


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
    cl_quantiles, log_auc_cl_quantiles, risk_quantiles : (5,) arrays
        All at ``PROBABILITIES`` over the patient's parameters, the event model held at its estimate.
    is_calibrated : bool
        Whether the event model is calibrated for this model.
    """

    model: ModelSpec
    log_evidence: float
    weight: float
    cl: float
    log_auc_cl: float
    risk_day90: float
    cl_quantiles: FloatArray
    log_auc_cl_quantiles: FloatArray
    risk_quantiles: FloatArray
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
    """One model's posterior, tables of ln CL and ln AUC over it, both at the mode, and quantiles of CL and ln(AUC/CL).

    ``curves`` are the patient at the times of each part of the averaged concentration.
    """

    model: ModelSpec
    posterior: Posterior
    curves: tuple[Problem, ...]
    log_cl: FloatArray
    log_auc: FloatArray
    map_cl: float
    map_log_auc: float
    cl_quantiles: FloatArray
    log_auc_cl_quantiles: FloatArray


def compare_models(
    case: PatientCase,
    event_model: EventModel,
    *,
    times: FloatArray | None = None,
    progress: Callable[[float], None] | None = None,
) -> ModelAverage:
    """Compute a case with every shipped model.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    event_model : EventModel
        Event model.
    times : (n_times,) array, optional
        Times [day] of the averaged concentrations; ``daily_times`` where left out.
    progress : callable, optional
        Told the share done, from 0 to 1.
    """
    days = daily_times(case, event_model.window_day[1]) if times is None else times
    parts = np.array_split(days, min(_PARTS, max(days.size, 1)))
    # The kernels release the interpreter's lock, so that models are computed side by side.
    with ThreadPoolExecutor() as pool:
        names = model_names()
        n_steps = len(names) + len(parts)
        answers = list(_told(pool.map(partial(_compute, case, parts=parts), names), progress, 0, n_steps))
        computed = [answer for answer in answers if isinstance(answer, _Computed)]
        weights = _weights(computed)
        averaged = pool.map(partial(_bands, computed, weights), range(len(parts)), parts)
        bands = list(_told(averaged, progress, len(names), n_steps))
    skipped = tuple(answer for answer in answers if not isinstance(answer, _Computed))
    return ModelAverage(
        views=tuple(_view(c, float(weight), event_model) for c, weight in zip(computed, weights, strict=True)),
        skipped=skipped,
        cl_quantiles=_average(computed, [c.log_cl for c in computed], 1.0, weights),
        auc_quantiles=_average(computed, [c.log_auc for c in computed], -1.0, weights)
        if all(math.isfinite(c.map_log_auc) for c in computed)
        else np.full(PROBABILITIES.size, np.nan),
        concentrations=ConcentrationBands(days, PROBABILITIES, np.concatenate(bands)) if weights.any() else None,
    )


def _told(
    answers: Iterable[_Answer], progress: Callable[[float], None] | None, n_before: int, n_steps: int
) -> Iterator[_Answer]:
    """Yield answers and tell, after each, the share of all steps that is done."""
    for number, answer in enumerate(answers, start=n_before + 1):
        if progress is not None:
            progress(number / n_steps)
        yield answer


def _weights(computed: list[_Computed]) -> FloatArray:
    """Return the weight of every model; 0 outside the panel."""
    in_panel = np.array([one.model.in_default_panel for one in computed], dtype=bool)
    weights = np.zeros(len(computed))
    if in_panel.any():
        weights[in_panel] = evidence_weights(np.array([one.posterior.log_evidence for one in computed])[in_panel])
    return weights


def _bands(computed: list[_Computed], weights: FloatArray, part: int, times: FloatArray) -> FloatArray:
    """Return the quantiles of the averaged concentration at the times of a part; NaN where no model has a weight."""
    if not weights.any():
        return np.full((times.size, PROBABILITIES.size), np.nan)
    posteriors, curves = [one.posterior for one in computed], [one.curves[part] for one in computed]
    return averaged_bands(posteriors, curves, weights, times, PROBABILITIES).quantiles


def _compute(case: PatientCase, name: str, parts: Sequence[FloatArray]) -> _Computed | tuple[str, str]:
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
    log_cl, log_auc = parameter_tables(posterior)[PARAMETER_TABLES["cl"]], log_auc_table(posterior, exposure)
    map_log_auc = log_auc_at(exposure, eta)
    return _Computed(
        model=model,
        posterior=posterior,
        curves=tuple(curve_problem(model, regimen, times) for times in parts),
        log_cl=log_cl,
        log_auc=log_auc,
        map_cl=parameters_at(problem, eta)["cl"],
        map_log_auc=map_log_auc,
        cl_quantiles=marginal(posterior, log_cl, sign=1.0, is_log=True, probabilities=PROBABILITIES).quantiles,
        log_auc_cl_quantiles=marginal(
            posterior, log_auc - log_cl, sign=-1.0, is_log=False, probabilities=PROBABILITIES
        ).quantiles
        if math.isfinite(map_log_auc)
        else np.full(PROBABILITIES.size, -np.inf),
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
        cl_quantiles=computed.cl_quantiles,
        log_auc_cl_quantiles=computed.log_auc_cl_quantiles,
        # The risk falls with exposure.
        risk_quantiles=np.asarray(risk_day90(event_model, computed.log_auc_cl_quantiles[::-1])),
        is_calibrated=is_calibrated(event_model, computed.model),
    )
