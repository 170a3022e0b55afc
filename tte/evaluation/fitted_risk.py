"""Risks that a fit of event times predicts, for its own subjects or others, and what is left of their performance on others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.fit import AT_A_MAXIMUM, fit_samples
from tte.estimation.prediction import linear_predictors
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import check_start
from tte.evaluation.optimism import (
    OptimismResult,
    brier_measure,
    concordance_measure,
    optimism,
    time_dependent_auc_measure,
)
from tte.evaluation.risk_evaluation import PredictedRisk
from tte.hazards.curves import cumulative_hazard
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.estimation.fit import EventFit
    from tte.evaluation.event_times import EventTimes

# Their first parameter multiplies the hazard.
_PROPORTIONAL = (Hazard.EXPONENTIAL, Hazard.WEIBULL, Hazard.GOMPERTZ, Hazard.SURGE)


def fitted_risk(
    fit: EventFit, times: EventTimes, *, horizon_day: float, start_day: float = 0.0, theta: FloatArray | None = None
) -> PredictedRisk:
    """Return what a fit predicts of subjects with one row each.

    Parameters
    ----------
    fit : EventFit
        The fit, with the rows of n subjects.
    times : EventTimes
        Of these subjects, ending at the horizon; an event that is known by an interval happens at its end.
    horizon_day, start_day : float
        Horizon, and the day from which on the risk is meant: that of a landmark, or 0.
    theta : (n_coefficients,) array, optional
        Other coefficients than the estimates.
    """
    linear, hazard = linear_predictors(fit, theta), fit.model.hazard

    def at(days: FloatArray | float) -> FloatArray:
        return cumulative_hazard(hazard, np.broadcast_to(np.asarray(days, dtype=np.float64), (times.n,)), linear)

    ahead = at(horizon_day) - at(start_day)
    first = hazard.parameters[0].name
    effects = fit.model.effects if hazard in _PROPORTIONAL else ()
    is_proportional = bool(effects) and all(one.parameter == first for one in effects)
    names = tuple(one.covariate for one in effects) if is_proportional else ()
    columns = [fit.events.covariates[name] for name in names]
    values = (fit.theta if theta is None else theta)[len(hazard.parameters) :]
    return PredictedRisk(
        risk=-np.expm1(-ahead),
        hazard_at_entry=at(times.entry_day),
        hazard_at_time=at(times.time_day),
        hazard_when_free=at(np.minimum(fit.events.stop, times.time_day)),
        log_hazard=np.log(ahead),
        covariates=np.column_stack(columns) if names else np.empty((times.n, 0)),
        coefficients=values if names else np.empty(0),
        names=names,
    )


def fitted_optimism(
    fit: EventFit,
    times: EventTimes,
    *,
    horizon_day: float,
    start_day: float = 0.0,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> OptimismResult:
    """Return how optimistic a fit's performance on its own subjects is, the same model being fitted again in each draw.

    What chose the model before, such as a search of covariates, is not repeated. Area and Brier score are those weighted for censoring.

    Parameters
    ----------
    fit, times, horizon_day, start_day
        As ``fitted_risk``.
    n_draws, seed : int
        Draws of subjects, and from what.
    tell : callable
        Told the share that is done.

    Raises
    ------
    InputError
        Where the fit is not at a maximum, or observation does not begin on one day for all, as the weights need it.
    """
    check_start(times)
    model = fit.model_at_estimates

    def refit(counts: FloatArray) -> FloatArray | None:
        found = fit_samples(fit.events, model, counts[None].astype(np.int64))
        if found.statuses[0] not in AT_A_MAXIMUM:
            return None
        risk = fitted_risk(fit, times, horizon_day=horizon_day, start_day=start_day, theta=found.theta[0]).risk
        return risk if np.isfinite(risk).all() else None

    counts = np.array(list(drawn_subjects(times.n, n_draws, seed)), dtype=np.int64)
    measures = (
        time_dependent_auc_measure(times, horizon_day),
        concordance_measure(times),
        brier_measure(times, horizon_day),
    )
    return optimism(refit, counts, measures, tell=tell)
