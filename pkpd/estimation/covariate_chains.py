"""Missing covariates and random effects of the subjects that lack them, drawn in turns: data augmentation at given parameters.

Given a covariate, random effects make a few moves of Markov chains (``kernels.metropolis``). Given phi = mu + eta, the random effect with the
logarithm of the typical value, another value of the covariate leaves predictions as they are wherever its effect has a random effect
beside it, and costs no integral; of some candidates from the distribution given the other covariates one is taken by its complete-data
likelihood, the present value being among them, so that any number of candidates leaves the joint distribution as it is (Andrieu C, Lee A,
Vihola M. Bernoulli 2018;24:842-872, doi:10.3150/15-BEJ785).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import select_subjects
from pkpd.data.imputation import Augmented, draw_latent, draw_missing_of_all, draw_parameters, is_possible, to_values
from pkpd.estimation.chains import bounded_variances, enough_threads
from pkpd.kernels.laplace import Directions
from pkpd.kernels.metropolis import FREEDOM, N_JOINT_MOVES, all_misfit_slopes, walk_all_chains
from pkpd.likelihood.population import Population, bind_population, model_at, packed_at
from pkpd.model.parameters import log_typical_terms
from pkpd.model_covariates import read_covariates

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.estimation.fit import Fit
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.model.spec import ModelSpec

_N_CANDIDATES = 30
# Sweeps of the random effects' moves for each draw of a covariate.
_MOVES = 2
# Length of normal steps, of the posterior's own shape and in one coordinate (Roberts, Gelman and Gilks 1997).
_STEP = 2.38


@dataclass(frozen=True, slots=True)
class Gaps:
    """Subjects that lack something, and what is needed to draw it.

    Parameters
    ----------
    subjects : (n_lacking,) array
        Places in the cohort of the subjects that lack a covariate which the model reads.
    others : (n_others,) array
        Places of those that lack other covariates only, whose levels say nothing of them.
    population, candidates : Population
        The model and the former, once each, and as often as there are candidates.
    phi, covariance : (n_lacking, n_eta), (n_lacking, n_eta, n_eta) arrays
        About where the posterior of each lies, and how wide it is.
    """

    subjects: IntArray
    others: IntArray
    population: Population
    candidates: Population
    phi: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, slots=True)
class CovariateChain:
    """What one chain holds.

    Parameters
    ----------
    covariates : Augmented
        Covariates of all subjects, missing ones drawn, and the parameters of their distribution.
    phi : (n_lacking, n_eta) array
        Random effects of the subjects of ``Gaps``, those of the subject itself with the logarithm of the typical value.
    """

    covariates: Augmented
    phi: FloatArray


def gaps_of(start: Fit, covariates: Augmented) -> Gaps:
    """Return the subjects of a cohort that lack covariates.

    Parameters
    ----------
    start : Fit
        A fit of the model to the cohort with some value for each missing covariate.
    covariates : Augmented
        The covariates of the cohort.
    """
    model, cohort = start.population.model, start.population.cohort
    read = read_covariates(model)
    is_read = np.array([one.name in read for one in covariates.columns])
    lacks = (covariates.is_missing & is_read).any(axis=1)
    subjects = np.flatnonzero(lacks)
    population = bind_population(model, select_subjects(cohort, subjects))
    expected = expected_effects(population, model_at(population, start.values))
    return Gaps(
        subjects=subjects,
        others=np.flatnonzero(covariates.is_missing.any(axis=1) & ~lacks),
        population=population,
        candidates=bind_population(model, select_subjects(cohort, np.repeat(subjects, _N_CANDIDATES))),
        phi=expected + start.evaluation.eta[subjects],
        covariance=start.evaluation.covariance[subjects],
    )


def begin_chain(covariates: Augmented, gaps: Gaps) -> CovariateChain:
    """Return a chain that begins in the middle."""
    return CovariateChain(covariates, gaps.phi)


def swept(chain: CovariateChain, gaps: Gaps, values: FloatArray, rng: np.random.Generator) -> CovariateChain:
    """Return a chain after one draw of everything: the covariates' distribution, random effects, and missing covariates.

    Parameters
    ----------
    chain : CovariateChain
        Where it is.
    gaps : Gaps
        The subjects.
    values : (n_parameters,) array
        Values of the model's parameters.
    rng : Generator
        Source of randomness.
    """
    covariates = draw_latent(draw_parameters(chain.covariates, rng), rng)
    return drawn_given(replace(chain, covariates=covariates), gaps, values, rng)


def drawn_given(chain: CovariateChain, gaps: Gaps, values: FloatArray, rng: np.random.Generator) -> CovariateChain:
    """Return a chain after one draw of random effects and missing covariates, the covariates' distribution being given."""
    normal = chain.covariates.normal.copy()
    normal[gaps.others] = draw_missing_of_all(chain.covariates, gaps.others, 1, rng)[:, 0, :]
    begun = replace(chain, covariates=replace(chain.covariates, normal=normal))
    with enough_threads(gaps.subjects.size, _N_CANDIDATES):
        return _chosen(_moved(begun, gaps, values, rng), gaps, values, rng)


def with_covariates(
    population: Population, covariates: Augmented, normal: FloatArray, is_missing: BoolArray
) -> Population:
    """Return a population with values, (n_subjects, n_columns) on the normal scale, where marks say that they are missing."""
    values = to_values(covariates.columns, normal)
    rows = np.repeat(np.arange(population.n_subjects), np.diff(population.cohort.row_start))
    drawn = {
        one.name: np.where(is_missing[rows, k], values[rows, k], population.covariates[one.name])
        for k, one in enumerate(covariates.columns)
        if one.name in population.covariates
    }
    return replace(population, covariates={**population.covariates, **drawn})


def expected_effects(population: Population, model: ModelSpec) -> FloatArray:
    """Return the logarithm of the typical value beside each random effect, (n_subjects, n_eta); 0 for those of occasions."""
    first = {name: values[population.first_rows] for name, values in population.covariates.items()}
    logs = np.broadcast_to(
        log_typical_terms(model, first).reshape(len(model.terms), -1).T, (population.n_subjects, len(model.terms))
    )
    etas = [term.eta for term in model.terms]
    expected = np.zeros((population.n_subjects, population.n_eta))
    expected[:, : len(model.etas)] = logs[:, [etas.index(eta) for eta in model.etas]]
    return expected


def _at(chain: CovariateChain, gaps: Gaps, values: FloatArray) -> tuple[PackedSubjects, FloatArray]:
    """Return the packed subjects under a chain's covariates, and what their random effects are counted from."""
    covariates = chain.covariates
    own, gone = covariates.normal[gaps.subjects], covariates.is_missing[gaps.subjects]
    population = with_covariates(gaps.population, covariates, own, gone)
    model = model_at(population, values)
    return packed_at(population, model), expected_effects(population, model)


def _moved(chain: CovariateChain, gaps: Gaps, values: FloatArray, rng: np.random.Generator) -> CovariateChain:
    """Return a chain after some moves of the random effects at fixed covariates."""
    packed, expected = _at(chain, gaps, values)
    n, n_eta = expected.shape
    n_moves = _MOVES * (N_JOINT_MOVES + n_eta)
    normal, uniform = rng.standard_normal((n, 1, n_moves, n_eta + FREEDOM)), rng.random((n, 1, n_moves))
    factor = packed.omega_cholesky
    inverse = np.linalg.inv(factor)
    z = np.ascontiguousarray(np.einsum("nij,nj->ni", inverse, chain.phi - expected)[:, None, :])
    centre = np.einsum("nij,nj->ni", inverse, gaps.phi - expected)
    white = bounded_variances(inverse @ gaps.covariance @ inverse.transpose(0, 2, 1))
    scale = np.full((n, 1 + n_eta), _STEP / np.sqrt(n_eta))
    scale[:, 1:] = _STEP * np.sqrt(np.einsum("nii->ni", white))
    accepted = np.empty((n, N_JOINT_MOVES + n_eta))
    reach: FloatArray = np.linalg.cholesky(white).astype(np.float64)
    walk_all_chains(packed, centre, reach, scale, normal, uniform, z, accepted)
    return replace(chain, phi=expected + np.einsum("nij,nj->ni", factor, z[:, 0, :]))


def _chosen(chain: CovariateChain, gaps: Gaps, values: FloatArray, rng: np.random.Generator) -> CovariateChain:
    """Return a chain with covariates drawn at fixed phi."""
    covariates, subjects = chain.covariates, gaps.subjects
    present = covariates.normal[subjects][:, None, :]
    others = draw_missing_of_all(covariates, subjects, _N_CANDIDATES - 1, rng)
    candidates = np.concatenate((present, others), axis=1)
    weight = _log_likelihood(candidates, chain, gaps, values)
    # The largest of log weights with Gumbel variables is a draw by the weights.
    chosen = np.argmax(weight + rng.gumbel(size=weight.shape), axis=1)
    normal = covariates.normal.copy()
    normal[subjects] = candidates[np.arange(subjects.size), chosen]
    return replace(chain, covariates=replace(covariates, normal=normal))


def _log_likelihood(candidates: FloatArray, chain: CovariateChain, gaps: Gaps, values: FloatArray) -> FloatArray:
    """Return log p(levels, phi | candidate), (n_lacking, n_candidates), up to a constant; minus infinity where it is impossible."""
    covariates = chain.covariates
    n, n_candidates, n_columns = candidates.shape
    flat = candidates.reshape(-1, n_columns)
    possible = is_possible(covariates.columns, to_values(covariates.columns, flat))
    # An impossible candidate is not evaluated, and the present value stands in for it meanwhile.
    safe = np.where(possible[:, None], flat, np.repeat(candidates[:, 0], n_candidates, axis=0))
    gone = np.repeat(covariates.is_missing[gaps.subjects], n_candidates, axis=0)
    population = with_covariates(gaps.candidates, covariates, safe, gone)
    model = model_at(population, values)
    packed = packed_at(population, model)
    eta = np.repeat(chain.phi, n_candidates, axis=0) - expected_effects(population, model)
    white = np.linalg.solve(packed.omega_cholesky, eta[..., None])[..., 0]
    spread = np.log(np.einsum("nii->ni", packed.omega_cholesky)).sum(axis=1)
    found = -0.5 * (_misfit(population, packed, eta) + (white * white).sum(axis=1)) - spread
    return np.where(possible & np.isfinite(found), found, -np.inf).reshape(n, n_candidates)


def _misfit(population: Population, packed: PackedSubjects, eta: FloatArray) -> FloatArray:
    """Return -2 log p(levels | eta) of each subject at its random effects."""
    n, n_terms, n_groups = len(eta), packed.terms.shape[1], len(population.groups)
    no_direction = Directions(
        np.zeros((0, population.n_rows, n_terms)),
        np.zeros((0, n_terms)),
        np.zeros((0, n_groups, 3)),
        population.group,
    )
    value, slope = np.empty((n, 1)), np.empty((n, 1, 0))
    all_misfit_slopes(packed, no_direction, np.ascontiguousarray(eta[:, None, :]), value, slope)
    return value[:, 0]
