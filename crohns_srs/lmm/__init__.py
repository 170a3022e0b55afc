"""Linear mixed models with random intercepts: restricted and full likelihood, tests, predictions and the parametric bootstrap."""

from __future__ import annotations

from crohns_srs.lmm.bootstrap import GroupEffects, held_covariance, held_shift, parametric_bootstrap
from crohns_srs.lmm.fit import FitStatus, Likelihood, MixedFit, Refits, fit_mixed, generalised_coefficients
from crohns_srs.lmm.inference import (
    Contrast,
    DegreesOfFreedom,
    JointTest,
    RatioTest,
    contrast,
    joint_test,
    kenward_roger_covariance,
    likelihood_ratio_test,
    variance_spread,
)
from crohns_srs.lmm.prediction import Prediction, predict_groups, predict_population

__all__ = [
    "Contrast",
    "DegreesOfFreedom",
    "FitStatus",
    "GroupEffects",
    "JointTest",
    "Likelihood",
    "MixedFit",
    "Prediction",
    "RatioTest",
    "Refits",
    "contrast",
    "fit_mixed",
    "generalised_coefficients",
    "held_covariance",
    "held_shift",
    "joint_test",
    "kenward_roger_covariance",
    "likelihood_ratio_test",
    "parametric_bootstrap",
    "predict_groups",
    "predict_population",
    "variance_spread",
]
