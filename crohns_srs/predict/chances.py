"""How probable response and remission are, on placebo and with a drug, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from crohns_srs.predict.effects import expected, placebo_effect

if TYPE_CHECKING:
    from crohns_srs.data.config import Config
    from crohns_srs.predict.effects import Effects
    from crohns_srs.predict.profile import Profile
    from pkpd.arrays import FloatArray

REMISSION = "remission"
"""Key of the probability of remission."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability of one new participant.

    Parameters
    ----------
    value : float
        Probability; the estimates' errors and what is not known are averaged over.
    low, high : float
        The same at the ends of the interval of the expected outcome.
    """

    value: float
    low: float
    high: float


def limits(config: Config, profile: Profile) -> dict[str, FloatArray]:
    """Return from which outcome on there is each kind of success, for each set of values, by its key.

    Parameters
    ----------
    config : Config
        What counts as response and remission.
    profile : Profile
        Patient.

    Returns
    -------
    dict of str to (n_sets,) array
        Limits; ``response100``, …, and ``remission`` where the configuration says what that is.
    """
    found = {f"response{at:g}": np.full(profile.n_sets, at) for at in config.outcome.response}
    if config.outcome.remission:
        centre = next(one.centre for one in config.covariates if one.name == config.outcome.remission.baseline)
        baseline = profile.values[config.outcome.remission.baseline] + centre
        found[REMISSION] = baseline - config.outcome.remission.below
    return found


def placebo_chance(effects: Effects, limit: FloatArray, level: float) -> Chance:
    """Return the probability of success on placebo.

    Parameters
    ----------
    effects : Effects
        Effects on a patient.
    limit : (n_sets,) array
        Outcomes from which on there is success.
    level : float
        Probability of the interval.
    """
    model = effects.placebo_model
    spread = model.var_trial + model.var_residual
    margin = effects.placebo_sets - limit
    each: FloatArray = np.array(ndtr(margin / np.sqrt(spread + effects.placebo_variance)), dtype=np.float64)
    return Chance(float(each.mean()), *_ends(placebo_effect(effects, limit).interval(level), spread))


def chance(effects: Effects, k: int, limit: FloatArray, level: float) -> Chance:
    """Return the probability of success under one class, placebo and drug together.

    Parameters
    ----------
    effects : Effects
        Effects on a patient.
    k : int
        Position of the class.
    limit : (n_sets,) array
        Outcomes from which on there is success.
    level : float
        Probability of the interval.
    """
    ends = _ends(expected(effects, k, limit).interval(level), float(effects.spread[k]))
    return Chance(probability(effects, k, limit), *ends)


def probability(effects: Effects, k: int, limit: FloatArray) -> float:
    """Return the probability of success under one class, without its interval."""
    margin = effects.expected_sets[:, k] - limit
    each: FloatArray = np.array(ndtr(margin / np.sqrt(effects.spread[k] + error_square(effects, k))), dtype=np.float64)
    return float(each.mean())


def error_square(effects: Effects, k: int) -> FloatArray:
    """Return the variance of the estimate of the expected outcome under one class for each set of values, (n_sets,)."""
    left = effects.left[:, k]
    return effects.own_sets[:, k] + ((left @ effects.placebo_covariance) * left).sum(axis=1)


def _ends(interval: list[float], spread: float) -> tuple[float, float]:
    low, high = (float(ndtr(end / float(np.sqrt(spread)))) for end in interval)
    return low, high
