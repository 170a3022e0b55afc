"""Standard errors, correlations and shrinkage of a fit, each in the conventions that NONMEM reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.information import is_positive
from pkpd.estimation.scale import jacobian, lines_of, to_free
from pkpd.likelihood.centres import CentreEvaluation
from pkpd.likelihood.population import occasions_of

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit


class CovarianceKind(Enum):
    """Which matrix: the inverse of R (half the Hessian), of S (a quarter of the scores' squares), or the sandwich R^-1 S R^-1."""

    R = "r"
    S = "s"
    SANDWICH = "rsr"


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How well the free parameters of a fit are known.

    Parameters
    ----------
    matrix : (n_free, n_free) array
        Covariance of the estimates, omegas as variances, sigmas as standard deviations.
    se : (n_free,) array
        Standard errors.
    condition_number : float
        Largest over smallest eigenvalue of the correlation matrix.
    """

    matrix: FloatArray
    se: FloatArray
    condition_number: float


def usable_kind(fit: Fit, kind: CovarianceKind) -> CovarianceKind:
    """Return which matrix a fit has: R where there are too few centres for the cross product of their scores.

    Subjects of a centre are not independent, so that the scores are those of centres; of no more centres than parameters their
    cross product is singular.
    """
    has_centres = isinstance(fit.evaluation, CentreEvaluation)
    return CovarianceKind.R if has_centres and len(fit.scores) <= fit.scale.n_free else kind


def uncertainty(fit: Fit, kind: CovarianceKind) -> Uncertainty | None:
    """Return the covariance of the estimates, or None where the fit has none: not computed, at a bound, not positive definite."""
    if fit.information is None or fit.at_bound:
        return None
    return _uncertainty(fit.information, fit.scores, kind)


def uncertainty_off_bounds(fit: Fit, kind: CovarianceKind) -> tuple[list[int], Uncertainty] | None:
    """Return which parameters lie at no bound, and the covariance of their estimates with those that do held there.

    Returns
    -------
    (list of int, Uncertainty) or None
        Places among all parameters, in the order of the matrix; None where the information was not computed or is not positive definite in
        these directions. Of a covariance at its bound it is the correlation that is held.
    """
    free = fit.scale.free
    inner = [i for i, place in enumerate(free) if fit.parameters[place].name not in fit.at_bound]
    if fit.information is None or not inner:
        return None
    if any(fit.parameters[free[i]].place[0] == "covariance" for i in set(range(len(free))) - set(inner)):
        known = _along_blocks(fit, inner, kind)
    else:
        known = _uncertainty(fit.information[np.ix_(inner, inner)], fit.scores[:, inner], kind)
    return None if known is None else ([free[i] for i in inner], known)


def _along_blocks(fit: Fit, inner: list[int], kind: CovarianceKind) -> Uncertainty | None:
    """Return the covariance of the parameters at no bound where random effects of a block are lines through others, and stay such.

    What is held is then no single covariance: on the scale of the search it is what the last of those random effects has of its own.
    """
    scale = fit.scale
    derivatives = jacobian(scale, to_free(scale, fit.values))[scale.free]
    lines = {place for piece in scale.pieces for place in lines_of(piece, fit.values)}
    kept = [
        k
        for k, place in enumerate(scale.free)
        if place not in lines and (k in inner or fit.parameters[place].place[0] == "covariance")
    ]
    assert fit.information is not None, "asked before"  # noqa: S101 (the caller's)
    information = derivatives.T @ fit.information @ derivatives
    matrix = _matrix(information[np.ix_(kept, kept)], (fit.scores @ derivatives)[:, kept], kind)
    mapped = derivatives[np.ix_(inner, kept)]
    return None if matrix is None else _of_matrix(mapped @ matrix @ mapped.T)


def _uncertainty(information: FloatArray, scores: FloatArray, kind: CovarianceKind) -> Uncertainty | None:
    matrix = _matrix(information, scores, kind)
    return None if matrix is None else _of_matrix(matrix)


def _matrix(information: FloatArray, scores: FloatArray, kind: CovarianceKind) -> FloatArray | None:
    if not is_positive(information):
        return None
    s = 0.25 * scores.T @ scores
    inverse: FloatArray = np.linalg.inv(information).astype(np.float64)
    if kind is CovarianceKind.S:
        return None if np.linalg.matrix_rank(s) < len(s) else np.linalg.inv(s).astype(np.float64)
    return inverse if kind is CovarianceKind.R else inverse @ s @ inverse


def _of_matrix(matrix: FloatArray) -> Uncertainty | None:
    variances = np.diag(matrix)
    if not (variances > 0.0).all():
        return None
    se = np.sqrt(variances)
    eigenvalues = np.linalg.eigvalsh(matrix / np.outer(se, se))
    number = float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0.0 else float("inf")
    return Uncertainty(matrix, se, number)


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Shrinkage of the random effects, in percent, one value for each: those of subjects, then those of occasions.

    Parameters
    ----------
    sd, variance : (n_eta,) arrays
        1 - sd(eta) / omega, the sd centred with N - 1 (NONMEM's ETASHRINKSD), and 1 - var(eta) / omega^2.
    ebv : (n_eta,) array
        Mean conditional variance over omega^2 (NONMEM's EBVSHRINKVR).
    """

    sd: FloatArray
    variance: FloatArray
    ebv: FloatArray


def shrinkage(fit: Fit) -> Shrinkage:
    """Return the shrinkage of the random effects of the subjects with observations; those of occasions over all that they have."""
    population = fit.population
    has_data = np.diff(population.packed.observation_start) > 0
    eta, variance = fit.evaluation.eta, np.einsum("nii->ni", fit.evaluation.covariance)
    n_own, names = len(population.model.etas), population.model.occasion_etas
    spread, ebv = _spread(eta[has_data, :n_own], fit.evaluation.covariance[has_data, :n_own, :n_own])
    has = occasions_of(population) & has_data[:, None]
    for i in range(len(names)):
        places = n_own + i + len(names) * np.arange(population.n_occasions)
        more = _spread(eta[:, places][has][:, None], variance[:, places][has][:, None, None])
        spread, ebv = np.append(spread, more[0]), np.append(ebv, more[1])
    model_variances = np.array([_variance_of(fit, name) for name in (*population.model.etas, *names)])
    return Shrinkage(
        100.0 * (1.0 - np.sqrt(spread / model_variances)),
        100.0 * (1.0 - spread / model_variances),
        100.0 * ebv / model_variances,
    )


def _spread(eta: FloatArray, conditional: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the variances of estimated random effects, (n, n_eta), and the mean conditional ones, from (n, n_eta, n_eta)."""
    spread = eta.var(axis=0, ddof=1) if len(eta) > 1 else np.full(eta.shape[1], np.nan)
    return spread, np.einsum("nii->i", conditional) / max(len(conditional), 1)


def _variance_of(fit: Fit, eta: str) -> float:
    places = [i for i, one in enumerate(fit.parameters) if one.place[:2] == ("omega2", eta)]
    return float(np.mean(fit.values[places]))
