"""The regimen search of one case on the engine's posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.goal import Envelope
from dosing_app.decision.optimizer import OptimizeResult, optimize
from dosing_app.decision.patient import numeric_covariates
from dosing_app.decision.regimen_scorer import ExposureTargets
from dosing_app.decision.subject import engine_dose, subject_from_case
from pkpd.data.records import Subject
from pkpd.errors import input_error
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.regimens import exposure_table, log_auc_cl_at_mode, log_auc_cl_marginal, probability_at_least
from pkpd.model.covariate import resolve_covariates
from pkpd.model.library import load_model
from pkpd.problem import bind
from pkpd.units import days_from_hours
from tte import log_auc_cl_for_risk, risk_day90

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.goal import Progress
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.posterior import Posterior
    from pkpd.exposure.regimens import ExposureTable
    from tte import EventModel

_PROBABILITIES = np.array([0.05, 0.5, 0.95])


@dataclass(frozen=True, slots=True)
class RegimenRisk:
    """Risk of colectomy by day 90 of one regimen, the event model held at its estimate.

    Parameters
    ----------
    mean, q05, q95 : float
        Over the posterior.
    plug_in : float
        At the maximum a posteriori estimate.
    log_auc_cl : float
        Median of ln(AUC/CL); minus infinity without drug in the window.
    """

    mean: float
    q05: float
    q95: float
    plug_in: float
    log_auc_cl: float


@dataclass(frozen=True, slots=True)
class PosteriorScorer:
    """Exposure of regimens over one patient's posterior (see ``regimen_scorer.RegimenScorer``)."""

    table: ExposureTable
    event_model: EventModel
    envelope: Envelope

    @property
    def best_index(self) -> int:
        """Return the index of an infusion that is everywhere as good as the best."""
        return self.table.best_index

    def probability(self, time_index: IntArray, amounts: FloatArray, log_auc_cl: float) -> FloatArray:
        """Return P(ln(AUC/CL) >= log_auc_cl) of each regimen."""
        return probability_at_least(self.table, time_index, amounts, log_auc_cl)

    def plug_in(self, time_index: IntArray, amounts: FloatArray) -> FloatArray:
        """Return ln(AUC/CL) of each regimen at the maximum a posteriori estimate."""
        return log_auc_cl_at_mode(self.table, time_index, amounts)

    def summary(self, time_index: IntArray, amounts: FloatArray) -> RegimenRisk:
        """Return the risk of one regimen."""
        at_mode = float(self.plug_in(time_index[None, :], amounts[None, :])[0])
        plug_in = float(risk_day90(self.event_model, at_mode))
        if at_mode == -math.inf:
            return RegimenRisk(1.0, 1.0, 1.0, plug_in, -math.inf)
        marginal, values = log_auc_cl_marginal(self.table, time_index, amounts, _PROBABILITIES)
        weight = self.table.posterior.density * self.table.posterior.step[:, None]
        risks = np.asarray(risk_day90(self.event_model, values))
        q05, _, q95 = (float(risk_day90(self.event_model, float(x))) for x in marginal.quantiles[::-1])
        return RegimenRisk(
            mean=float((weight * risks).sum() / weight.sum()),
            q05=q05,
            q95=q95,
            plug_in=plug_in,
            log_auc_cl=float(marginal.quantiles[1]),
        )


def find_regimens(
    case: PatientCase,
    event_model: EventModel,
    *,
    posterior: Posterior | None = None,
    progress: Progress | None = None,
) -> OptimizeResult:
    """Search the regimens of a case.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    event_model : EventModel
        Event model.
    posterior : Posterior, optional
        The case's posterior where it is known already.
    progress : callable, optional
        Told the share of the search that is done, from 0 to 1.

    Returns
    -------
    OptimizeResult
        Ranked regimens.

    Raises
    ------
    InputError
        Where the event model is not calibrated for the case's pharmacokinetic model.
    """
    model = load_model(case.model)
    if model.id not in event_model.pk_models:
        known = ", ".join(event_model.pk_models)
        raise input_error(
            "model", f'"{model.id}" has no calibrated risk, so no regimen can be judged by it; expected one of {known}'
        )
    subject = subject_from_case(case, model)
    if posterior is None:
        posterior = integrate_posterior(bind(model, [subject]))
    if not math.isfinite(posterior.log_evidence):
        raise input_error("samples", posterior.status.value)

    def scorer(fixed: tuple[CaseDose, ...], times: FloatArray, durations_hour: FloatArray) -> PosteriorScorer:
        table = exposure_table(
            posterior,
            Subject(subject.doses, subject.samples, subject.covariates),
            fixed_doses=tuple(engine_dose(dose) for dose in fixed),
            times=times,
            durations=np.array([days_from_hours(float(hours)) for hours in durations_hour]),
        )
        return _with_envelope(table, event_model)

    return optimize(
        case,
        weight_kg=resolve_covariates(model, numeric_covariates(case)).values["weight_kg"],
        scorer_factory=scorer,
        targets=ExposureTargets(
            log_auc_cl_for_target=float(log_auc_cl_for_risk(event_model, case.target.risk_day90)),
            log_auc_cl_threshold=event_model.threshold,
            risk=lambda log_auc_cl: float(risk_day90(event_model, log_auc_cl)),
        ),
        progress=progress,
    )


def _with_envelope(table: ExposureTable, event_model: EventModel) -> PosteriorScorer:
    """Return the scorer of a table, which is given further rows: an infusion as good as any from each place on.

    The order is that of the areas at the maximum a posteriori estimate.
    """
    n_times, n_rows = len(table.log_areas), len(table.mode_areas)
    order = np.argsort(-table.mode_areas[:n_times, 0], kind="stable")

    def extended(areas: FloatArray) -> FloatArray:
        best = np.maximum.accumulate(areas[order[::-1]], axis=0)[::-1]
        return np.ascontiguousarray(np.vstack((areas, best)))

    lines = table.lines._replace(areas=extended(table.lines.areas))
    wider = replace(table, lines=lines, mode_areas=extended(table.mode_areas))
    return PosteriorScorer(wider, event_model, Envelope(order, n_rows + np.arange(n_times)))
