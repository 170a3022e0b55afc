"""One effect of exposure by four fits: plug-in, regression calibration, and the joint likelihood with pharmacokinetics held and estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.residual import LOG_2PI
from pkpd.likelihood.population import quantified_by_subject
from tte.estimation.fit import EventFit
from tte.estimation.intervals import LEVEL
from tte.estimation.profile import profiles
from tte.joint.data import check_exposures, predictor_at_modes
from tte.joint.fit import fit_joint
from tte.joint.held import levels_posterior
from tte.joint.profile import profile
from tte.joint.sequential import fit_with_exposure, modes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.model.population import PopulationParameter
    from tte.estimation.profile import Profile
    from tte.joint.data import JointData
    from tte.joint.fit import JointFit
    from tte.joint.held import LevelsPosterior

# Shares of the work at which its parts end: sequential fits, pharmacokinetics held, joint fit, profiles.
_SEQUENTIAL, _HELD, _JOINT = 0.05, 0.2, 0.5
# Points of a search, and fits of a profile, after which half of their share is shown as done.
_HALF_POINTS, _HALF_FITS = 10.0, 8.0


@dataclass(frozen=True, slots=True)
class JointComparison:
    """Fits of one model to the same data.

    Parameters
    ----------
    data : JointData
        Data and models.
    levels : Fit or None
        The fit of the concentrations alone; None where the pharmacokinetics were not estimated.
    values : (n_parameters,) array
        Pharmacokinetic parameters of the fits that hold them.
    modes, means : EventFit
        Plug-in and regression calibration.
    before : LevelsPosterior
        The exposures given the concentrations alone.
    held : JointFit
        The joint likelihood with the pharmacokinetic parameters held.
    joint : JointFit or None
        With all estimated, where that was wanted.
    profiles : dict of str to Profile
        Of the effect of the exposure, by fit: ``modes``, ``means``, ``held``, ``joint``; those that there are.
    """

    data: JointData
    levels: Fit | None
    values: FloatArray
    modes: EventFit
    means: EventFit
    before: LevelsPosterior
    held: JointFit
    joint: JointFit | None
    profiles: dict[str, Profile]

    @property
    def best(self) -> JointFit:
        """Return the joint fit, or the one with the pharmacokinetics held where there is no other."""
        return self.held if self.joint is None else self.joint


def compare(
    data: JointData,
    *,
    values: FloatArray,
    parameters: tuple[PopulationParameter, ...],
    levels: Fit | None,
    level: float = LEVEL,
    with_profiles: bool = True,
    progress: Callable[[float], None] | None = None,
) -> JointComparison:
    """Fit one model in every way.

    Parameters
    ----------
    data : JointData
        Data and models.
    values : (n_parameters,) array
        Pharmacokinetic parameters where they are held.
    parameters : tuple of PopulationParameter
        Which of them are held in the joint fit as well.
    levels : Fit or None
        The fit of the concentrations alone, where the joint fit begins; None makes no joint fit with these parameters estimated.
    level : float
        Probability of the profile intervals.
    with_profiles : bool
        Whether the effect of the exposure gets intervals by profile.
    progress : callable, optional
        Told the share that is done.

    Raises
    ------
    InputError
        Where the levels have no likelihood at the parameters that are held.
    """
    tell = progress or _silent
    at_modes = predictor_at_modes(data, values, modes_of(data, values))
    held_at = [replace(one, value=float(value)) for one, value in zip(parameters, values, strict=True)]
    check_exposures(data, at_modes, held_at)
    modes = fit_with_exposure(data, at_modes)
    before = levels_posterior(data, values)
    check_exposures(data, before.mean, held_at)
    means = fit_with_exposure(data, before.mean)
    tell(_SEQUENTIAL)
    held = fit_joint(data, values=values, holds_pk=True, progress=_within(tell, _SEQUENTIAL, _HELD))
    tell(_HELD)
    joint = None
    if levels is not None:
        told = _within(tell, _HELD, _JOINT)
        joint = fit_joint(data, values=levels.values, parameters=parameters, theta=held.theta, progress=told)
        tell(_JOINT)
    found = _profiles(data, modes, means, held, joint, level, tell) if with_profiles else {}
    return JointComparison(data, levels, values, modes, means, before, held, joint, found)


def _profiles(
    data: JointData,
    modes: EventFit,
    means: EventFit,
    held: JointFit,
    joint: JointFit | None,
    level: float,
    tell: Callable[[float], None],
) -> dict[str, Profile]:
    name = data.effect
    found: dict[str, Profile] = {}
    for key, one in (("modes", modes), ("means", means)):
        own = next((each for each in profiles(one, level=level) if each.name == name), None)
        found |= {} if own is None else {key: own}
    begun = _JOINT if joint is not None else _HELD
    for key, one, until in (("held", held, begun + 0.2), ("joint", joint, 1.0)):
        if one is None:
            continue
        start = begun if key == "held" else begun + 0.2
        told = _within(tell, start, until, half=_HALF_FITS)
        own = profile(one, name, level=level, progress=told)
        found |= {} if own is None else {key: own}
    return found


def _within(
    tell: Callable[[float], None], begin: float, end: float, *, half: float = _HALF_POINTS
) -> Callable[[float], None]:
    """Return what is told of every step of a part whose number of steps is not known, and tells a share that never reaches its end."""
    steps = 0

    def step(_: float) -> None:
        nonlocal steps
        steps += 1
        tell(begin + (end - begin) * steps / (steps + half))

    return step


def _silent(_: float) -> None:
    return


def log_likelihood(fit: JointFit) -> float:
    """Return the logarithm of a joint likelihood, log 2 pi of quantified levels included."""
    return -0.5 * (fit.ofv + LOG_2PI * float(quantified_by_subject(fit.data.population).sum()))


def event_log_likelihood(fit: JointFit) -> float:
    """Return what the event times add: the logarithm of their likelihood given the concentrations, at the fit's estimates."""
    levels = levels_posterior(fit.data, fit.values, fit.evaluation.nodes)
    return -0.5 * (fit.ofv - float(levels.ofv_i.sum()))


def as_event_fit(fit: JointFit) -> EventFit:
    """Return the hazard of a joint fit as a fit of event times, with each subject's mean exposure as its covariate."""
    data, n = fit.data, fit.theta.size
    place = {name: i for i, name in enumerate(data.population.cohort.ids)}
    own = np.array([fit.evaluation.exposure_mean[place[name]] for name in data.events.ids])[data.events.subject]
    events = data.events_with(own)
    return EventFit(
        model=data.model,
        events=events,
        status=fit.status,
        named=tuple(name for name in fit.named if name in data.model.names),
        theta=fit.theta,
        log_likelihood=event_log_likelihood(fit),
        gradient=fit.evaluation.slopes.sum(axis=0),
        information=np.full((n, n), np.nan),
        covariance=fit.theta_covariance,
        is_free=fit.coefficients.is_free,
        n_steps=fit.n_evaluations,
    )
