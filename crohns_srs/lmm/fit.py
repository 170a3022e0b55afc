"""Linear mixed models with random intercepts, by restricted or full maximum likelihood with the variances profiled.

References
----------
Bates D, Mächler M, Bolker B, Walker S. Fitting linear mixed-effects models using lme4. J Stat Softw 2015;67(1). doi:10.18637/jss.v067.i01
Kang HM et al. Efficient control of population structure in model organism association mapping. Genetics 2008;178:1709-23 (one grouping by
the eigenvectors of K). doi:10.1534/genetics.107.080101
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.lmm.moments import Moments, moments
from crohns_srs.lmm.ratio import RatioProfile, best_ratios, deviances
from crohns_srs.lmm.ratio_pair import PairProfile, best_pair_inside, damped_sums, pair_deviance, pair_square
from crohns_srs.lmm.summary import Statistics, Summary, coefficients, projected_sums, statistics_of, summarize

if TYPE_CHECKING:
    from crohns_srs.design import Design
    from pkpd.arrays import FloatArray

_LOG_2PI = float(np.log(2.0 * np.pi))


class Likelihood(Enum):
    """Which likelihood is maximised."""

    RESTRICTED = "REML"
    FULL = "ML"


class FitStatus(Enum):
    """Where the highest likelihood lies; the value is the sentence the user reads."""

    INSIDE = "Every variance between groups is above zero."
    BOUNDARY = (
        "A variance between groups is estimated as zero: its groups differ no more than chance alone would make them."
    )


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted mixed model.

    Parameters
    ----------
    summary : Summary
        Of its rows.
    statistics : Statistics
        Of its outcome.
    likelihood : Likelihood
        What was maximised.
    ratio : (n_factors,) array
        Variance of each grouping's effects divided by the residual variance; 0 exactly at the boundary.
    residual_variance : float
        Variance within groups [outcome²].
    estimate : (n_terms,) array
        Fixed effects.
    covariance : (n_terms, n_terms) array
        Of the fixed effects, with the variances taken as known [outcome²].
    deviance : float
        -2 ln of the likelihood that was maximised, with every constant (lme4's REML criterion, or deviance).
    effects : (n_groups,) array
        Best linear unbiased predictions of the groups' effects, the levels of the first grouping first.
    moments : Moments
        Matrices for what follows from the fit.
    """

    summary: Summary
    statistics: Statistics
    likelihood: Likelihood
    ratio: FloatArray
    residual_variance: float
    estimate: FloatArray
    covariance: FloatArray
    deviance: float
    effects: FloatArray
    moments: Moments

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the fixed effects."""
        return self.summary.design.terms

    @property
    def standard_error(self) -> FloatArray:
        """Standard errors of the fixed effects, (n_terms,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def group_variance(self) -> FloatArray:
        """Variance between the groups of each grouping, (n_factors,)."""
        return self.ratio * self.residual_variance

    @property
    def effect_variance(self) -> FloatArray:
        """Variance of each group's effect given the outcome and the estimates, (n_groups,) (lme4's condVar)."""
        return self.residual_variance * np.diag(self.moments.shrinkage)

    @property
    def status(self) -> FitStatus:
        """Where the highest likelihood lies."""
        return FitStatus.INSIDE if (self.ratio > 0.0).all() else FitStatus.BOUNDARY

    @property
    def n_obs(self) -> int:
        """Number of rows."""
        return self.summary.n_obs

    @property
    def n_parameters(self) -> int:
        """Fixed effects and variances."""
        return self.summary.n_terms + self.ratio.size + 1


@dataclass(frozen=True, slots=True)
class Refits:
    """The estimates of many outcomes of the same rows.

    Parameters
    ----------
    ratio : (n_outcomes, n_factors) array
        Variance ratios.
    residual_variance : (n_outcomes,) array
        Variance within groups.
    estimate : (n_outcomes, n_terms) array
        Fixed effects.
    """

    ratio: FloatArray
    residual_variance: FloatArray
    estimate: FloatArray


def fit_mixed(design: Design, outcome: FloatArray, *, likelihood: Likelihood = Likelihood.RESTRICTED) -> MixedFit:
    """Fit a mixed model.

    Parameters
    ----------
    design : Design
        Fixed effects and groups.
    outcome : (n_obs,) array
        Outcome, finite.
    likelihood : Likelihood
        Restricted or full.

    Returns
    -------
    MixedFit
        The highest likelihood, also among several maxima and at the boundary.

    Raises
    ------
    InputError
        Where the variances cannot be estimated from these rows.
    """
    summary = summarize(design)
    return fit_statistics(summary, statistics_of(summary, outcome), likelihood=likelihood)


def fit_statistics(summary: Summary, statistics: Statistics, *, likelihood: Likelihood) -> MixedFit:
    """Fit a mixed model to what of one outcome it depends on."""
    found = refit(summary, statistics, likelihood=likelihood)
    ratio, variance = found.ratio[0], float(found.residual_variance[0])
    at = moments(summary, ratio)
    effects = at.ratio * damped_sums(summary.half, at.ratio, statistics.rotated[0] / np.sqrt(summary.values))
    return MixedFit(
        summary,
        statistics,
        likelihood,
        ratio,
        variance,
        found.estimate[0],
        variance * at.covariance,
        _deviance(summary, statistics, likelihood, ratio),
        effects,
        at,
    )


def refit(summary: Summary, statistics: Statistics, *, likelihood: Likelihood) -> Refits:
    """Return the estimates of one or many outcomes of the same rows."""
    if summary.n_factors == 1:
        profile = _profile(summary, statistics, likelihood)
        ratio = best_ratios(profile)[:, None]
    else:
        ratio = np.array([_best_pair(summary, one, likelihood) for one in _each(statistics)])
    n_free = _n_free(summary, likelihood)
    return Refits(ratio, _squares(summary, statistics, ratio) / n_free, _estimates(summary, statistics, ratio))


def generalised_coefficients(fit: MixedFit, columns: FloatArray) -> FloatArray:
    """Return (X'V⁻¹X)⁻¹X'V⁻¹C: the coefficients that columns in the place of the outcome would have at the fit's variances.

    Parameters
    ----------
    fit : MixedFit
        Fit.
    columns : (n_obs, n_columns) array
        C.

    Returns
    -------
    (n_terms, n_columns) array
        Coefficients; those of a column that is a term are 1 for it and 0 for the others.
    """
    projection, sums = projected_sums(fit.summary, columns)
    moved = fit.moments.weight @ (fit.summary.sums.T @ (fit.moments.shrinkage @ sums))
    return coefficients(fit.summary, (projection - moved).T).T


def _n_free(summary: Summary, likelihood: Likelihood) -> int:
    return summary.n_obs - (summary.n_terms if likelihood is Likelihood.RESTRICTED else 0)


def _profile(summary: Summary, statistics: Statistics, likelihood: Likelihood) -> RatioProfile:
    determinant = summary.values if likelihood is Likelihood.RESTRICTED else np.diag(summary.counts)
    weight = statistics.rotated**2 / summary.values
    rest = statistics.square - weight.sum(axis=1)
    return RatioProfile(determinant, summary.values, weight, rest, _n_free(summary, likelihood))


def _pair_profile(summary: Summary, statistics: Statistics, likelihood: Likelihood) -> PairProfile:
    half = summary.half
    determinant = half if likelihood is Likelihood.RESTRICTED else _half_of(summary.counts)
    along = statistics.rotated[0] / np.sqrt(summary.values)
    rest = float(statistics.square[0] - along @ along)
    return PairProfile(determinant, half, summary.factor, along, rest, _n_free(summary, likelihood))


def _half_of(matrix: FloatArray) -> FloatArray:
    """Return half of a matrix without negative eigenvalues, which half times its transpose is."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _best_pair(summary: Summary, statistics: Statistics, likelihood: Likelihood) -> FloatArray:
    """Return the ratios of two groupings: the best of both, each alone and none."""
    profile = _pair_profile(summary, statistics, likelihood)
    candidates = [np.zeros(2)]
    for k in range(2):
        own = summary.factor == k
        # One grouping alone: directions of r that it can explain, and the rest, which the other one's are now part of.
        _, sizes, right = np.linalg.svd(profile.half[own], full_matrices=False)
        is_kept = sizes > 1e-5 * sizes.max()
        values, weight = sizes[is_kept] ** 2, (right[is_kept] @ profile.along)[None, :] ** 2
        determinant = values if likelihood is Likelihood.RESTRICTED else np.diag(summary.counts)[own]
        rest = np.array([profile.rest + float(profile.along @ profile.along) - float(weight.sum())])
        alone = RatioProfile(determinant, values, weight, np.maximum(rest, profile.rest), profile.n_free)
        candidates.append(np.eye(2)[k] * best_ratios(alone))
    inside = best_pair_inside(profile)
    candidates += [] if inside is None else [inside]
    return min(candidates, key=lambda one: pair_deviance(profile, one))


def _each(statistics: Statistics) -> list[Statistics]:
    return [
        Statistics(statistics.projection[i : i + 1], statistics.rotated[i : i + 1], statistics.square[i : i + 1])
        for i in range(statistics.square.size)
    ]


def _squares(summary: Summary, statistics: Statistics, ratio: FloatArray) -> FloatArray:
    """Return (y - Xβ)'V⁻¹(y - Xβ) at the best β, of each outcome at its own ratios."""
    if summary.n_factors == 1:
        profile = _profile(summary, statistics, Likelihood.RESTRICTED)
        return profile.rest + (profile.weight / (1.0 + ratio * summary.values)).sum(axis=1)
    profiles = [_pair_profile(summary, one, Likelihood.RESTRICTED) for one in _each(statistics)]
    return np.array([pair_square(one, own) for one, own in zip(profiles, ratio, strict=True)])


def _estimates(summary: Summary, statistics: Statistics, ratio: FloatArray) -> FloatArray:
    """Return the fixed effects of each outcome at its own ratios."""
    sums = statistics.rotated @ summary.vectors.T
    if summary.n_factors == 1:
        counts = np.diag(summary.counts)
        shrinkage = ratio / (1.0 + ratio * counts)
        squares = (summary.sums[:, :, None] * summary.sums[:, None, :]).reshape(counts.size, -1)
        left = np.eye(summary.n_terms) - (shrinkage @ squares).reshape(-1, summary.n_terms, summary.n_terms)
        moved = np.linalg.solve(left, -((shrinkage * sums) @ summary.sums)[:, :, None])[:, :, 0]
    else:
        moved = np.empty_like(statistics.projection)
        for i, own in enumerate(ratio):
            at = moments(summary, own)
            moved[i] = -at.weight @ (summary.sums.T @ (at.shrinkage @ sums[i]))
    return coefficients(summary, statistics.projection + moved)


def _deviance(summary: Summary, statistics: Statistics, likelihood: Likelihood, ratio: FloatArray) -> float:
    n_free = _n_free(summary, likelihood)
    if summary.n_factors == 1:
        profiled = float(deviances(_profile(summary, statistics, likelihood), ratio, np.zeros(1, dtype=np.int64))[0])
    else:
        profiled = pair_deviance(_pair_profile(summary, statistics, likelihood), ratio)
    constant = n_free * (1.0 + _LOG_2PI - float(np.log(n_free)))
    return profiled + constant + (summary.log_det_cross if likelihood is Likelihood.RESTRICTED else 0.0)
