"""The exact marginal likelihood of a population with any number of random effects: randomised quasi-Monte-Carlo sampling.

Each subject's integral is a mean over weighted points (``kernels.importance``), in several batches of points of low discrepancy
that are scrambled independently (Sobol's sequence scrambled by Matousek 1998, doi:10.1006/jcom.1998.0487, with a digital shift of each
subject's own), so that the scatter of the batches says how exact the mean is (Owen 1997, doi:10.1137/S0036142994277468).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.codes import TERM_ETA, TERM_SHAPE, EtaShape
from pkpd.kernels.importance import FIRST_NORMAL, FREEDOM, Mixture, Points, find_modes_of_all, sample_some
from pkpd.kernels.residual import LOG_2PI
from pkpd.likelihood.population import (
    Evaluation,
    basis_at,
    flatness_of,
    gradient_from,
    model_at,
    packed_at,
    quantified_by_subject,
)

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.likelihood.population import Basis, Population
    from pkpd.model.spec import ModelSpec

N_BATCHES = 8
"""Independent scrambles of the points."""
_BITS = 30
_PILOT = 1 << 40
# Scan for starts: standard normal points this much wider than the prior, and how many of them searches begin at.
_N_SCAN, _SCAN_WIDTH, _N_STARTS, _MODES_KEPT = 256, 1.5, 8, 4
# Shares of the mixture: the prior's, and of the rest that of the moments, where the first points are enough for them.
_DEFENSIVE, _MOMENTS, _ENOUGH_FOR_MOMENTS = 0.1, 0.5, 20.0
# Share of the modes that is spread evenly: a mode's mass is only known by its curvature.
_EVEN = 0.2
# Largest variance of a part along any axis, in units of the prior's: curvature can be nearly nothing.
_WIDEST = 4.0
# Posterior variance of a random effect, the prior's being 1, from which on its points follow the prior, and do so altogether: where omega
# falls towards 0, they have to shrink with it exactly.
_LITTLE_KNOWN, _UNKNOWN = 0.3, 0.9


@dataclass(frozen=True, slots=True)
class Sampling:
    """How exact an objective by importance sampling is to be.

    Parameters
    ----------
    target : float
        Largest standard error of the population's objective.
    seed : int
        Seed of the scrambles; the same seed gives the same points.
    fewest, most : int
        Points of a subject in each batch that are begun with, and at which it ends; powers of two.
    """

    target: float = 0.05
    seed: int = 1
    fewest: int = 64
    most: int = 8192


@dataclass(frozen=True, slots=True)
class Proposals:
    """Where every subject's points are drawn; they stay while the parameters move a little.

    Parameters
    ----------
    sampling : Sampling
        How they were made.
    mixture : Mixture
        Mixtures of all subjects.
    typical : (n_subjects, n_terms) array
        Logarithm of the typical values of each subject's first row at that place.
    power : (n_subjects, n_eta) array
        Share of the prior's variance that the posterior of each random effect has, by which its points follow the prior
        (``kernels.importance``); 0 where it is small.
    sizes : (n_subjects,) array
        Points of each subject in a batch.
    efficiency : (n_subjects,) array
        Effective sample size over number of points at that place.
    ofv_se : float
        Standard error of the objective at that place, with that many points.
    """

    sampling: Sampling
    mixture: Mixture
    typical: FloatArray
    power: FloatArray
    sizes: IntArray
    efficiency: FloatArray
    ofv_se: float


@dataclass(frozen=True, slots=True)
class SampledEvaluation(Evaluation):
    """The exact objective at one point, by importance sampling.

    Parameters
    ----------
    variance : (n_subjects,) array
        Sampling variance of each subject's objective, estimated from the batches.
    effective : (n_subjects,) array
        Effective sample size, (sum of weights)^2 / sum of squares, of each subject.
    n_points : (n_subjects,) array
        Points of each subject.
    """

    variance: FloatArray
    effective: FloatArray
    n_points: IntArray

    @property
    def ofv_se(self) -> float:
        """Return the standard error of the population's objective; subjects err independently."""
        return float(np.sqrt(self.variance.sum()))


def integrate_by_sampling(
    population: Population, values: FloatArray, sampling: Sampling | None = None, *, with_gradient: bool = True
) -> SampledEvaluation:
    """Return the exact objective at some values of the parameters, with points placed there and as many as are needed.

    Parameters
    ----------
    population : Population
        Model and subjects, any number of random effects.
    values : (n_parameters,) array
        Values in the order of the population's parameters.
    sampling : Sampling, optional
        How exact.
    with_gradient : bool
        Whether the gradient is wanted.
    """
    proposals = place_proposals(population, values, sampling or Sampling())
    return evaluate_by_sampling(population, values, with_enough_points(population, values, proposals), with_gradient)


def place_proposals(
    population: Population, values: FloatArray, sampling: Sampling, sizes: IntArray | None = None
) -> Proposals:
    """Return mixtures around the modes of every subject and, where the first points are enough, with their moments.

    Parameters
    ----------
    sizes : (n_subjects,) array, optional
        Points of each subject in a batch; the fewest where left out.
    """
    model = model_at(population, values)
    packed = packed_at(population, model)
    n = population.n_subjects
    around = Proposals(
        sampling,
        _around_modes(packed),
        _first_typical(population, packed),
        np.zeros((n, population.n_eta)),
        np.full(n, sampling.fewest),
        np.full(n, np.nan),
        np.nan,
    )
    # Moments from the same points as the result would draw the mixture to where these happen to lie, and bias it.
    others = replace(around, sampling=replace(sampling, seed=sampling.seed + _PILOT))
    pilot = evaluate_by_sampling(population, values, others, with_gradient=False)
    placed = replace(around, mixture=_with_moments(around.mixture, packed, pilot), power=_power(packed, pilot))
    placed = placed if sizes is None else replace(placed, sizes=sizes)
    found = evaluate_by_sampling(population, values, placed, with_gradient=False)
    return replace(placed, efficiency=found.effective / found.n_points, ofv_se=found.ofv_se)


def with_enough_points(population: Population, values: FloatArray, proposals: Proposals) -> Proposals:
    """Return proposals with more points for the subjects that err most, until the standard error is as wanted or none may have more."""
    sampling, sizes = proposals.sampling, proposals.sizes.copy()
    left: IntArray = np.arange(population.n_subjects)
    variance = np.zeros(population.n_subjects)
    allowed = sampling.target**2 / max(population.n_subjects, 1)
    while left.size:
        some = replace(proposals, sizes=sizes)
        variance[left] = _sampled(population, values, some, left, with_gradient=False).quality[left, 0]
        known = np.where(np.isfinite(variance), variance, 0.0)
        if known.sum() <= sampling.target**2:
            break
        left = np.flatnonzero((known > allowed) & (sizes < sampling.most))
        sizes[left] *= 2
    return replace(proposals, sizes=sizes, ofv_se=float(np.sqrt(np.nansum(variance))))


def evaluate_by_sampling(
    population: Population,
    values: FloatArray,
    proposals: Proposals,
    with_gradient: bool = True,  # noqa: FBT001, FBT002 - as the other objectives
) -> SampledEvaluation:
    """Return the exact objective at some values of the parameters, with points that were placed near them.

    The random effects of the result are posterior means, its covariance that of the posterior.
    """
    all_ = np.arange(population.n_subjects)
    found = _sampled(population, values, proposals, all_, with_gradient=with_gradient)
    n, factor, mean, square = population.n_subjects, found.packed.omega_cholesky, found.mean, found.square
    gradient = np.empty((n, 0))
    if with_gradient:
        along = found.along + _along_prior(population, found, proposals)
        bracket = np.eye(population.n_eta) - square + _from_widening(found, proposals)
        gradient = gradient_from(population, found.model, found.basis, along, bracket, factor)
    centred = square - mean[:, :, None] * mean[:, None, :]
    return SampledEvaluation(
        ofv_i=found.value - LOG_2PI * quantified_by_subject(population),
        white=mean,
        eta=np.einsum("nij,nj->ni", factor, mean),
        covariance=factor @ centred @ factor.transpose(0, 2, 1),
        flatness=flatness_of(centred),
        gradient=gradient,
        status=np.zeros(n, dtype=np.int64),
        variance=found.quality[:, 0],
        effective=found.quality[:, 1],
        n_points=N_BATCHES * proposals.sizes,
    )


def own_effects(packed: PackedSubjects) -> IntArray:
    """Return the random effect of each term that has one of its own, multiplying it log-normally, and -1 for other terms."""
    terms = packed.terms
    eta = terms[0, :, TERM_ETA].copy()
    same = (terms[:, :, TERM_ETA] == eta).all(axis=0) & (terms[:, :, TERM_SHAPE] == EtaShape.EXPONENTIAL).all(axis=0)
    once = np.array([np.count_nonzero(eta == one) == 1 for one in eta])
    return np.where(same & once & (eta >= 0), eta, -1)


@dataclass(frozen=True, slots=True)
class _Sampled:
    """What the kernel wrote, for some subjects; as ``kernels.importance.sample_subject``."""

    model: ModelSpec
    packed: PackedSubjects
    basis: Basis
    value: FloatArray
    mean: FloatArray
    square: FloatArray
    along: FloatArray
    by_eta: FloatArray
    moved: FloatArray
    quality: FloatArray


def _sampled(
    population: Population, values: FloatArray, proposals: Proposals, which: IntArray, *, with_gradient: bool
) -> _Sampled:
    model = model_at(population, values)
    packed = packed_at(population, model)
    basis = basis_at(population, model)
    n, n_eta = population.n_subjects, population.n_eta
    own = own_effects(packed)
    n_directions = basis.directions.log_typical.shape[0] if with_gradient else 0
    moved = np.zeros((n, n_eta))
    follow = np.ascontiguousarray(_follow(own, proposals))
    moved[:, own[own >= 0]] = (follow * (_first_typical(population, packed) - proposals.typical))[:, own >= 0]
    value, mean, square = np.full(n, np.nan), np.empty((n, n_eta)), np.empty((n, n_eta, n_eta))
    along, by_eta, quality = np.empty((n, n_directions)), np.empty((n, n_eta)), np.full((n, 2), np.nan)
    widened = (_sd(packed.omega_cholesky) / _sd(proposals.mixture.origin)) ** proposals.power
    for size in np.unique(proposals.sizes[which]):
        points = points_of(int(size), n_eta, proposals.sampling.seed)
        sample_some(
            packed,
            which[proposals.sizes[which] == size],
            points,
            shifts_of(n, n_eta, proposals.sampling.seed) >> (_BITS - int(size).bit_length() + 1),
            proposals.mixture,
            moved,
            widened,
            proposals.power > 0.0,
            basis.directions,
            follow,
            value,
            mean,
            square,
            along,
            by_eta,
            quality,
        )
    return _Sampled(model, packed, basis, value, mean, square, along, by_eta, moved, quality)


def _first_typical(population: Population, packed: PackedSubjects) -> FloatArray:
    return packed.log_typical[population.first_rows]


def _sd(factor: FloatArray) -> FloatArray:
    """Return the standard deviations of the random effects from the Cholesky factors of their covariances."""
    return np.sqrt(np.square(factor).sum(axis=-1))


def _power(packed: PackedSubjects, pilot: SampledEvaluation) -> FloatArray:
    """Return the power of omega that the points widen with (``Proposals``)."""
    share = np.einsum("nii->ni", pilot.covariance) / np.square(_sd(packed.omega_cholesky))
    return np.where(share > _UNKNOWN, 1.0, np.where(share > _LITTLE_KNOWN, share, 0.0))


def _from_widening(found: _Sampled, proposals: Proposals) -> FloatArray:
    """Return what the widening of the points adds to the bracket of ``population.gradient_from``; its expectation is 0.

    Along ln omega_i the points move by a_i (eta_i + moved_i), and the integrand by the derivatives of its two densities there and
    by the volume between the points.
    """
    factor, power = found.packed.omega_cholesky, proposals.power
    white = np.linalg.solve(factor, found.moved[:, :, None])[:, :, 0]
    crossed = found.square + found.mean[:, :, None] * white[:, None, :]
    # Row i of Omega^-1 eta times column i of (eta + moved)'.
    pull = np.einsum("nij,nij->ni", np.linalg.solve(factor.transpose(0, 2, 1), crossed), factor)
    slope = 0.5 * power / np.square(_sd(factor)) * (found.by_eta + 2.0 * pull - 2.0)
    return np.einsum("nki,nk,nkj->nij", factor, slope, factor)


def _follow(own: IntArray, proposals: Proposals) -> FloatArray:
    """Return by which share random effects make up for a change of each term's typical value, (n_subjects, n_terms)."""
    return np.where(own >= 0, 1.0 - proposals.power[:, np.maximum(own, 0)], 0.0)


def _along_prior(population: Population, found: _Sampled, proposals: Proposals) -> FloatArray:
    """Return what the prior's density adds to the derivatives as points make up for changes of typical values."""
    own = own_effects(found.packed)
    factor = found.packed.omega_cholesky
    slope = -2.0 * np.linalg.solve(factor.transpose(0, 2, 1), found.mean[:, :, None])[:, own[own >= 0], 0]
    first = found.basis.directions.log_typical[:, population.first_rows][:, :, own >= 0]
    return np.einsum("nt,nt,knt->nk", slope, _follow(own, proposals)[:, own >= 0], first)


@lru_cache(maxsize=64)
def points_of(size: int, n_eta: int, seed: int) -> Points:
    """Return the common points: ``N_BATCHES`` scrambles of Sobol's sequence, carried to normal and t variates.

    Parameters
    ----------
    size : int
        Points of a batch, a power of two.
    n_eta : int
        Random effects.
    seed : int
        Seed of the scrambles.
    """
    from scipy.special import gammaincinv, ndtri  # noqa: PLC0415 - slow to load, and only wanted here
    from scipy.stats import qmc  # noqa: PLC0415

    stratum: list[FloatArray] = []
    place: list[FloatArray] = []
    for batch in range(N_BATCHES):
        rng = np.random.default_rng([seed, batch])
        sobol = qmc.Sobol(n_eta + FIRST_NORMAL, scramble=True, bits=_BITS, rng=rng)
        stratum.append(np.floor(sobol.random(size) * size))
        # Every stratum has a place of its own: with one for all, every mean would lie to the same side.
        place.append(rng.random((n_eta + FIRST_NORMAL, size)))
    inside = np.array(place)
    unit = (np.arange(size) + inside) / size
    # The square of a t variate's denominator is chi-squared over its degrees of freedom.
    stretch = np.sqrt(0.5 * FREEDOM / gammaincinv(0.5 * FREEDOM, unit[:, 1]))
    normal = np.ascontiguousarray(ndtri(unit[:, FIRST_NORMAL:]))
    return Points(np.array(stratum).astype(np.int64), inside[:, 0].copy(), stretch, normal)


@lru_cache(maxsize=4)
def shifts_of(n_subjects: int, n_eta: int, seed: int) -> IntArray:
    """Return the digital shifts of all subjects, (n_subjects, n_batches, n_eta + 2); the first ones do not depend on how many there are."""
    rng = np.random.default_rng([seed, N_BATCHES])
    return rng.integers(0, 1 << _BITS, (n_subjects, N_BATCHES, n_eta + FIRST_NORMAL))


@lru_cache(maxsize=8)
def _scan_points(n_eta: int) -> FloatArray:
    from scipy.special import ndtri  # noqa: PLC0415
    from scipy.stats import qmc  # noqa: PLC0415

    unit = qmc.Sobol(n_eta, scramble=True, rng=np.random.default_rng(0)).random(_N_SCAN)
    points = _SCAN_WIDTH * ndtri(np.clip(unit, 1e-12, 1.0 - 1e-12))
    points[0] = 0.0
    return points


def _around_modes(packed: PackedSubjects) -> Mixture:
    """Return mixtures of the prior and of the modes, as deep and as wide as their curvature says, with room for the moments."""
    n, n_eta = packed.omega_cholesky.shape[:2]
    modes = np.zeros((n, _MODES_KEPT, n_eta))
    value, count = np.full((n, _MODES_KEPT), np.inf), np.zeros(n, dtype=np.int64)
    hessian = np.tile(2.0 * np.eye(n_eta), (n, _MODES_KEPT, 1, 1))
    find_modes_of_all(packed, _scan_points(n_eta), _N_STARTS, modes, value, hessian, count)
    has_mode = np.arange(_MODES_KEPT) < count[:, None]
    covariance, log_volume = _covariances(hessian)
    log_mass = np.where(has_mode, -0.5 * value + log_volume, -np.inf)
    mass = np.exp(log_mass - np.where(count > 0, log_mass.max(axis=1), 0.0)[:, None])
    of_mode = (1.0 - _EVEN) * mass / np.maximum(mass.sum(axis=1), 1e-300)[:, None]
    of_mode += _EVEN * has_mode / np.maximum(count, 1)[:, None]
    share = np.zeros((n, 2 + _MODES_KEPT))
    share[:, 0] = np.where(count > 0, _DEFENSIVE, 1.0)
    share[:, 1:-1] = (1.0 - _DEFENSIVE) * of_mode
    centre = np.zeros((n, 2 + _MODES_KEPT, n_eta))
    centre[:, 1:-1] = np.where(has_mode[:, :, None], modes, 0.0)
    factor = np.tile(np.eye(n_eta), (n, 2 + _MODES_KEPT, 1, 1))
    factor[:, 1:-1] = np.linalg.cholesky(covariance)
    return Mixture(share, centre, factor, packed.omega_cholesky.copy())


def _covariances(hessian: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the covariances 2 H^-1 that curvatures stand for, none wider than allowed, and the logarithms of their volumes."""
    values, vectors = np.linalg.eigh(0.5 * hessian)
    variance = 1.0 / np.maximum(values, 1.0 / _WIDEST)
    covariance = (vectors * variance[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return covariance, 0.5 * np.log(variance).sum(axis=-1)


def _with_moments(mixture: Mixture, packed: PackedSubjects, pilot: SampledEvaluation) -> Mixture:
    """Return mixtures that have a part with the mean and covariance of the first points, where these are enough for that."""
    inverse = np.linalg.inv(packed.omega_cholesky)
    white = inverse @ pilot.covariance @ inverse.transpose(0, 2, 1)
    is_enough = pilot.effective > _ENOUGH_FOR_MOMENTS * packed.omega_cholesky.shape[1]
    share, centre, factor = mixture.share.copy(), mixture.centre.copy(), mixture.factor.copy()
    for i in np.flatnonzero(is_enough):
        values = np.linalg.eigvalsh(white[i])
        if not values[0] > 1e-12:
            continue
        share[i, 1:-1] *= 1.0 - _MOMENTS
        share[i, -1] = _MOMENTS * (1.0 - share[i, 0])
        centre[i, -1] = pilot.white[i]
        factor[i, -1] = np.linalg.cholesky(white[i])
    return Mixture(share, centre, factor, mixture.origin)
