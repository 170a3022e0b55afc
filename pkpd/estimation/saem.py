"""Maximum likelihood by stochastic approximation expectation maximisation (SAEM): chains instead of integrals.

Exploration draws random effects at the present values and takes their M-step at once. Smoothing goes on by the score that the draws
estimate (Fisher's identity), divided by about the observed information, with gains that vanish, and averages its path: one rule for
every parameter, closed form or not, from whose scores the error of sampling follows.

References
----------
Kuhn E, Lavielle M. Comput Stat Data Anal 2005;49:1020-1038, doi:10.1016/j.csda.2004.07.002. Delyon B, Lavielle M, Moulines E.
Ann Stat 1999;27:94-128, doi:10.1214/aos/1018031103 (averages). Gu MG, Kong FH. Proc Natl Acad Sci 1998;95:7270-7274,
doi:10.1073/pnas.95.13.7270 (scores divided by an information). Louis TA. J R Stat Soc B 1982;44:226-233.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import input_error
from pkpd.estimation.chains import Chains, enough_threads, moved, started
from pkpd.estimation.fit import Fit, FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.estimation.saem_end import finished, fit_at
from pkpd.estimation.saem_steps import maximized, stepped
from pkpd.estimation.scale import Scale, jacobian, scale_of, to_free, to_values
from pkpd.likelihood.complete import CompleteData, complete_data, complete_scores
from pkpd.model.spec import RandomEffectShape

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

_DRAWS = 500
_FEWEST_CHAINS, _MOST_CHAINS = 2, 25
# Slowest fall of a variance in one iteration, in the first half of exploration.
_ANNEALING = 0.95
# Gain of smoothing: (j + first)^-power.
_FIRST, _POWER = 10.0, 0.65
# Share of the complete data's information in what scores are divided by: without any, the step of a direction that few subjects inform
# could be without measure.
_COMPLETE_SHARE = 0.1
_LEARNING = 100
# What is followed is a mean in which iteration n counts as n^0.5 does: early ones are forgotten.
_FORGETTING = 1.5
_BATCH, _FEWEST_MORE = 40, 50


@dataclass(frozen=True, slots=True)
class SaemOptions:
    """How SAEM goes about it.

    Parameters
    ----------
    seed : int
        Of the chains.
    n_exploration : int
        Iterations with a gain of 1.
    least_smoothing, most_iterations : int
        Iterations of smoothing at least, and of both at most; with no iteration the objective is evaluated at the initial values.
    error : float
        Smoothing ends once the error of sampling raises the objective by less than this on average.
    with_covariance : bool
        Whether the observed information is computed.
    """

    seed: int = 1
    n_exploration: int = 200
    least_smoothing: int = 200
    most_iterations: int = 3000
    error: float = 0.02
    with_covariance: bool = True


@dataclass(frozen=True, slots=True)
class SaemFit:
    """A fit by SAEM.

    Parameters
    ----------
    fit : Fit
        As by any other method; its objective is the exact one at the estimates.
    options : SaemOptions
        How it was made.
    path : (n_iterations, n_parameters) array
        Values after each iteration.
    n_exploration, n_averaged : int
        Iterations of the first phase; last iterations whose mean the estimates are.
    n_chains : int
        Chains of each subject.
    acceptance : dict of str to float
        Share of the proposals that were accepted over smoothing, by move.
    sampling_error : float
        By how much the error of sampling raises the objective on average, as the path shows it.
    expected_decrease : float
        By how much the objective would fall at its minimum, from gradient and information at the estimates.
    """

    fit: Fit
    options: SaemOptions
    path: FloatArray
    n_exploration: int
    n_averaged: int
    n_chains: int
    acceptance: dict[str, float]
    sampling_error: float
    expected_decrease: float


@dataclass(frozen=True, slots=True)
class _Approximation:
    """What stochastic approximation follows.

    Parameters
    ----------
    scores : (n_subjects, n_free) array
        Each subject's mean derivatives of -2 log likelihood.
    complete : (n_free, n_free) array
        Sum over subjects of the mean squares of the draws' derivatives.
    n : int
        Iterations taken in.
    """

    scores: FloatArray
    complete: FloatArray
    n: int = 0

    def taken(self, drawn: FloatArray, gain: float) -> _Approximation:
        """Return what follows once an iteration's derivatives are taken in, (n_chains, n_subjects, n_free)."""
        gain = max(gain, _FORGETTING / (self.n + _FORGETTING))
        square = np.einsum("cni,cnj->ij", drawn, drawn) / len(drawn)
        return _Approximation(
            self.scores + gain * (drawn.mean(axis=0) - self.scores),
            self.complete + gain * (square - self.complete),
            self.n + 1,
        )

    def observed(self) -> FloatArray:
        """Return the observed information that the subjects' mean scores hold."""
        return 0.25 * self.scores.T @ self.scores

    def divisor(self) -> FloatArray:
        """Return the information that scores are divided by."""
        mixed = (1.0 - _COMPLETE_SHARE) * self.observed() + _COMPLETE_SHARE * 0.25 * self.complete
        return mixed + 1e-10 * np.trace(mixed) * np.eye(len(mixed))


def fit_by_saem(
    population: Population,
    options: SaemOptions,
    *,
    parameters: tuple[PopulationParameter, ...] | None = None,
    progress: Callable[[float], None] | None = None,
) -> SaemFit:
    """Fit a model to a population by SAEM.

    Parameters
    ----------
    population : Population
        Model and subjects.
    options : SaemOptions
        How.
    parameters : tuple of PopulationParameter, optional
        What to estimate and where to start; as the model has them where left out.
    progress : callable, optional
        Told the share of the iterations that are done.

    Raises
    ------
    InputError
        For random effects of centres, and of another shape than exponential.
    """
    _check(population.model)
    parameters = population.parameters if parameters is None else parameters
    scale = scale_of(parameters)
    data = complete_data(population, scale.values, scale.free)
    rng = np.random.default_rng([options.seed, 0])
    n_chains = int(np.clip(np.ceil(_DRAWS / population.n_subjects), _FEWEST_CHAINS, _MOST_CHAINS))
    begun = started(data, scale.values, n_chains, rng)
    if begun is None or options.most_iterations == 0 or scale.n_free == 0:
        return _unsearched(population, options, parameters)
    tell = progress or _untold
    with enough_threads(population.n_subjects, n_chains):
        explored = _explored(data, scale, begun, options, rng, tell)
        smoothed = _smoothed(data, scale, explored, options, rng, tell)
    path = np.array([to_values(scale, free) for free in smoothed.path])
    free = np.mean(smoothed.path[-smoothed.n_averaged :], axis=0)
    end = finished(data, scale, free, smoothed.chains, rng, with_covariance=options.with_covariance)
    is_exhausted = len(path) >= options.most_iterations and smoothed.error > options.error
    made = FitOptions(Method.SAEM, options.most_iterations, with_covariance=options.with_covariance)
    fitted = fit_at(end, population, made, parameters, scale, n_iterations=len(path), is_exhausted=is_exhausted)
    acceptance = dict(zip(_moves(population), np.mean(smoothed.accepted, axis=0).tolist(), strict=True))
    return SaemFit(
        fitted,
        options,
        path,
        min(options.n_exploration, len(path)),
        smoothed.n_averaged,
        n_chains,
        acceptance,
        smoothed.error,
        end.expected_decrease,
    )


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where a phase ended.

    Parameters
    ----------
    path : list of (n_free,) arrays
        Places after each iteration so far, on the scale of the search.
    chains : Chains
        The chains.
    followed : _Approximation
        Scores and their squares.
    accepted : list of (n_moves,) arrays
        Acceptance of this phase's iterations.
    error : float
        By how much the error of sampling raises the objective.
    n_averaged : int
        Last iterations whose mean the estimates are.
    """

    path: list[FloatArray]
    chains: Chains
    followed: _Approximation
    accepted: list[FloatArray]
    error: float
    n_averaged: int


def _explored(
    data: CompleteData,
    scale: Scale,
    chains: Chains,
    options: SaemOptions,
    rng: np.random.Generator,
    tell: Callable[[float], None],
) -> _Stage:
    """Return where M-steps on single draws led to."""
    values = scale.values
    n = min(options.n_exploration, options.most_iterations)
    followed = _Approximation(np.zeros((len(chains.phi), scale.n_free)), np.zeros((scale.n_free, scale.n_free)))
    path: list[FloatArray] = []
    accepted: list[FloatArray] = []
    for k in range(n):
        chains = moved(data, values, chains, rng)
        values = maximized(data, scale, values, chains.phi, least_ratio=_ANNEALING if k < n // 2 else 0.0)
        path.append(to_free(scale, values))
        accepted.append(chains.accepted)
        if k >= n - _LEARNING:
            followed = followed.taken(_scores(data, scale, path[-1], chains), gain=0.0)
        tell((k + 1) / (n + options.least_smoothing))
    return _Stage(path, chains, followed, accepted, np.inf, 1)


def _smoothed(
    data: CompleteData,
    scale: Scale,
    stage: _Stage,
    options: SaemOptions,
    rng: np.random.Generator,
    tell: Callable[[float], None],
) -> _Stage:
    """Return where stochastic approximation of the score led to."""
    path, chains, followed = list(stage.path), stage.chains, stage.followed
    n_before, planned = len(path), min(len(path) + options.least_smoothing, options.most_iterations)
    accepted: list[FloatArray] = list(stage.accepted[-1:])
    sums: list[FloatArray] = []
    error, n_averaged = np.inf, 1
    while len(path) < planned:
        n = len(path) - n_before + 1
        gain = (n + _FIRST) ** -_POWER
        free = path[-1]
        chains = moved(data, to_values(scale, free), chains, rng)
        drawn = _scores(data, scale, free, chains)
        followed = followed.taken(drawn, 0.0)
        sums.append(drawn.sum(axis=1))
        score: FloatArray = drawn.mean(axis=0).sum(axis=0)
        step: FloatArray = -0.5 * gain * np.linalg.solve(followed.divisor(), score).astype(np.float64)
        path.append(stepped(data, scale, free, step))
        accepted.append(chains.accepted)
        n_averaged = max(1, n // 2)
        if len(path) == planned:
            error = sampling_error(np.array(sums), followed.divisor(), n_averaged)
            # The error falls with the number of iterations; a little more than what that asks for, and no more than twice.
            more = (
                int(np.clip(n * (1.1 * error / options.error - 1.0), _FEWEST_MORE, n)) if error > options.error else 0
            )
            planned = min(planned + more, options.most_iterations)
        tell(len(path) / planned)
    return _Stage(path, chains, followed, accepted, error, n_averaged)


def _scores(data: CompleteData, scale: Scale, free: FloatArray, chains: Chains) -> FloatArray:
    """Return the draws' derivatives of -2 log likelihood on the scale of the search, (n_chains, n_subjects, n_free)."""
    return complete_scores(data, to_values(scale, free), chains.phi).scores @ jacobian(scale, free)


def sampling_error(scores: FloatArray, information: FloatArray, n: int) -> float:
    """Return by how much the error of sampling raises the objective on average at the mean of a path.

    Steps divide the scores by the information, so that the mean of many places errs as the mean of their scores does. How much
    that is, the differences between chains tell: they have the noise of a chain, with the memory from iteration to
    iteration, but nothing of the way that the parameters still go.

    Parameters
    ----------
    scores : (n_iterations, n_chains, n_free) array
        Sums over subjects of each chain's derivatives of -2 log likelihood.
    information : (n_free, n_free) array
        Observed information.
    n : int
        Iterations whose places are averaged.

    Returns
    -------
    float
        A quarter of tr(information^-1 times the covariance of the mean score), from the means of batches of iterations.
    """
    n_chains, n_free = scores.shape[1:]
    n_batches = len(scores) // _BATCH
    if n_batches == 0:
        return np.inf
    noise = scores - scores.mean(axis=1, keepdims=True)
    batches = noise[-n_batches * _BATCH :].reshape(n_batches, _BATCH, n_chains, n_free).mean(axis=1)
    of_batch: FloatArray = np.einsum("bci,bcj->ij", batches, batches) / (n_batches * (n_chains - 1))
    relative: FloatArray = np.linalg.solve(information, of_batch).astype(np.float64)
    return float(0.25 * np.trace(relative) * _BATCH / (n_chains * n))


def _untold(share: float) -> None:
    """Tell nobody."""


def _moves(population: Population) -> tuple[str, ...]:
    each = population.model.occasion_etas
    of_occasions = (f"{name}_{k + 1}" for k in range(population.n_occasions) for name in each)
    return ("prior", "independent", "together", *population.model.etas, *of_occasions)


def _check(model: ModelSpec) -> None:
    others = {term.shape.value for term in model.terms if term.eta is not None} - {RandomEffectShape.EXPONENTIAL.value}
    what = ["of centres"] if model.centre_variances else []
    what += [f"of shape {shape}" for shape in sorted(others)]
    if what:
        raise input_error(
            "--method", f"saem takes no random effects {', '.join(what)}, which this model has; use laplace or exact"
        )


def _unsearched(population: Population, options: SaemOptions, parameters: tuple[PopulationParameter, ...]) -> SaemFit:
    evaluated = fit(population, FitOptions(Method.EXACT, 0, with_covariance=False), parameters=parameters)
    made = FitOptions(Method.SAEM, 0, with_covariance=False)
    nothing = np.empty((0, len(parameters)))
    return SaemFit(replace(evaluated, options=made), options, nothing, 0, 0, 0, {}, np.nan, np.nan)
