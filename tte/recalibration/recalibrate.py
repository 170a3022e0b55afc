"""The recalibration of an event model on other patients: new parameters, tests, calibration before and after, and a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from pkpd.errors import InputError, input_error
from tte.data.events import resampling_counts
from tte.estimation.document import status_text
from tte.estimation.fit import FitStatus, fit_samples
from tte.model.build import SHAPE_STANDARD_ERRORS
from tte.recalibration.calibration import Calibration, calibration_of, recalibration_optimism
from tte.recalibration.closed_test import ClosedTest, closed_test
from tte.recalibration.parameters import RiskParameters, from_links, parameters_of
from tte.recalibration.population import population_of
from tte.recalibration.posterior import (
    Posterior,
    PosteriorStatus,
    event_data,
    posterior,
    posterior_parameters,
)
from tte.recalibration.prior import Prior, prior_of
from tte.recalibration.updates import NestedFits, Update, fit_update, has_estimates, nested_fits, updated_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.fit import EventFit
    from tte.evaluation.optimism import OptimismResult
    from tte.model.event_model import EventModel
    from tte.recalibration.population import ExposedPopulation

MethodName = Literal["intercept", "slope", "refit", "bayes"]
# Exposures farther than this from the reference are no ln(AUC/CL): 20 is a factor of 5e8, 4 one of 55.
_IMPOSSIBLE, _UNLIKELY = 20.0, 4.0
_COARSE = 1.0
_SHARE_BEFORE, _SHARE_AFTER = 0.15, 0.3


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    model : EventModel
        The old model.
    covariate : str
        Column of the exposure ln(AUC/CL).
    method : str
        ``intercept``, ``slope``, ``refit`` or ``bayes``.
    is_penalised : bool
        Whether the likelihood is penalised; not with ``bayes``.
    prior_weight : float
        Power of the prior, with ``bayes``.
    shape_sd : float or None
        Prior standard deviation of ln γ, with ``bayes``; None for what the file says.
    level : float
        Probability of the intervals.
    n_draws, seed : int
        How often patients are drawn for intervals and optimism, and from what.
    """

    model: EventModel
    covariate: str
    method: MethodName
    is_penalised: bool = False
    prior_weight: float = 1.0
    shape_sd: float | None = None
    level: float = 0.95
    n_draws: int = 500
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A recalibration of one group of patients.

    Parameters
    ----------
    request : Request
        What was asked for.
    events : Events
        Of whom.
    from_day : float
        0, or the landmark.
    status, status_text : str
        How the estimation ended, as a word and as a sentence.
    parameters : RiskParameters or None
        The new parameters, also where no model is made of them; None where there are none.
    refusal : str
        Why no event model can be made of them; empty where one can.
    fit : EventFit or None
        The fit by maximum likelihood.
    prior, posterior : Prior, Posterior or None
        With ``bayes``.
    nested, tested : NestedFits, ClosedTest or None
        The four updates and their tests, whatever the method; None where they cannot be made, as without an event.
    untested : str
        Why not; empty where they can.
    people : ExposedPopulation or None
        The patients with one exposure each; None where outcomes cannot be counted.
    before, after : Calibration or None
        Of the old and of the new model.
    optimism : OptimismResult or None
        Of the new one's calibration.
    remark : str
        Why there is no calibration, or no optimism; empty where there are both.
    """

    request: Request
    events: Events
    from_day: float
    status: str
    status_text: str
    parameters: RiskParameters | None
    refusal: str
    fit: EventFit | None
    prior: Prior | None
    posterior: Posterior | None
    nested: NestedFits | None
    tested: ClosedTest | None
    untested: str
    people: ExposedPopulation | None
    before: Calibration | None
    after: Calibration | None
    optimism: OptimismResult | None
    remark: str


def check_exposure(events: Events, covariate: str, model: EventModel) -> str:
    """Return a sentence where a column may not be ln(AUC/CL); empty where it may.

    Raises
    ------
    InputError
        Where it cannot be.
    """
    values = events.covariates[covariate.upper()]
    middle, distance = float(np.median(values)), np.abs(values - model.x_ref)
    if float(distance.max()) > _IMPOSSIBLE:
        who = events.ids[int(events.subject[int(np.argmax(distance))])]
        message = (
            f"is {values[int(np.argmax(distance))]:g} for subject {who}, but the reference of {model.id} is {model.x_ref:.2f}; expected "
            "ln(AUC/CL), the column LOG_AUC_CL of asuc exposure"
        )
        raise input_error(covariate, message)
    if abs(middle - model.x_ref) > _UNLIKELY:
        return (
            f"The median of {covariate} is {middle:.3g}, far from the reference {model.x_ref:.3g} of {model.id}; make sure that it is "
            "ln(AUC/CL), and with the same pharmacokinetic model."
        )
    return ""


def recalibrate(
    events: Events, request: Request, *, from_day: float = 0.0, tell: Callable[[float], object] = lambda _: None
) -> Recalibration:
    """Recalibrate an event model.

    Parameters
    ----------
    events : Events
        Event times of other patients; at a landmark, those of it. Without an event only ``bayes`` has an answer.
    request : Request
        How.
    from_day : float
        0, or the landmark.
    tell : callable
        Told the share that is done.

    Raises
    ------
    InputError
        With every problem of the data that stands against it, as in `tte.estimation.fit.fit`, and of the prior.
    """
    if request.method == "bayes":
        found = _by_posterior(events, request, from_day)
    else:
        found = _by_likelihood(events, request, from_day)
    tested = _tests(events, request)
    return _calibrated(replace(found, nested=tested[0], tested=tested[1], untested=tested[2]), tell)


def _by_likelihood(events: Events, request: Request, from_day: float) -> Recalibration:
    fit = fit_update(
        events, request.model, request.covariate, Update(request.method), is_penalised=request.is_penalised
    )
    said, parameters, refusal = status_text(fit), None, ""
    if has_estimates(fit):
        parameters = updated_parameters(fit, request.model)
        refusal = refusal_of(parameters, request)
    else:
        refusal = f"{said} {_way_out(fit, request)}"
    return _bare(events, request, from_day, fit.status.name.lower(), said, parameters, refusal, fit=fit)


def _way_out(fit: EventFit, request: Request) -> str:
    if fit.status is FitStatus.MONOTONE_LIKELIHOOD and not request.is_penalised:
        return "--penalize gives a finite estimate, and --method bayes one that takes the old model into account."
    return "--method bayes takes the old model into account."


def _by_posterior(events: Events, request: Request, from_day: float) -> Recalibration:
    prior = prior_of(request.model, weight=request.prior_weight, shape_sd=request.shape_sd)
    found = posterior(event_data(events, request.covariate, prior), prior)
    status, said = found.status.name.lower(), found.status.value
    if found.status is PosteriorStatus.NO_MODE:
        return _bare(events, request, from_day, status, said, None, said, prior=prior, posterior=found)
    parameters = posterior_parameters(found, request.model.x_ref)
    refusal = refusal_of(parameters, request)
    return _bare(events, request, from_day, status, said, parameters, refusal, prior=prior, posterior=found)


def refusal_of(parameters: RiskParameters, request: Request) -> str:
    """Return why no event model for the app can be made of estimates; empty where one can."""
    slope, sd = parameters.slope, float(parameters.sd[2])
    if not slope < 0.0:
        z = NormalDist().inv_cdf(0.5 + 0.5 * request.level)
        percent = f"{100.0 * request.level:g} %"
        spread = f", {percent} interval {slope - z * sd:.3g} to {slope + z * sd:.3g}" if sd > 0.0 else ""
        return (
            f"The effect of {request.covariate} is {slope:.3g}{spread}: these patients show no lower hazard with more exposure, so that there is "
            "no protective association to dose by, and no event model was written."
        )
    shape_sd = float(parameters.sd[1])
    if parameters.shape < SHAPE_STANDARD_ERRORS * shape_sd:
        return (
            f"The shape is {parameters.shape:.3g} with a standard error of {shape_sd:.3g}, more than a third of it: the events say too little of "
            "when they happen, and no event model was written; --method slope holds the shape, and --method bayes takes what was known of it."
        )
    return ""


def _tests(events: Events, request: Request) -> tuple[NestedFits | None, ClosedTest | None, str]:
    try:
        nested = nested_fits(events, request.model, request.covariate)
    except InputError as error:
        return None, None, f"The updates were not compared: {error.problems[0]}."
    return nested, closed_test(nested), ""


def _calibrated(found: Recalibration, tell: Callable[[float], object]) -> Recalibration:
    """Return a recalibration with its calibration."""
    request = found.request
    try:
        people = population_of(found.events, request.covariate, from_day=found.from_day)
    except InputError as error:
        return replace(found, remark=f"There is no calibration: {error.problems[0]}.")
    try:
        with_both = _compared(found, people, tell)
    except InputError as error:  # hazards beyond all numbers
        return replace(found, people=people, remark=f"There is no calibration: {error.problems[0]}.")
    if found.parameters is None:
        return with_both
    if request.is_penalised or people.times.n_events == 0:
        why = "of a penalised fit" if request.is_penalised else "without an event"
        return replace(with_both, remark=f"The optimism {why} is not computed.")
    counts = resampling_counts(found.events.n_subjects, request.n_draws, np.random.default_rng(request.seed))
    try:
        optimism = recalibration_optimism(
            _refit(found), people, counts, tell=lambda s: tell(_SHARE_AFTER + (1.0 - _SHARE_AFTER) * s)
        )
    except InputError as error:
        return replace(with_both, remark=f"The optimism is not computed: {error.problems[0]}.")
    return replace(with_both, optimism=optimism)


def _compared(found: Recalibration, people: ExposedPopulation, tell: Callable[[float], object]) -> Recalibration:
    """Return a recalibration with the calibration of the old model and of the new one, where there is one."""
    n_draws, seed = found.request.n_draws, found.request.seed
    before = calibration_of(
        parameters_of(found.request.model), people, n_draws=n_draws, seed=seed, tell=lambda s: tell(_SHARE_BEFORE * s)
    )
    if found.parameters is None:
        return replace(found, people=people, before=before)
    after = calibration_of(
        found.parameters,
        people,
        n_draws=n_draws,
        seed=seed,
        tell=lambda s: tell(_SHARE_BEFORE + (_SHARE_AFTER - _SHARE_BEFORE) * s),
    )
    return replace(found, people=people, before=before, after=after)


def _refit(found: Recalibration) -> Callable[[FloatArray], RiskParameters | None]:
    """Return what makes the recalibration anew from how often each patient counts."""
    request, events = found.request, found.events

    def by_likelihood(counts: FloatArray) -> RiskParameters | None:
        assert found.fit is not None  # noqa: S101 - the method says so
        sample = fit_samples(events, found.fit.model_at_estimates, counts.astype(np.int64)[None])
        usable = sample.statuses[0] is FitStatus.CONVERGED
        return from_links(sample.theta[0], np.zeros((3, 3)), request.model.x_ref) if usable else None

    def by_posterior(counts: FloatArray) -> RiskParameters | None:
        assert found.prior is not None  # noqa: S101 - the method says so
        data = event_data(events, request.covariate, found.prior, counts[events.subject])
        again = posterior(data, found.prior, step=_COARSE)
        usable = again.status is not PosteriorStatus.NO_MODE
        return posterior_parameters(again, request.model.x_ref) if usable else None

    return by_posterior if request.method == "bayes" else by_likelihood


def _bare(
    events: Events,
    request: Request,
    from_day: float,
    status: str,
    said: str,
    parameters: RiskParameters | None,
    refusal: str,
    *,
    fit: EventFit | None = None,
    prior: Prior | None = None,
    posterior: Posterior | None = None,
) -> Recalibration:
    """Return a recalibration before its tests and its calibration."""
    return Recalibration(
        request,
        events,
        from_day,
        status,
        said,
        parameters,
        refusal,
        fit,
        prior,
        posterior,
        nested=None,
        tested=None,
        untested="",
        people=None,
        before=None,
        after=None,
        optimism=None,
        remark="",
    )
