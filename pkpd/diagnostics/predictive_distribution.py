"""What a model expects of a measurement: its distribution over the posterior of the random effects and the residual error.

The distribution is a mixture of normal ones (of the level, or of its logarithm where the error is one of the logarithm), one for each
node of the posterior. A measurement has a place in it, a level beyond a limit a range of places, and each limit a probability of
lying beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import log_ndtr, logsumexp, ndtr

from pkpd.data.histories import without_last_samples
from pkpd.estimation.posterior_nodes import SIZES, Posteriors, find_posteriors, posterior_nodes
from pkpd.kernels.codes import CENSORED, LEVEL, LLOQ, ULOQ, Censored
from pkpd.kernels.predict_all import predict_all
from pkpd.kernels.residual import LOG_2PI
from pkpd.kernels.simulate import simulate_some
from pkpd.likelihood.population import bind_population, model_at, packed_at
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.likelihood.population import Population

PROBABILITIES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
"""Of the quantiles: the median, and the ends of 50, 90 and 95 % intervals."""
TOLERANCE = 1e-3
"""Of the difference between a rule and its half, in log score and probabilities, at which nodes are no longer doubled."""
# Nodes that hold less of the posterior together are left out, which moves no probability by more.
_NO_WEIGHT = 1e-10
_MOST_STEPS, _TOLERANCE = 80, 1e-9
# Standard deviations from the furthest node within which every quantile lies.
_REACH = 9.0
# A standard deviation [mg/L, or of a logarithm] that is none, a centre that is the logarithm of nothing, a z that is certain.
_STEP_WIDTH, _LOWEST, _CERTAIN, _LARGEST = 1e-9, -745.0, 38.0, 1e150


class Mixture(NamedTuple):
    """A mixture of normal distributions: weights that sum to one, centres and standard deviations, all (n_nodes,)."""

    weight: FloatArray
    centre: FloatArray
    sd: FloatArray


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions of samples, in the order of the cohort.

    Parameters
    ----------
    point : (n_samples,) array
        Concentration at the mode of the posterior [mg/L] (at eta = 0 before any sample).
    quantiles : (n_samples, n_probabilities) array
        ``PROBABILITIES`` of the measurement [mg/L]; NaN where no parameters explain the earlier samples.
    place : (n_samples, 2) array
        Probability of a lower measurement: of a quantified level twice the same; of a censored one both ends of what is known.
    p_below, p_above : (n_samples,) arrays
        Probability of lying below the lower, and above the upper limit; NaN where there is none.
    log_score : (n_samples,) array
        Logarithm of the density, or of the probability where censored, that was predicted for what was seen.
    error : (n_samples,) array
        Largest difference of the log score or the place between the rule and its half; the rule errs by much less.
    """

    point: FloatArray
    quantiles: FloatArray
    place: FloatArray
    p_below: FloatArray
    p_above: FloatArray
    log_score: FloatArray
    error: FloatArray


def predict_measurements(
    population: Population, values: FloatArray, n_given: IntArray, *, tell: Callable[[float], object] = lambda _: None
) -> Predicted:
    """Return predictions of every sample of each subject behind the first few, from these.

    Parameters
    ----------
    population : Population
        Model and subjects.
    values : (n_parameters,) array
        Values of the model's parameters, in their order.
    n_given : (n_subjects,) array
        How many samples of each subject are known; the others are predicted.
    tell : callable, optional
        Told the share that is done.
    """
    given = bind_population(population.model, without_last_samples(population.cohort, n_given))
    posteriors = find_posteriors(given, values)
    packed = packed_at(population, model_at(population, values))
    starts = packed.observation_start
    # Behind the first few of its subject.
    within = np.arange(int(starts[-1])) - np.repeat(starts[:-1], np.diff(starts))
    is_wanted = within >= np.repeat(n_given, np.diff(starts))
    size = int(starts[-1])
    found = Predicted(
        point=np.full(size, np.nan, dtype=np.float64),
        quantiles=np.full((size, len(PROBABILITIES)), np.nan, dtype=np.float64),
        place=np.full((size, 2), np.nan, dtype=np.float64),
        p_below=np.full(size, np.nan, dtype=np.float64),
        p_above=np.full(size, np.nan, dtype=np.float64),
        log_score=np.full(size, np.nan, dtype=np.float64),
        error=np.full(size, np.nan, dtype=np.float64),
    )
    predict_all(packed, posteriors.modes.eta, found.point)
    for i in range(population.n_subjects):
        tell(i / population.n_subjects)
        _predict_subject(posteriors, packed, i, int(n_given[i]), found)
    if population.model.residual.kind is ResidualKind.LOGARITHMIC:
        np.exp(found.quantiles, out=found.quantiles)
    return Predicted(*(getattr(found, name)[is_wanted] for name in Predicted.__slots__))


def _predict_subject(posteriors: Posteriors, packed: PackedSubjects, i: int, n_given: int, found: Predicted) -> None:
    """Write the predictions of one subject's samples behind the first few, by a rule that its half agrees with."""
    first, last = int(packed.observation_start[i]), int(packed.observation_start[i + 1])
    if n_given == last - first or not np.isfinite(posteriors.modes.objective[i]):
        return
    rows = packed.observations[first + n_given : last]
    for size in SIZES:
        mixtures, error = _by_rule(posteriors, packed, i, n_given, size)
        found.error[first + n_given : last] = error
        if (error < TOLERANCE).all() or size == SIZES[-1]:
            for k, (row, mixture) in enumerate(zip(rows, mixtures, strict=True)):
                _predict_sample(row, mixture, first + n_given + k, found)
            return


def _by_rule(
    posteriors: Posteriors, packed: PackedSubjects, i: int, n_given: int, size: int
) -> tuple[list[Mixture], FloatArray]:
    """Return the distributions of one subject's samples behind the first few, and how much the half of the rule differs."""
    rows = packed.observations[packed.observation_start[i] : packed.observation_start[i + 1]]
    nodes = posterior_nodes(posteriors, i, size)
    centre, sd = _at_nodes(packed, i, nodes.white)
    log_weight = nodes.log_weight.copy()
    for k in range(n_given):
        log_weight += log_densities(rows[k], centre[k], sd[k])
    mixtures = _mixtures(log_weight, centre[n_given:], sd[n_given:])
    half = _mixtures(log_weight[nodes.half], centre[n_given:, nodes.half], sd[n_given:, nodes.half])
    fine, coarse = (np.array(list(map(_judged, rows[n_given:], some))) for some in (mixtures, half))
    # What is impossible by both rules differs by nothing.
    with np.errstate(invalid="ignore"):
        return mixtures, np.where(fine == coarse, 0.0, np.abs(fine - coarse)).max(axis=1)


def _mixtures(log_weight: FloatArray, centre: FloatArray, sd: FloatArray) -> list[Mixture]:
    """Return the distributions of some samples, (n_samples, n_nodes), over a posterior."""
    weight = np.exp(log_weight - log_weight.max())
    kept = _heaviest(weight)
    weight = weight[kept] / weight[kept].sum()
    return [Mixture(weight, own_centre[kept], own_sd[kept]) for own_centre, own_sd in zip(centre, sd, strict=True)]


def _judged(row: FloatArray, mixture: Mixture) -> tuple[float, float]:
    """Return what two rules are compared by: the log density of what was seen, and its place."""
    value = row[LEVEL] if row[CENSORED] == Censored.NONE else np.nanmax(row[[LLOQ, ULOQ]])
    return _log_score(row, mixture), probability_below(mixture, value)


def _log_score(row: FloatArray, mixture: Mixture) -> float:
    return float(logsumexp(log_densities(row, mixture.centre, mixture.sd), b=mixture.weight))


def _predict_sample(row: FloatArray, mixture: Mixture, at: int, found: Predicted) -> None:
    kind = row[CENSORED]
    found.quantiles[at] = quantiles(mixture, np.array(PROBABILITIES))
    below = np.nan if np.isnan(row[LLOQ]) else probability_below(mixture, row[LLOQ])
    not_above = np.nan if np.isnan(row[ULOQ]) else probability_below(mixture, row[ULOQ])
    found.p_below[at], found.p_above[at] = below, 1.0 - not_above
    if kind == Censored.NONE:
        found.place[at] = probability_below(mixture, row[LEVEL])
    elif kind == Censored.BELOW:
        found.place[at] = 0.0, below
    elif kind == Censored.ABOVE:
        found.place[at] = not_above, 1.0
    else:
        found.place[at] = below, not_above
    found.log_score[at] = _log_score(row, mixture)


def _heaviest(weight: FloatArray) -> IntArray:
    """Return the places of the nodes that hold all but next to nothing, in their order."""
    order = np.argsort(weight, kind="stable")
    share = np.cumsum(weight[order])
    return np.sort(order[share > _NO_WEIGHT * share[-1]])


def _at_nodes(packed: PackedSubjects, i: int, white: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return centre and standard deviation of the measurements of one subject at every node, (n_samples, n_nodes)."""
    n = int(packed.observation_start[i + 1] - packed.observation_start[i])
    centre, ahead = np.empty((n, len(white))), np.empty((n, len(white)))
    # A measurement without noise is its centre, one with a noise of 1 lies a standard deviation above.
    simulate_some(packed, i, white[None], np.zeros_like(centre), centre)
    simulate_some(packed, i, white[None], np.ones_like(ahead), ahead)
    with np.errstate(invalid="ignore"):
        sd = ahead - centre
    return centre, np.where(np.isfinite(centre), sd, 0.0)


def log_densities(row: FloatArray, centre: FloatArray, sd: FloatArray) -> FloatArray:
    """Return the logarithm of an observation's density, or of its probability where it is censored, for some predictions.

    As ``kernels.residual.minus2_log_density``, where the conventions stand.

    Parameters
    ----------
    row : (8,) array
        A row of ``codes.PackedSubjects.observations``.
    centre, sd : (n,) arrays
        Centre and standard deviation of the measurement.
    """
    kind = row[CENSORED]
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == Censored.NONE:
            z = (row[LEVEL] - centre) / sd
            found = -0.5 * (LOG_2PI + np.minimum(np.abs(z), _LARGEST) ** 2) - np.log(sd)
        elif kind == Censored.BELOW:
            found = _log_ndtr((row[LLOQ] - centre) / sd)
        elif kind == Censored.ABOVE:
            found = _log_ndtr((centre - row[ULOQ]) / sd)
        else:
            found = _log_between((row[LLOQ] - centre) / sd, (row[ULOQ] - centre) / sd)
    return np.where(sd > 0.0, found, 0.0 if kind == Censored.BELOW else -np.inf)


def _log_ndtr(z: FloatArray) -> FloatArray:
    return np.asarray(log_ndtr(z), dtype=np.float64)


def _log_between(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the logarithm of a normal probability, in the lower tail, where no difference of two numbers near one is lost."""
    mirrored = low > 0.0
    lower, upper = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    most = _log_ndtr(upper)
    return most + np.log(-np.expm1(_log_ndtr(lower) - most))


def probability_below(mixture: Mixture, value: float) -> float:
    """Return the probability of a lower measurement; where there is no drug and no additive error, it is certain."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(mixture.sd > 0.0, ndtr((value - mixture.centre) / mixture.sd), mixture.centre <= value)
    return float(np.clip(mixture.weight @ each, 0.0, 1.0))


def quantiles(mixture: Mixture, probabilities: FloatArray) -> FloatArray:
    """Return quantiles of a mixture, by Newton's method held between bounds that close in."""
    # Where a level is predicted without doubt, as none where there is no drug, the distribution has a step.
    sd, centre = np.maximum(mixture.sd, _STEP_WIDTH), np.maximum(mixture.centre, _LOWEST)
    low = np.full(probabilities.size, (centre - _REACH * sd).min())
    high = np.full(probabilities.size, (centre + _REACH * sd).max())
    order = np.argsort(centre)
    place = np.searchsorted(np.cumsum(mixture.weight[order]), probabilities)
    at = centre[order][np.minimum(place, centre.size - 1)]
    scale = mixture.weight / sd
    is_open = np.ones(probabilities.size, dtype=np.bool_)
    for _ in range(_MOST_STEPS):
        here = at[is_open]
        z = np.clip((here[:, None] - centre) / sd, -_CERTAIN, _CERTAIN)
        gap = ndtr(z) @ mixture.weight - probabilities[is_open]
        low[is_open] = np.where(gap < 0.0, here, low[is_open])
        high[is_open] = np.where(gap < 0.0, high[is_open], here)
        far = np.abs(gap) >= _TOLERANCE
        if not far.any():
            break
        is_open[is_open] = far
        density = np.exp(-0.5 * z[far] ** 2) @ scale / np.sqrt(2.0 * np.pi)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here[far] - gap[far] / density
        lower, upper = low[is_open], high[is_open]
        at[is_open] = np.where((step > lower) & (step < upper), step, 0.5 * (lower + upper))
    return at
