"""What follows for one patient: parameters, exposure and risk, a priori, at the mode and over the whole posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.patient import numeric_covariates
from dosing_app.decision.subject import subject_from_case
from pkpd.data.records import Subject
from pkpd.errors import QuadratureStatus
from pkpd.estimation.posterior import Marginal, integrate_posterior, marginal
from pkpd.exposure.concentrations import measurement_percentiles
from pkpd.exposure.metrics import (
    exposure_problem,
    log_auc_at,
    log_auc_table,
    parameter_marginals,
    parameter_names,
    parameter_tables,
    parameters_at,
)
from pkpd.kernels.quadrature import density_at, probability_below
from pkpd.kernels.residual import residual_sd
from pkpd.model.covariate import resolve_covariates
from pkpd.model.library import load_model
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem, predict_samples
from pkpd.units import percent_from_fraction
from tte import log_auc_cl_for_risk, risk_day90, risk_from, stratum
from tte.model.total import TotalRisk, total_risk

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior
    from pkpd.model.covariate import ResolvedCovariates
    from pkpd.model.spec import ModelSpec
    from tte import EventModel

PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
"""Of every interval that is shown: the 90 % and the 50 % interval and the middle."""

SURVIVAL_DAYS = np.arange(0.0, 91.0)
# Nodes of the exposure's density, and their distance in units of the middle half of it.
_FEWEST_NODES, _MOST_NODES, _NODE_DISTANCE = 81, 2001, 0.1
_TAIL = 1e-6


@dataclass(frozen=True, slots=True)
class SampleForecast:
    """What was expected of one sample.

    Parameters
    ----------
    time_day : float
        Draw time [day].
    prediction_a_priori, prediction_map : float
        Predicted concentrations [mg/L].
    a_priori_percentile : float
        Percent of measurements expected below the level (or limit) before any sample.
    residual : float or None
        (level - prediction) / sd at the mode; None for a censored sample.
    """

    time_day: float
    prediction_a_priori: float
    prediction_map: float
    a_priori_percentile: float
    residual: float | None


@dataclass(frozen=True, slots=True)
class ExposureForecast:
    """Exposure and risk of the regimen of given and planned doses.

    Parameters
    ----------
    auc, log_auc_cl : Marginal or None
        Area over days 14 to 28 [mg day/L] and ln(AUC/CL); None without drug in the window.
    map_log_auc, map_log_auc_cl : float
        ln of the area and ln(AUC/CL) at the mode; -inf without drug.
    nodes, weights : (n,) arrays
        The posterior of ln(AUC/CL) as a discrete, smooth distribution.
    table : (n_lines, n_nodes) array or None
        ln(AUC/CL) at the nodes of the posterior.
    """

    auc: Marginal | None
    log_auc_cl: Marginal | None
    map_log_auc: float
    map_log_auc_cl: float
    nodes: FloatArray
    weights: FloatArray
    table: FloatArray | None


@dataclass(frozen=True, slots=True)
class RiskForecast:
    """Risk of colectomy, for a pharmacokinetic model that the event model is calibrated for.

    Parameters
    ----------
    day90 : Marginal
        Risk by day 90 over the patient's parameters, the event model held at its estimate.
    total : TotalRisk
        Over the event model's uncertainty as well.
    probability_low_risk, probability_target : float
        P(ln(AUC/CL) at or above the study's threshold) and P(risk by day 90 at or below the target), as ``day90``.
    map_day90, map_from_now : float
        Risk at the mode.
    stratum : str
        "high" or "low", at the mode.
    """

    day90: Marginal
    total: TotalRisk
    probability_low_risk: float
    probability_target: float
    map_day90: float
    map_from_now: float
    stratum: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everything computed for one case with one pharmacokinetic model.

    Parameters
    ----------
    case : PatientCase
        The case.
    model, event_model : ModelSpec, EventModel
        The models.
    covariates : ResolvedCovariates
        Baseline covariates with what was imputed, derived, floored or outside the informed range.
    subject, regimen : Subject
        The subject with the given doses, and with given and planned doses.
    prior, posterior : Posterior
        Without and with the samples.
    a_priori, at_map : dict of str to float
        Parameters without samples, and at the mode.
    parameters : dict of str to Marginal
        Posterior of the parameters.
    exposure : ExposureForecast
        Exposure.
    risk : RiskForecast or None
        None where the event model is not calibrated for the model, or no parameters explain the samples.
    samples : tuple of SampleForecast
        The samples that are not excluded.
    """

    case: PatientCase
    model: ModelSpec
    event_model: EventModel
    covariates: ResolvedCovariates
    subject: Subject
    regimen: Subject
    prior: Posterior
    posterior: Posterior
    a_priori: dict[str, float]
    at_map: dict[str, float]
    parameters: dict[str, Marginal]
    exposure: ExposureForecast
    risk: RiskForecast | None
    samples: tuple[SampleForecast, ...]

    @property
    def has_mass(self) -> bool:
        """Return whether any parameters explain the samples; where none do, there is no posterior to speak of."""
        return self.posterior.status is not QuadratureStatus.NO_MASS


def forecast(case: PatientCase, event_model: EventModel, *, model: ModelSpec | None = None) -> Forecast:
    """Compute a case.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    event_model : EventModel
        Event model.
    model : ModelSpec, optional
        The model to use instead of the case's.

    Returns
    -------
    Forecast
        The regimen is the given doses and the planned ones. Where no parameters explain the samples, everything that
        would rest on the posterior is NaN or None.

    Raises
    ------
    InputError
        Where a covariate is impossible for the model.
    """
    model = model or load_model(case.model)
    subject = subject_from_case(case, model)
    regimen = subject_from_case(case, model, with_planned=True)
    problem = bind(model, [subject])
    posterior = integrate_posterior(problem)
    unmeasured = Subject(subject.doses, (), subject.covariates)
    prior = integrate_posterior(bind(model, [unmeasured]))
    parameters, exposure, risk = _from_posterior(posterior, regimen, case, event_model)
    return Forecast(
        case=case,
        model=model,
        event_model=event_model,
        covariates=resolve_covariates(model, numeric_covariates(case)),
        subject=subject,
        regimen=regimen,
        prior=prior,
        posterior=posterior,
        a_priori=parameters_at(problem, np.zeros(problem.n_eta)),
        at_map=parameters_at(problem, posterior.mode.eta[0]),
        parameters=parameters,
        exposure=exposure,
        risk=risk,
        samples=_sample_forecasts(subject, prior, posterior),
    )


def _from_posterior(
    posterior: Posterior, regimen: Subject, case: PatientCase, event_model: EventModel
) -> tuple[dict[str, Marginal], ExposureForecast, RiskForecast | None]:
    """Return parameters, exposure and risk."""
    if posterior.status is QuadratureStatus.NO_MASS:
        unknown = Marginal(math.nan, math.nan, PROBABILITIES, np.full(PROBABILITIES.size, math.nan))
        nowhere = ExposureForecast(None, None, math.nan, math.nan, np.empty(0), np.empty(0), None)
        return dict.fromkeys(parameter_names(posterior.problem), unknown), nowhere, None
    tables = parameter_tables(posterior)
    parameters = parameter_marginals(posterior, tables, PROBABILITIES)
    exposure = exposure_forecast(posterior, regimen, tables[0])
    if not is_calibrated(event_model, posterior.problem.model):
        return parameters, exposure, None
    return parameters, exposure, risk_forecast(posterior, exposure, case, event_model)


def risk_with(case: PatientCase, event_model: EventModel, model: ModelSpec) -> RiskForecast | None:
    """Return the risk of a case with another model, and nothing else of its forecast.

    None where the event model is not calibrated for the model, or no parameters explain the samples.

    Raises
    ------
    InputError
        Where a covariate is impossible for the model.
    """
    posterior = integrate_posterior(bind(model, [subject_from_case(case, model)]))
    if posterior.status is QuadratureStatus.NO_MASS or not is_calibrated(event_model, model):
        return None
    regimen = subject_from_case(case, model, with_planned=True)
    exposure = exposure_forecast(posterior, regimen, parameter_tables(posterior)[0])
    return risk_forecast(posterior, exposure, case, event_model)


def is_calibrated(event_model: EventModel, model: ModelSpec) -> bool:
    """Return whether exposure from a pharmacokinetic model is on the event model's scale (models.md, section 2)."""
    return model.id in event_model.pk_models


def exposure_forecast(posterior: Posterior, regimen: Subject, log_cl: FloatArray) -> ExposureForecast:
    """Return the exposure of a regimen.

    Parameters
    ----------
    posterior : Posterior
        The patient's posterior.
    regimen : Subject
        The patient with the doses in question.
    log_cl : (n_lines, n_nodes) array
        ln CL at the nodes of the posterior.
    """
    problem = exposure_problem(posterior.problem, regimen)
    eta = posterior.mode.eta[0]
    map_log_auc = log_auc_at(problem, eta)
    if map_log_auc == -math.inf:
        return ExposureForecast(None, None, -math.inf, -math.inf, np.array([-math.inf]), np.ones(1), None)
    log_auc = log_auc_table(posterior, problem)
    ratio = log_auc - log_cl
    nodes, weights = _smooth_nodes(posterior, ratio)
    map_cl = parameters_at(posterior.problem, eta)["cl"]
    return ExposureForecast(
        auc=marginal(posterior, log_auc, sign=-1.0, is_log=True, probabilities=PROBABILITIES),
        log_auc_cl=marginal(posterior, ratio, sign=-1.0, is_log=False, probabilities=PROBABILITIES),
        map_log_auc=map_log_auc,
        map_log_auc_cl=map_log_auc - math.log(map_cl),
        nodes=nodes,
        weights=weights,
        table=ratio,
    )


def _smooth_nodes(posterior: Posterior, table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the density of a falling quantity at equidistant values that hold all but a millionth of it at either end.

    The tail of a patient who may have cleared everything before the window is long; then there are more of them.
    """
    probabilities = np.array([_TAIL, 0.25, 0.75, 1.0 - _TAIL])
    low, q25, q75, high = marginal(posterior, table, sign=-1.0, is_log=False, probabilities=probabilities).quantiles
    needed = math.ceil((high - low) / (_NODE_DISTANCE * (q75 - q25)))
    nodes: FloatArray = np.linspace(low, high, min(max(needed, _FEWEST_NODES), _MOST_NODES), dtype=np.float64)
    weights = density_at(table, -1.0, posterior.step, posterior.density, posterior.integral, nodes)
    return nodes, weights / weights.sum()


def risk_forecast(
    posterior: Posterior, exposure: ExposureForecast, case: PatientCase, event_model: EventModel
) -> RiskForecast:
    """Return the risk that an exposure stands for."""
    target = log_auc_cl_for_risk(event_model, case.target.risk_day90)
    by_exposure = np.asarray(risk_day90(event_model, exposure.nodes))
    mean = float(exposure.weights @ by_exposure)
    sd = math.sqrt(max(float(exposure.weights @ (by_exposure - mean) ** 2), 0.0))
    if exposure.log_auc_cl is None:
        quantiles = np.ones(PROBABILITIES.size)
    else:
        quantiles = np.asarray(risk_day90(event_model, exposure.log_auc_cl.quantiles[::-1]))
    total = total_risk(event_model, exposure.nodes, weights=exposure.weights, now_day=case.now_day, days=SURVIVAL_DAYS)
    return RiskForecast(
        day90=Marginal(mean, sd, PROBABILITIES, quantiles),
        total=total,
        probability_low_risk=_at_least(posterior, exposure, event_model.threshold),
        probability_target=_at_least(posterior, exposure, target),
        map_day90=float(risk_day90(event_model, exposure.map_log_auc_cl)),
        map_from_now=float(risk_from(event_model, exposure.map_log_auc_cl, day=case.now_day)),
        stratum=stratum(event_model, exposure.map_log_auc_cl),
    )


def _at_least(posterior: Posterior, exposure: ExposureForecast, log_auc_cl: float) -> float:
    """Return P(ln(AUC/CL) >= log_auc_cl); without drug in the window nothing is reached."""
    if exposure.table is None:
        return 0.0
    below, _ = probability_below(
        exposure.table, -1.0, posterior.step, posterior.density, posterior.integral, log_auc_cl
    )
    return min(max(1.0 - below, 0.0), 1.0)


def _sample_forecasts(subject: Subject, prior: Posterior, posterior: Posterior) -> tuple[SampleForecast, ...]:
    if not subject.samples:
        return ()
    times = np.array([sample.time_day for sample in subject.samples])
    problem = curve_problem(posterior.problem.model, subject, times)
    percentiles = measurement_percentiles(prior, subject, problem)
    typical = predict_samples(problem, np.zeros(problem.n_eta))
    at_map = predict_samples(problem, posterior.mode.eta[0])
    errors = problem.subjects.observations[:, 4:6]
    forecasts: list[SampleForecast] = []
    for i, sample in enumerate(subject.samples):
        sd = residual_sd(at_map[i], *errors[i])
        is_quantified = not math.isnan(sample.level) and sd > 0.0
        forecasts.append(
            SampleForecast(
                time_day=sample.time_day,
                prediction_a_priori=float(typical[i]),
                prediction_map=float(at_map[i]),
                a_priori_percentile=percent_from_fraction(float(percentiles[i])),
                residual=float((sample.level - at_map[i]) / sd) if is_quantified else None,
            )
        )
    return tuple(forecasts)
