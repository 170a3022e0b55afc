"""Sampling importance resampling: the uncertainty of a fit's parameters without the assumption that they are normal.

Vectors of parameters are drawn around the estimates, weighed by their likelihood over their density in the proposal, and drawn
again by weight. The proposal is normal on the scale of the search, so that every vector lies within the bounds and variances are
skewed as they should be; each iteration takes the next proposal from what the last one kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import input_error
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, FitStatus
from pkpd.estimation.objectives import objective_of
from pkpd.estimation.scale import jacobian, to_free, to_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray

    Evaluated = Callable[[int, int, FloatArray], float]
    """Iteration and vector, from 1, and its coordinates, to the objective; NaN where it is not finite."""

_NO_PROPOSAL = (FitStatus.EVALUATED, FitStatus.NO_FINITE_START)
# A weight below this share of the largest cannot be drawn for rounding.
_NEGLIGIBLE = 1e-290
# What a relative standard error is taken of where an estimate is zero.
_UNIT = 0.1


@dataclass(frozen=True, slots=True)
class SirOptions:
    """How vectors are drawn.

    Parameters
    ----------
    n_samples, n_resamples : int
        Vectors that each iteration draws from its proposal, and keeps.
    n_iterations : int
        Iterations.
    inflation : float
        Factor of the first proposal's covariance matrix.
    rse : float or None
        Relative standard error that the first proposal has for every parameter where the fit has no covariance matrix; None: that
        of the fit is needed.
    seed : int
        Seed of all draws.
    """

    n_samples: int = 1000
    n_resamples: int = 250
    n_iterations: int = 3
    inflation: float = 1.0
    rse: float | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Proposal:
    """A normal distribution on the scale of the search.

    Parameters
    ----------
    mean : (n_free,) array
        Centre.
    factor : (n_free, n_free) array
        Lower Cholesky factor of the covariance matrix.
    """

    mean: FloatArray
    factor: FloatArray

    def draw(self, z: FloatArray) -> FloatArray:
        """Return what standard normal vectors, (n, n_free), become."""
        return self.mean + z @ self.factor.T


@dataclass(frozen=True, slots=True)
class SirIteration:
    """One iteration.

    Parameters
    ----------
    values : (n_samples, n_parameters) array
        Vectors drawn, fixed parameters included.
    change : (n_samples,) array
        Objective above that of the fit; NaN where it is not finite.
    weight : (n_samples,) array
        Importance ratios, of sum 1.
    is_kept : (n_samples,) array
        Whether a vector was resampled; none is twice.
    """

    values: FloatArray
    change: FloatArray
    weight: FloatArray
    is_kept: BoolArray

    @property
    def effective_size(self) -> float:
        """Return Kish's effective number of vectors: how many equal weights tell as much."""
        return float(1.0 / (self.weight**2).sum())


def first_proposal(original: Fit, options: SirOptions) -> Proposal:
    """Return the proposal that a fit's covariance matrix gives.

    Raises
    ------
    InputError
        Where the fit has none and no relative standard error stands for it, and where it ended at a bound.
    """
    free = to_free(original.scale, original.values)
    if original.status in _NO_PROPOSAL or original.at_bound:
        at = f" ({', '.join(original.at_bound)})" if original.at_bound else ""
        message = f"the fit has no estimates inside their bounds to draw around{at}: {original.status.value}"
        raise input_error("fit", f"{message} Leave what lies at a bound out of the model, or use asuc bootstrap")
    inverse = np.linalg.inv(jacobian(original.scale, free)[original.scale.free])
    known = uncertainty(original, CovarianceKind.R)
    if options.rse is not None:
        size = np.abs(original.values[original.scale.free])
        spread = np.diag((options.rse * np.where(size > 0.0, size, _UNIT)) ** 2)
    elif known is not None:
        spread = known.matrix
    else:
        message = f"the fit has no covariance matrix to draw from: {original.status.value}"
        raise input_error("fit", f"{message} Give --proposal-rse, such as 30 (percent), or use asuc bootstrap")
    return _normal(free, options.inflation * inverse @ spread @ inverse.T)


def evaluate_by(original: Fit) -> Evaluated:
    """Return the objective of a fit as a function of coordinates; each call begins where the fit ended, whatever came before."""
    objective = objective_of(
        original.population, original.scale, original.options.method, sampling=original.options.sampling
    )
    begin = objective(to_free(original.scale, original.values), None)

    def evaluated(_iteration: int, _number: int, free: FloatArray) -> float:
        found = objective(free, begin.memory)
        return float(found.value)

    return evaluated


def sample_parameters(
    original: Fit, options: SirOptions, *, evaluated: Evaluated | None = None
) -> tuple[SirIteration, ...]:
    """Return all iterations, of which the last holds the result.

    Parameters
    ----------
    original : Fit
        The fit.
    options : SirOptions
        How.
    evaluated : callable, optional
        Evaluates the objective; ``evaluate_by`` where left out.

    Raises
    ------
    InputError
        As ``first_proposal``, and where too few vectors have a likelihood to go on.

    References
    ----------
    Dosne A-G, Bergstrand M, Harling K, Karlsson MO. Improving the estimation of parameter uncertainty distributions in nonlinear
    mixed effects models using sampling importance resampling. J Pharmacokinet Pharmacodyn 2016;43:583-96,
    doi:10.1007/s10928-016-9487-8. Iterations: Dosne A-G, Bergstrand M, Karlsson MO. An automated sampling importance resampling
    procedure for estimating parameter uncertainty. J Pharmacokinet Pharmacodyn 2017;44:509-20, doi:10.1007/s10928-017-9542-0.
    """
    proposal = first_proposal(original, options)
    by = evaluated or evaluate_by(original)
    found: list[SirIteration] = []
    for number in range(1, options.n_iterations + 1):
        rng = np.random.default_rng([options.seed, number])
        z = rng.standard_normal((options.n_samples, original.scale.n_free))
        free = proposal.draw(z)
        change = np.array([by(number, k + 1, one) for k, one in enumerate(free)]) - original.ofv
        log_ratio = -0.5 * change - _log_density(original, proposal, free, z)
        weight = _weights(log_ratio, options.n_resamples)
        kept = rng.choice(options.n_samples, options.n_resamples, replace=False, p=weight)
        is_kept = np.zeros(options.n_samples, dtype=np.bool_)
        is_kept[kept] = True
        values = np.array([to_values(original.scale, one) for one in free])
        found.append(SirIteration(values, change, weight, is_kept))
        proposal = _next_proposal(free[kept])
    return tuple(found)


def _log_density(original: Fit, proposal: Proposal, free: FloatArray, z: FloatArray) -> FloatArray:
    """Return the proposal's log density on the parameters' own scale, where the likelihood is weighed, constants left out."""
    rows = original.scale.free
    slopes = np.array([jacobian(original.scale, one)[rows] for one in free])
    normal = -0.5 * (z * z).sum(axis=1) - np.log(np.diag(proposal.factor)).sum()
    return normal - np.linalg.slogdet(slopes).logabsdet


def _weights(log_ratio: FloatArray, n_resamples: int) -> FloatArray:
    """Return importance ratios of sum 1; of a vector without a likelihood, 0.

    Raises
    ------
    InputError
        Where fewer vectors than are to be kept have one.
    """
    known = np.where(np.isfinite(log_ratio), log_ratio, -np.inf)
    ratio = np.exp(known - known.max()) if np.isfinite(known).any() else np.zeros(known.size)
    n_usable = int((ratio > _NEGLIGIBLE).sum())
    if n_usable < n_resamples:
        message = f"only {n_usable} of {known.size} vectors have a likelihood, and {n_resamples} are to be kept"
        raise input_error("--samples", f"{message}; draw from a narrower proposal (--inflate), or use asuc bootstrap")
    return ratio / ratio.sum()


def _next_proposal(kept: FloatArray) -> Proposal:
    return _normal(kept.mean(axis=0), np.atleast_2d(np.cov(kept, rowvar=False)))


def _normal(mean: FloatArray, covariance: FloatArray) -> Proposal:
    factor: FloatArray = np.linalg.cholesky(covariance).astype(np.float64)
    return Proposal(mean, factor)
