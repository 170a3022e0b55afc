"""Concentrations over a posterior: bands, averages' tables, and where samples lie among those expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.estimation.averaging import averaged_quantiles
from pkpd.estimation.posterior import thinned, with_lines
from pkpd.kernels.advance import subject_at
from pkpd.kernels.exposure import log_concentrations_on_lines
from pkpd.kernels.quadrature import quantiles
from pkpd.kernels.residual import probability_of_lower_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.data.records import Subject
    from pkpd.estimation.posterior import Posterior
    from pkpd.problem import Problem

# Bands within a thousandth; those that are only drawn may be off by a pixel.
_PLANE_LINES, _DRAWN_LINES = 192, 128
_TOLERANCE, _DRAWN_TOLERANCE = 1e-9, 1e-4  # of the probability of a quantile
_CLEARANCE_LINES = 768
_NO_WEIGHT = 1e-6
_NO_MASS = 2e-5  # of the heaviest line or node; what those with less hold together is not seen in a figure
_NOTHING = 1e-300


@dataclass(frozen=True, slots=True)
class ConcentrationBands:
    """Posterior quantiles of the concentration itself (not of a measurement of it).

    Parameters
    ----------
    times : (n_times,) array
        Times [day].
    probabilities : (n,) array
        Ascending.
    quantiles : (n_times, n) array
        Concentrations [mg/L].
    """

    times: FloatArray
    probabilities: FloatArray
    quantiles: FloatArray


def concentration_bands(
    posterior: Posterior, problem: Problem, times: FloatArray, probabilities: FloatArray, *, is_drawn: bool = False
) -> ConcentrationBands:
    """Return posterior bands of the concentration.

    With three random effects or more half of the lines are used: a band is drawn, not computed with.

    Parameters
    ----------
    posterior : Posterior
        The posterior.
    problem : Problem
        The same subject bound with ``times`` as wanted times (``curve_problem``) and the regimen to predict.
    times : (n_times,) array
        The wanted times [day].
    probabilities : (n,) array
        Ascending.
    is_drawn : bool
        Whether the bands are for a figure, where an error of less than a hundredth is not seen.
    """
    used = for_concentrations(posterior, _DRAWN_LINES if is_drawn else _PLANE_LINES)
    if is_drawn:
        used = _with_mass(used)
    tolerance = _DRAWN_TOLERANCE if is_drawn else _TOLERANCE
    scores = np.array([NormalDist().inv_cdf(float(p)) for p in probabilities])
    result = np.empty((times.size, probabilities.size))
    for t, table in enumerate(log_concentration_tables(used, problem)):
        # The search at a time starts from what was found at the time before.
        lines = (used.step, used.density, used.integral)
        quantiles(table, -1.0, *lines, probabilities, tolerance, scores, result[t])
    return ConcentrationBands(times, probabilities, _concentrations(result))


def for_concentrations(posterior: Posterior, plane_lines: int = _PLANE_LINES) -> Posterior:
    """Return the posterior on as many lines as a concentration needs.

    Along lines of the clearance the concentration soon after an infusion hardly changes, and where the drug is long gone
    it changes more from one line to the next than along any, so that its distribution comes from the lines' own
    positions; more lines of a plane make up for that.
    """
    if posterior.problem.n_eta != 2:
        return thinned(posterior)
    is_scaled = posterior.problem.subjects.line_scale[0] > 0.0
    return with_lines(posterior, max(len(posterior.low), plane_lines if is_scaled else _CLEARANCE_LINES))


def _with_mass(posterior: Posterior) -> Posterior:
    """Return a posterior without the lines, and the nodes at the ends of all lines, that hold next to nothing."""
    mass = posterior.integral[:, -1]
    kept = mass > _NO_MASS * mass.max()
    nodes = (posterior.density[kept] * posterior.step[kept, None]).max(axis=0)
    first, *_, last = np.flatnonzero(nodes > _NO_MASS * nodes.max())
    step, part = posterior.step[kept], slice(first, last + 1)
    return replace(
        posterior,
        outer=posterior.outer[kept],
        half=np.zeros(0, dtype=np.int64),  # no rule is judged on a part of the lines
        low=posterior.low[kept] + first * step,
        step=step,
        density=np.ascontiguousarray(posterior.density[kept, part]),
        integral=np.ascontiguousarray(posterior.integral[kept, part]),
    )


def averaged_bands(
    posteriors: Sequence[Posterior],
    problems: Sequence[Problem],
    weights: FloatArray,
    times: FloatArray,
    probabilities: FloatArray,
) -> ConcentrationBands:
    """Return bands of the concentration under the weighted mixture of several models' posteriors.

    Parameters
    ----------
    posteriors, problems : sequences of Posterior and Problem
        As for ``concentration_bands``, one for each model.
    weights : (n_models,) array
        Weights that add up to 1.
    times, probabilities : (n_times,), (n,) arrays
        Times [day] and ascending probabilities.
    """
    used = [i for i in range(len(posteriors)) if weights[i] > _NO_WEIGHT]
    thin = [thinned(posteriors[i]) for i in used]
    tables = [log_concentration_tables(posterior, problems[i]) for posterior, i in zip(thin, used, strict=True)]
    share = weights[used] / weights[used].sum()
    signs = [-1.0] * len(used)
    result = np.array(
        [
            averaged_quantiles(thin, [table[t] for table in tables], signs, share, probabilities)
            for t in range(times.size)
        ]
    )
    return ConcentrationBands(times, probabilities, _concentrations(result.reshape(times.size, probabilities.size)))


def _concentrations(logs: FloatArray) -> FloatArray:
    values = np.exp(logs)
    return np.where(values < _NOTHING, 0.0, values)


def log_concentration_tables(posterior: Posterior, problem: Problem, *, skipped: int = 0) -> FloatArray:
    """Return ln of the concentration at the wanted times, some at first skipped, and every node, (n_times, n_lines, n_nodes)."""
    tables = np.empty((problem.n_wanted - skipped, *posterior.density.shape))
    packed = problem.subjects._replace(
        frame=posterior.problem.subjects.frame, line_scale=posterior.problem.subjects.line_scale
    )
    log_concentrations_on_lines(
        subject_at(packed, 0),
        posterior.outer,
        posterior.low,
        posterior.step,
        problem.subjects.observations.shape[0] + skipped,
        tables,
    )
    return tables


def measurement_percentiles(prior: Posterior, subject: Subject, problem: Problem) -> FloatArray:
    """Return the probability of a measurement below each sample's level (or limit) before anything was measured.

    Parameters
    ----------
    prior : Posterior
        Integrated without samples.
    subject : Subject
        The subject with its samples.
    problem : Problem
        The subject bound with the sample times as wanted times, in the order of the samples.

    Returns
    -------
    (n_samples,) array
        Probabilities, over the random effects and the residual error.
    """
    used = thinned(prior)
    weight = used.density * used.step[:, None]
    weight = weight / weight.sum()
    result = np.empty(len(subject.samples))
    errors = problem.subjects.observations[:, 4:6]
    for i, (sample, table) in enumerate(zip(subject.samples, log_concentration_tables(used, problem), strict=True)):
        value = {Censoring.BELOW: sample.lloq, Censoring.ABOVE: sample.uloq}.get(sample.censoring, sample.level)
        result[i] = probability_of_lower_level(weight, table, value, *errors[i])
    return result
