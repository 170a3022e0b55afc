"""Parametric bootstrap of a mixed model, with the groups' effects held or drawn anew.

A fit depends on its outcome through few numbers (see `summary`), whose joint distribution is known exactly: instead of n_obs outcomes, these are drawn, and all
replicates are fitted at once. The replicates have the same distribution as those of outcomes that are drawn row by row (lme4's bootMer).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.lmm.fit import Refits, refit
from crohns_srs.lmm.summary import Statistics, coefficients

if TYPE_CHECKING:
    from crohns_srs.lmm.fit import MixedFit
    from crohns_srs.lmm.summary import Summary
    from pkpd.arrays import FloatArray


class GroupEffects(Enum):
    """What becomes of the groups' effects in a replicate."""

    HELD = "held"
    REDRAWN = "redrawn"


def parametric_bootstrap(fit: MixedFit, n: int, *, effects: GroupEffects, rng: np.random.Generator) -> Refits:
    """Return the estimates of outcomes that are drawn from a fit.

    Parameters
    ----------
    fit : MixedFit
        Fit, whose likelihood the replicates are fitted by.
    n : int
        Replicates.
    effects : GroupEffects
        Held at their predictions (``use.u = TRUE`` of bootMer), which leaves the variance between groups out of the spread; or drawn anew.
    rng : numpy.random.Generator
        Source of random numbers.
    """
    if effects is GroupEffects.HELD:
        drawn = np.broadcast_to(fit.effects, (n, fit.effects.size))
    else:
        drawn = rng.standard_normal((n, fit.effects.size)) * np.sqrt(fit.group_variance)[fit.summary.factor]
    return refit(fit.summary, draw_statistics(fit, drawn, rng), likelihood=fit.likelihood)


def draw_statistics(fit: MixedFit, effects: FloatArray, rng: np.random.Generator) -> Statistics:
    """Draw what of new outcomes a fit depends on.

    Parameters
    ----------
    fit : MixedFit
        Fit.
    effects : (n_outcomes, n_groups) array
        Effects of the groups in each outcome.
    rng : numpy.random.Generator
        Source of random numbers.
    """
    summary, sd = fit.summary, float(np.sqrt(fit.residual_variance))
    n = effects.shape[0]
    root = np.sqrt(summary.values)
    mean = summary.triangle @ fit.estimate + effects @ summary.sums
    projection = mean + sd * rng.standard_normal((n, summary.n_terms))
    # Coordinates of r along the groups, in an orthonormal basis of (I - QQ')Z.
    along = (effects @ summary.vectors) * root + sd * rng.standard_normal((n, root.size))
    n_left = summary.n_obs - summary.n_terms - root.size
    rest = rng.chisquare(float(n_left), (n,))
    square: FloatArray = np.einsum("ij,ij->i", along, along) + fit.residual_variance * rest
    return Statistics(projection, along * root, square)


def held_covariance(fit: MixedFit) -> FloatArray:
    """Return the covariance of the fixed effects over outcomes with the groups' effects held, the ratios taken as known, (n_terms, n_terms).

    The limit of the bootstrap that holds them: (X'V⁻¹X)⁻¹ X'V⁻²X (X'V⁻¹X)⁻¹, which lacks the variance between groups.
    """
    at, summary = fit.moments, fit.summary
    # V⁻² = V⁻¹ - V⁻¹ZWZ', and what it takes away is F W S in the basis.
    taken = _in_terms(summary, at.weight @ at.cross @ at.shrinkage @ summary.sums @ at.weight)
    return fit.covariance - fit.residual_variance * 0.5 * (taken + taken.T)


def held_shift(fit: MixedFit) -> FloatArray:
    """Return by how much the mean of the fixed effects over outcomes with the groups' effects held differs from the estimate, (n_terms,)."""
    return fit.moments.lever @ fit.effects


def _in_terms(summary: Summary, in_basis: FloatArray) -> FloatArray:
    return coefficients(summary, coefficients(summary, in_basis).T)
