"""Predictions and residuals of a fit, record by record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.advance import subject_at
from pkpd.kernels.advance_taylor import predict_gradient
from pkpd.kernels.codes import ADDITIVE, CENSORED, ERROR_KIND, EXPONENT, LEVEL, PROPORTIONAL, ErrorKind
from pkpd.kernels.residual import residual_variance
from pkpd.likelihood.centres import individual_population
from pkpd.likelihood.population import model_at, packed_at
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.estimation.fit import Fit


@dataclass(frozen=True, slots=True)
class Residuals:
    """Predictions and residuals of every observation.

    Parameters
    ----------
    pred, ipred : (n_observations,) arrays
        Predictions [mg/L] at eta = 0 and at the estimates of the random effects.
    iwres, cwres : (n_observations,) arrays
        Individual weighted and conditional weighted residuals; NaN for censored observations.
    cwresi : (n_observations,) array
        What NONMEM prints as CWRESI: as ``cwres`` with the expected residual variance (``residuals``).
    """

    pred: FloatArray
    ipred: FloatArray
    iwres: FloatArray
    cwres: FloatArray
    cwresi: FloatArray


def residuals(fit: Fit) -> Residuals:
    """Return the residuals of a fit.

    Where the error is logarithmic, residuals are those of the logarithm. CWRES is NONMEM's with interaction: C^-1/2 (y - (f(eta) - a eta)), C = a Omega a' + diag r(eta), a the gradient of the
    prediction, with the symmetric square root; of the quantified observations of a subject. In CWRESI the residual variance is its
    expectation over the random effects, with the prediction linear in them: of a proportional error that of
    (f(eta) - a eta)^2 + a Omega a'. Effects of centres are held at their
    estimates in it, and 0 in the population's prediction.

    References
    ----------
    Hooker AC, Staatz CE, Karlsson MO. Pharm Res 2007;24:2187-2197, doi:10.1007/s11095-007-9361-x.
    """
    population = fit.population
    model = model_at(population, fit.values)
    typical = packed_at(population, model)
    packed = packed_at(individual_population(population, fit.evaluation), model)
    is_logarithmic = population.model.residual.kind is ResidualKind.LOGARITHMIC
    n_obs, n_eta = packed.observations.shape[0], population.n_eta
    pred, ipred, iwres, cwres, cwresi = (np.full(n_obs, np.nan) for _ in range(5))
    for i in range(population.n_subjects):
        rows = slice(packed.observation_start[i], packed.observation_start[i + 1])
        n = rows.stop - rows.start
        if n == 0:
            continue
        subject = subject_at(packed, i)
        observations = subject.observations
        at, slope = np.empty(n), np.empty((n, n_eta))
        predict_gradient(subject_at(typical, i), np.zeros(n_eta), at, slope)
        pred[rows] = at
        eta = fit.evaluation.eta[i]
        predict_gradient(subject, eta, at, slope)
        ipred[rows] = at
        variance = np.array([residual_variance(row, level) for row, level in zip(observations, at, strict=True)])
        is_level = (observations[:, CENSORED] == 0.0) & (variance > 0.0)
        if is_logarithmic:
            # Without drug there is no logarithm, and no level that could have been measured.
            is_level &= at > 0.0
            slope, at = slope / np.where(is_level, at, 1.0)[:, None], np.log(np.where(is_level, at, 1.0))
        raw = observations[:, LEVEL] - at
        iwres[rows] = np.where(is_level, raw / np.sqrt(np.where(variance > 0.0, variance, 1.0)), np.nan)
        if is_level.any():
            a, omega = slope[is_level], packed.omega_cholesky[i] @ packed.omega_cholesky[i].T
            spread, centred = a @ omega @ a.T, raw[is_level] + a @ eta
            expected = _expected_variance(observations[is_level], at[is_level] - a @ eta, np.diag(spread))
            for found, own in ((cwres, variance[is_level]), (cwresi, expected)):
                if np.isfinite(own).all():
                    found[rows] = _spread_out(is_level, _decorrelated(spread + np.diag(own), centred))
    return Residuals(pred, ipred, iwres, cwres, cwresi)


def _decorrelated(covariance: FloatArray, centred: FloatArray) -> FloatArray:
    """Return C^-1/2 times a vector, with the symmetric root."""
    values, vectors = np.linalg.eigh(covariance)
    result: FloatArray = ((vectors / np.sqrt(values)) @ vectors.T @ centred).astype(np.float64)
    return result


def _spread_out(where: BoolArray, values: FloatArray) -> FloatArray:
    found = np.full(where.size, np.nan)
    found[where] = values
    return found


def _expected_variance(observations: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the residual variance expected of a normal prediction; NaN with an exponent, of which there is no closed form."""
    additive, proportional = observations[:, ADDITIVE], observations[:, PROPORTIONAL]
    kind = observations[:, ERROR_KIND]
    added = additive**2 + proportional**2 * (mean**2 + variance)
    of_sds = (additive + proportional * mean) ** 2 + proportional**2 * variance
    found = np.where(kind == ErrorKind.SDS_ADD, of_sds, np.where(kind == ErrorKind.LOGARITHMIC, additive**2, added))
    return np.where((observations[:, EXPONENT] == 1.0) | (proportional == 0.0), found, np.nan)
