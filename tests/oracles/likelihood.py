"""The individual objective in plain NumPy and SciPy, over many random effects at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr

from pkpd.data.records import Censoring
from pkpd.model.residual import residual_sd_parameters
from tests.oracles.superposition import concentration, kinetics, prior_scale

if TYPE_CHECKING:
    from pkpd.data.records import Sample, Subject
    from pkpd.model.spec import ModelSpec


def minus2_log_density(sample: Sample, prediction: np.ndarray, additive: float, proportional: float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        sd = np.hypot(additive, proportional * prediction)
        if sample.censoring is Censoring.NONE:
            value = math.log(2.0 * math.pi) + 2.0 * np.log(sd) + ((sample.level - prediction) / sd) ** 2
            return np.where(sd > 0.0, value, np.inf)
        if sample.censoring is Censoring.BELOW:
            return np.where(sd > 0.0, -2.0 * log_ndtr((sample.lloq - prediction) / sd), 0.0)
        return np.where(sd > 0.0, -2.0 * log_ndtr((prediction - sample.uloq) / sd), np.inf)


def objective(model: ModelSpec, subject: Subject, eta: np.ndarray) -> np.ndarray:
    """Σ -2 log p(y|eta), with log 2π, plus eta' inv(Omega) eta, for (n, n_eta) random effects; (n,)."""
    covariates = subject.covariates[0].values
    kin = kinetics(model, covariates, eta)
    _, precision = prior_scale(model, covariates)
    total = np.einsum("ni,ij,nj->n", eta, precision, eta)
    for sample in subject.samples:
        prediction = concentration(kin, subject.doses, sample.time_day)
        with np.errstate(over="ignore"):
            total += minus2_log_density(sample, prediction, *residual_sd_parameters(model, sample.assay))
    return total
