"""The models of a table as one document, `asuc-crohns-fit/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.data.config import PLACEBO
from crohns_srs.lmm import DegreesOfFreedom, contrast
from crohns_srs.srs.fit import two_stage_covariance
from crohns_srs.srs.stage_numbers import covariate_moments, stage_numbers

if TYPE_CHECKING:
    from crohns_srs.lmm import MixedFit
    from crohns_srs.srs.fit import SequenceFit, StageFit

_FEW_TRIALS = 5
# Degrees of freedom below which a normal interval is too narrow by a tenth.
_FEW_DEGREES = 12.0
NOTES = (
    "Associations in pooled trials: classes were not randomised against each other, and no difference between them is a proven benefit.",
    "The errors of a class's coefficients, se and vcov, take the placebo model as known, as the publication does; se_two_stage and vcov_two_stage do not.",
)


def fit_document(sequence: SequenceFit, *, level: float) -> dict[str, Any]:
    """Return the document of a fit, but for the time that it took.

    Parameters
    ----------
    sequence : SequenceFit
        All models.
    level : float
        Probability of the intervals.
    """
    given = sequence.participants
    return {
        "schema": "asuc-crohns-fit/1",
        "models": {one.id: _model(sequence, one, level) for one in sequence.stages},
        "covariates": _covariates(sequence),
        "level": level,
        "config": {"id": given.config.id, "title": given.config.title, "sha256": given.config.sha256},
        "data": {"file": given.file, "sha256": given.sha256, "n_rows": given.n_rows},
        "notes": list(NOTES),
    }


def _model(sequence: SequenceFit, stage: StageFit, level: float) -> dict[str, Any]:
    fit, kept = stage.fit, stage_numbers(stage)
    each = np.eye(len(fit.terms))
    own = [contrast(fit, one, level=level) for one in each]
    enlarged = [contrast(fit, one, method=DegreesOfFreedom.KENWARD_ROGER, level=level) for one in each]
    both = fit.covariance if stage.id == PLACEBO else two_stage_covariance(sequence, stage, stage)
    return {
        "title": kept.title,
        "status": fit.status.name.lower(),
        "status_text": fit.status.value,
        "terms": list(kept.terms),
        "estimate": kept.estimate.tolist(),
        "se": fit.standard_error.tolist(),
        "df": [one.df for one in own],
        "p": [one.p for one in own],
        "interval": [list(one.interval) for one in own],
        "kenward_roger_se": [one.standard_error for one in enlarged],
        "kenward_roger_df": [one.df for one in enlarged],
        "kenward_roger_p": [one.p for one in enlarged],
        "vcov": kept.vcov.tolist(),
        "se_two_stage": np.sqrt(np.diag(both)).tolist(),
        "vcov_two_stage": both.tolist(),
        "carried": kept.carried.tolist(),
        "lever_square": kept.lever_square.tolist(),
        "variance_spread": kept.variance_spread.tolist(),
        "held_estimate": kept.held_estimate.tolist(),
        "held_vcov": kept.held_vcov.tolist(),
        "df_test": kept.df_test,
        "theta": float(np.sqrt(fit.ratio[0])),
        "var_trial": kept.var_trial,
        "var_residual": kept.var_residual,
        "icc": kept.var_trial / (kept.var_trial + kept.var_residual),
        "reml_criterion": fit.deviance,
        "n_obs": kept.n_obs,
        "n_trials": kept.n_trials,
        "trials": _trials(fit),
        "likelihood_ratio": {"chi_square": stage.test.chi_square, "df": stage.test.df, "p": stage.test.p},
        "warnings": _warnings(fit, own[0].df),
    }


def _covariates(sequence: SequenceFit) -> dict[str, Any]:
    given = sequence.participants
    mean, covariance = covariate_moments(given)
    return {
        "terms": [one.name for one in given.config.drug_covariates],
        "n_obs": given.n_rows,
        "mean": mean.tolist(),
        "covariance": covariance.tolist(),
    }


def _trials(fit: MixedFit) -> dict[str, dict[str, float]]:
    groups = fit.summary.design.groupings[0]
    counts = np.bincount(groups.code, minlength=len(groups.levels))
    return {
        level: {"n_obs": int(n), "effect": float(effect), "conditional_variance": float(variance)}
        for level, n, effect, variance in zip(groups.levels, counts, fit.effects, fit.effect_variance, strict=True)
    }


def _warnings(fit: MixedFit, df_intercept: float) -> list[str]:
    found: list[str] = []
    n = fit.effects.size
    if n < _FEW_TRIALS:
        found.append(f"{n} trials: the variance between trials is hardly known, and every interval depends on it.")
    if fit.ratio[0] == 0.0:
        found.append(
            "The trials' variance is estimated as 0, and the degrees of freedom take that as known; errors may be too small."
        )
    if df_intercept < _FEW_DEGREES:
        found.append(
            f"The intercept has {df_intercept:.1f} degrees of freedom: intervals by a normal distribution would be too narrow."
        )
    return found
