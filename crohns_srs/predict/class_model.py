"""A fitted model of the sequence as it is used for patients: coefficients and what their uncertainty is made of, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crohns_srs.data.config import Config
    from crohns_srs.predict.population import Population
    from pkpd.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class ClassModel:
    """The placebo model, or that of one class.

    Parameters
    ----------
    id, title : str
        ``placebo`` or the id of a class, and what it is called.
    terms : tuple of str
        Names of the coefficients, the intercept first.
    estimate : (n_terms,) array
        Coefficients.
    covariance : (n_terms, n_terms) array
        Of the coefficients, the variances (and for classes the placebo model) taken as known.
    lever_square : (n_terms, n_terms) array
        Derivative of `covariance` in λ, the ratio of the variance between trials to that within.
    spread : (2, 2) array
        Covariance of the estimates of ln σ² and λ.
    held_estimate, held_covariance : array
        Median and covariance of refits with the trials' effects held, or their closed forms.
    var_trial, var_residual : float
        Variances between and within trials.
    n_obs, n_trials, df_test : int
        Participants, trials, and degrees of freedom of the publication's tests.
    carried : (n_terms, n_placebo_terms) array
        How the coefficients follow those of the placebo model, negative.
    """

    id: str
    title: str
    terms: tuple[str, ...]
    estimate: FloatArray
    covariance: FloatArray
    lever_square: FloatArray
    spread: FloatArray
    held_estimate: FloatArray
    held_covariance: FloatArray
    var_trial: float
    var_residual: float
    n_obs: int
    n_trials: int
    df_test: int
    carried: FloatArray


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of one analysis.

    Parameters
    ----------
    id, citation, doi, sha256 : str
        What they are, and the hash of their file.
    config : Config
        What their covariates are.
    placebo : ClassModel
        First stage.
    classes : tuple of ClassModel
        Second stage.
    population : Population
        Whom they were fitted to, for inputs that are not known.
    is_refitted : bool
        Whether `held_estimate` and `held_covariance` of the models are those of refits; otherwise they are closed forms, the variances taken as known.
    """

    id: str
    citation: str
    doi: str
    sha256: str
    config: Config
    placebo: ClassModel
    classes: tuple[ClassModel, ...]
    population: Population
    is_refitted: bool = True


def degrees_of_freedom(model: ClassModel, weights: FloatArray) -> float:
    """Return Satterthwaite's degrees of freedom of a sum of multiples of the coefficients.

    Parameters
    ----------
    model : ClassModel
        Model.
    weights : (n_terms,) or (n, n_terms) array
        Multiples, not all 0; several rows for the mean of the variances of as many sums.
    """
    gradient = np.array([mean_square(weights, model.covariance), mean_square(weights, model.lever_square)])
    return float(2.0 * gradient[0] ** 2 / (gradient @ model.spread @ gradient))


def mean_square(rows: FloatArray, matrix: FloatArray) -> float:
    """Return the mean of r'Mr over rows r."""
    rows = np.atleast_2d(rows)
    return float(((rows @ matrix) * rows).sum() / rows.shape[0])


def variance_spread(degrees: FloatArray, covariance: FloatArray, lever_square: FloatArray) -> FloatArray:
    """Return the covariance of ln σ² and λ from the degrees of freedom of single coefficients, (2, 2).

    The degrees of freedom of a coefficient with variance v and derivative g in λ are 2 / (C_00 + 2 C_01 g/v + C_11 (g/v)²): three numbers, and more than
    three coefficients, which they fit exactly.

    Parameters
    ----------
    degrees : (n_terms,) array
        Satterthwaite's degrees of freedom.
    covariance, lever_square : (n_terms, n_terms) array
        As in `ClassModel`.
    """
    share = np.diag(lever_square) / np.diag(covariance)
    scale = np.array([1.0, 1.0 / share.max(), 1.0 / share.max() ** 2])
    columns = np.column_stack([np.ones_like(share), 2.0 * share, share**2]) * scale * degrees[:, None]
    found = np.linalg.lstsq(columns, np.full(degrees.size, 2.0), rcond=None)[0] * scale
    return np.array([[found[0], found[1]], [found[1], found[2]]])


def pooled_degrees(variances: FloatArray, degrees: FloatArray) -> float:
    """Return the degrees of freedom of a sum of independent variances (Welch and Satterthwaite)."""
    return float(variances.sum() ** 2 / (variances**2 / degrees).sum())
