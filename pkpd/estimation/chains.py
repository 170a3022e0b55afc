"""Chains over the random effects of all subjects, and proposals that learn from them.

Chains live in phi = mu + eta, which stays where it is while the parameters move. Means and covariances of phi are followed by stochastic
approximation, and the lengths of steps by their acceptance (Robbins and Monro), with gains that vanish, so that the chains end as
ordinary ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.map import estimate_map
from pkpd.kernels.laplace import Approximation
from pkpd.kernels.metropolis import FREEDOM, N_JOINT_MOVES, TOGETHER, walk_all_chains
from pkpd.kernels.threads import on_one_thread
from pkpd.likelihood.complete import shift
from pkpd.likelihood.population import evaluate, model_at, packed_at, problem_at

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pkpd.arrays import FloatArray
    from pkpd.likelihood.complete import CompleteData
    from pkpd.likelihood.population import Population

# Acceptance that step lengths are led to: best for a few coordinates (Roberts, Gelman and Gilks 1997).
_WANTED = 0.35
_SHORTEST, _LONGEST = 1e-3, 5.0
# Least and largest variance of a proposal, the prior's being 1.
_LEAST, _MOST = 1e-6, 4.0
_FIRST_STEP = 2.38
# Chains whose moves take less time than waiting for a second thread would.
_FEW_CHAINS = 5000


@dataclass(frozen=True, slots=True)
class Chains:
    """Where the chains are, and what their proposals have learnt.

    Parameters
    ----------
    phi : (n_subjects, n_chains, n_eta) array
        Random effects with their shifts.
    mean, covariance : (n_subjects, n_eta), (n_subjects, n_eta, n_eta) arrays
        Of each subject's phi, followed over the iterations.
    scale : (n_subjects, 1 + n_eta) array
        Lengths of steps (``kernels.metropolis``).
    accepted : (3 + n_eta,) array
        Share of the last sweep's proposals that were accepted, by move.
    n_moved : int
        Sweeps made.
    """

    phi: FloatArray
    mean: FloatArray
    covariance: FloatArray
    scale: FloatArray
    accepted: FloatArray
    n_moved: int


def enough_threads(n_subjects: int, n_chains: int) -> AbstractContextManager[None]:
    """Return the context to move so many chains in; results do not depend on it."""
    return on_one_thread(is_wanted=n_subjects * n_chains < _FEW_CHAINS)


def started(data: CompleteData, values: FloatArray, n_chains: int, rng: np.random.Generator) -> Chains | None:
    """Return chains about a mode of each subject, the deepest but for occasions; None where some subject's observations are impossible.

    Parameters
    ----------
    values : (n_parameters,) array
        Initial values of the parameters.
    """
    found = _modes(data.population, values)
    if found is None:
        return None
    eta, white = found
    n, n_eta = eta.shape
    factor = packed_at(data.population, model_at(data.population, values)).omega_cholesky
    white = bounded_variances(white)
    covariance = factor @ white @ factor.transpose(0, 2, 1)
    mean = shift(data, values) + eta
    root: FloatArray = factor @ np.linalg.cholesky(white).astype(np.float64)
    normal = rng.standard_normal((n, n_chains, n_eta))
    phi = mean[:, None, :] + np.einsum("nij,ncj->nci", root, normal)
    scale = np.full((n, 1 + n_eta), _FIRST_STEP / np.sqrt(n_eta))
    scale[:, 1:] = np.sqrt(np.einsum("nii->ni", white)) * _FIRST_STEP
    return Chains(phi, mean, covariance, np.minimum(scale, _LONGEST), np.zeros(N_JOINT_MOVES + int(n_eta)), 0)


def _modes(population: Population, values: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return each subject's mode, (n_subjects, n_eta), and about the whitened covariance there; None where some have none.

    Of random effects of occasions there are too many to scan for the deepest mode: a search from 0 finds one.
    """
    if not population.model.occasion_variances:
        scanned = estimate_map(problem_at(population, values))
        if not np.isfinite(scanned.objective).all():
            return None
        return scanned.eta, 2.0 * np.linalg.inv(_positive(scanned.hessian)).astype(np.float64)
    found = evaluate(population, values, Approximation.LAPLACE, with_gradient=False)
    if not (np.isfinite(found.ofv_i).all() and np.isfinite(found.covariance).all()):
        return None
    inverse = np.linalg.inv(packed_at(population, model_at(population, values)).omega_cholesky)
    return found.eta, inverse @ found.covariance @ inverse.transpose(0, 2, 1)


def moved(
    data: CompleteData, values: FloatArray, chains: Chains, rng: np.random.Generator, *, n_sweeps: int = 1
) -> Chains:
    """Return the chains after some sweeps at fixed values of the parameters."""
    packed = packed_at(data.population, model_at(data.population, values))
    factor, mu = packed.omega_cholesky, shift(data, values)
    inverse = np.linalg.inv(factor)
    n, n_chains, n_eta = chains.phi.shape
    n_moves = n_sweeps * (N_JOINT_MOVES + n_eta)
    normal = rng.standard_normal((n, n_chains, n_moves, n_eta + FREEDOM))
    uniform = rng.random((n, n_chains, n_moves))
    z = np.ascontiguousarray(np.einsum("nij,ncj->nci", inverse, chains.phi - mu[:, None, :]))
    centre = np.einsum("nij,nj->ni", inverse, chains.mean - mu)
    white = bounded_variances(inverse @ chains.covariance @ inverse.transpose(0, 2, 1))
    accepted = np.empty((n, N_JOINT_MOVES + n_eta))
    reach = np.linalg.cholesky(white).astype(np.float64)
    walk_all_chains(packed, centre, reach, chains.scale, normal, uniform, z, accepted)
    phi = mu[:, None, :] + np.einsum("nij,ncj->nci", factor, z)
    return _learnt(
        replace(chains, phi=phi, accepted=accepted.mean(axis=0), n_moved=chains.n_moved + n_sweeps), accepted
    )


def _learnt(chains: Chains, accepted: FloatArray) -> Chains:
    """Return chains whose proposals have taken in the last sweep."""
    gain = 1.0 / (chains.n_moved + 10.0) ** 0.7
    mean = chains.mean + gain * (chains.phi.mean(axis=1) - chains.mean)
    away = chains.phi - mean[:, None, :]
    square = np.einsum("nci,ncj->nij", away, away) / chains.phi.shape[1]
    covariance = chains.covariance + gain * (square - chains.covariance)
    scale = chains.scale * np.exp(2.0 * gain * (accepted[:, TOGETHER:] - _WANTED))
    return replace(chains, mean=mean, covariance=covariance, scale=np.clip(scale, _SHORTEST, _LONGEST))


def _positive(matrix: FloatArray) -> FloatArray:
    """Return symmetric matrices with eigenvalues of at least 2, the curvature of the prior."""
    values, vectors = np.linalg.eigh(matrix)
    return np.einsum("nij,nj,nkj->nik", vectors, np.maximum(values, 2.0), vectors)


def bounded_variances(matrix: FloatArray) -> FloatArray:
    """Return symmetric matrices with eigenvalues of variances that a proposal can have."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.transpose(0, 2, 1)))
    return np.einsum("nij,nj,nkj->nik", vectors, np.clip(values, _LEAST, _MOST), vectors)
