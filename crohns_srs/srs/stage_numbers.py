"""What is kept of a fitted stage for telling patients by it, and of the covariates of its participants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.lmm import held_covariance, held_shift, variance_spread

if TYPE_CHECKING:
    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.srs.fit import StageFit
    from pkpd.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class StageNumbers:
    """Numbers of a stage under the names that they have in its document (`ModelEntry`); arrays are in the order of `terms`."""

    title: str
    terms: tuple[str, ...]
    estimate: FloatArray
    vcov: FloatArray
    lever_square: FloatArray
    variance_spread: FloatArray
    held_estimate: FloatArray
    held_vcov: FloatArray
    var_trial: float
    var_residual: float
    n_obs: int
    n_trials: int
    df_test: int
    carried: FloatArray


def stage_numbers(stage: StageFit) -> StageNumbers:
    """Return the numbers of a stage; those with the trials' effects held are the limit of the bootstrap that holds them, without its refits."""
    fit = stage.fit
    lever = fit.moments.lever
    return StageNumbers(
        stage.title,
        fit.terms,
        fit.estimate,
        fit.covariance,
        fit.residual_variance * lever @ lever.T,
        variance_spread(fit),
        fit.estimate + held_shift(fit),
        held_covariance(fit),
        float(fit.group_variance[0]),
        fit.residual_variance,
        fit.n_obs,
        fit.effects.size,
        fit.n_obs - len(fit.terms),
        stage.carried,
    )


def covariate_moments(participants: Participants) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of the covariates of the classes' models, not centred: what is needed of them for inputs that are not known."""
    covariates = participants.config.drug_covariates
    values = np.zeros((participants.n_rows, len(covariates)))
    for j, one in enumerate(covariates):
        values[:, j] = participants.covariates[one.name] + one.centre
    mean: FloatArray = values.mean(axis=0)
    apart = values - mean
    return mean, apart.T @ apart / (participants.n_rows - 1)
