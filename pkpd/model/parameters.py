"""Typical values, covariance of the random effects and terminal half-life of a model at given covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.model.covariate import log_effect
from pkpd.model.spec import PARAMETER_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import FloatArray
    from pkpd.model.spec import EtaVariance, ModelSpec, Term


def log_typical_terms(model: ModelSpec, covariates: Mapping[str, float] | Mapping[str, FloatArray]) -> FloatArray:
    """Return the logarithms of the typical values of a model's terms.

    Parameters
    ----------
    model : ModelSpec
        Model with `n_terms` terms.
    covariates : dict of str to float or (n,) array
        A value for every covariate of the model, as `resolve_covariates` gives them; or one array per covariate, for
        many patients at once.

    Returns
    -------
    (n_terms,) or (n_terms, n) array
        ln(value · Π effects) of each term, in the order of `model.terms`.
    """
    shape = np.broadcast_shapes(*(np.shape(value) for value in covariates.values()))
    logs = np.empty((len(model.terms), *shape))
    for index, term in enumerate(model.terms):
        logs[index] = _log_typical_term(term, covariates)
    return logs


def typical_parameters(model: ModelSpec, covariates: Mapping[str, float]) -> dict[str, float]:
    """Return the typical parameters of a patient, all random effects being 0.

    Parameters
    ----------
    model : ModelSpec
        Model.
    covariates : dict of str to float
        A value for every covariate of the model.

    Returns
    -------
    dict of str to float
        The parameters in the order of the parameterization [L/day, L, 1/day], with ``cl`` [L/day] added where the
        model gives the elimination rate constant.
    """
    values = np.exp(log_typical_terms(model, covariates))
    parameters = dict.fromkeys(PARAMETER_NAMES[model.parameterization], 0.0)
    for term, value in zip(model.terms, values, strict=True):
        parameters[term.parameter] += float(value)
    if "ke" in parameters:
        parameters["cl"] = parameters["ke"] * parameters["v"]
    return parameters


def omega_matrix(model: ModelSpec, covariates: Mapping[str, float]) -> FloatArray:
    """Return the covariance matrix of the random effects of a subject.

    Parameters
    ----------
    model : ModelSpec
        Model with `n_eta` random effects.
    covariates : dict of str to float
        A value for every covariate that a variance depends on; the others are not read.

    Returns
    -------
    (n_eta, n_eta) array
        Covariance matrix, in the order of `model.etas`.
    """
    variances = [_variance(variance, covariates) for variance in model.variances]
    return _covariance(model, model.etas, variances)


def occasion_matrix(model: ModelSpec) -> FloatArray:
    """Return the covariance matrix of the random effects of one occasion, in the order of `model.occasion_etas`."""
    return _covariance(model, model.occasion_etas, [variance.omega2 for variance in model.occasion_variances])


def _covariance(model: ModelSpec, etas: tuple[str, ...], variances: list[float]) -> FloatArray:
    """Return the covariance matrix of some random effects from their variances and the model's correlations."""
    sd = np.sqrt(variances)
    correlation = np.eye(len(etas))
    for first, second, rho in model.correlations:
        if first in etas:
            row, column = etas.index(first), etas.index(second)
            correlation[row, column] = correlation[column, row] = rho
    return correlation * np.outer(sd, sd)


def terminal_half_life(parameters: Mapping[str, float]) -> float:
    """Return the terminal half-life [day].

    Parameters
    ----------
    parameters : dict of str to float
        ``cl`` [L/day] with ``v`` [L], or with ``v1`` [L], ``q`` [L/day] and ``v2`` [L].

    Returns
    -------
    float
        ln 2 over the smaller of the two rate constants, or over the only one.
    """
    if "v" in parameters:
        return float(np.log(2.0)) * parameters["v"] / parameters["cl"]
    k10 = parameters["cl"] / parameters["v1"]
    k12 = parameters["q"] / parameters["v1"]
    k21 = parameters["q"] / parameters["v2"]
    total = k10 + k12 + k21
    # The product of the two rate constants is k10·k21: dividing by the larger one avoids a difference of near equals.
    larger = 0.5 * (total + np.sqrt(total * total - 4.0 * k10 * k21))
    return float(np.log(2.0) * larger / (k10 * k21))


def _log_typical_term(term: Term, covariates: Mapping[str, float] | Mapping[str, FloatArray]) -> float | FloatArray:
    """Return the logarithm of one term's typical value."""
    total: float | FloatArray = float(np.log(term.value))
    for effect in term.effects:
        total = total + log_effect(effect, covariates[effect.covariate])
    return total


def _variance(variance: EtaVariance, covariates: Mapping[str, float]) -> float:
    """Return the variance of a random effect, NaN for a category that the model does not know."""
    if variance.covariate is None:
        return variance.omega2
    return dict(variance.table).get(covariates[variance.covariate], float("nan"))
