"""Case bootstrap of a fit: subjects drawn with replacement, the model fitted again, every failure counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.cohort import Cohort, select_subjects
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit
from pkpd.estimation.information import is_positive
from pkpd.estimation.objectives import MOST_BY_QUADRATURE
from pkpd.likelihood.population import bind_population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter

SCHEMA = "asuc-bootstrap/1"
USED = frozenset({FitStatus.CONVERGED, FitStatus.AT_BOUND})
"""How a fit must have ended for its estimates to count."""
# By how much less an objective could still become where a fit ends: estimates within a hundredth of their standard errors.
_TOLERANCE = 1e-4
_QUANTILES = (0.025, 0.05, 0.5, 0.95, 0.975)


@dataclass(frozen=True, slots=True)
class Replicate:
    """One fit to drawn subjects.

    Parameters
    ----------
    number : int
        Which one, from 1; with the seed it decides which subjects are drawn.
    values : (n_parameters,) array
        Estimates, and what was fixed.
    ofv : float
        The objective of the drawn subjects; NaN where it is not finite.
    status : FitStatus
        How the fit ended.
    """

    number: int
    values: FloatArray
    ofv: float
    status: FitStatus


def draw_subjects(cohort: Cohort, rng: np.random.Generator, *, by_centre: bool) -> IntArray:
    """Return as many places as there are subjects, drawn with replacement; of each centre as many as it has, if asked for."""
    n = cohort.n_subjects
    if not by_centre:
        return rng.integers(0, n, n)
    own = (np.flatnonzero(cohort.centre == centre) for centre in np.unique(cohort.centre))
    return np.concatenate([rng.choice(places, places.size) for places in own])


def draw_centres(cohort: Cohort, rng: np.random.Generator) -> Cohort:
    """Return as many centres as there are, drawn with replacement with all their subjects; one that is drawn twice becomes two.

    Subjects of a centre share its effects: what is drawn independently are centres (Davison and Hinkley 1997, section 3.8). Draws of
    a single centre, which tell nothing of the variance between centres, are made again.
    """
    known = np.unique(cohort.centre)
    drawn = rng.choice(known, known.size)
    while np.unique(drawn).size == 1:
        drawn = rng.choice(known, known.size)
    own = [np.flatnonzero(cohort.centre == centre) for centre in drawn]
    taken = select_subjects(cohort, np.concatenate(own))
    names = tuple(f"{cohort.centres[int(centre)]} ({k + 1})" for k, centre in enumerate(drawn))
    return replace(taken, centre=np.repeat(np.arange(drawn.size), [places.size for places in own]), centres=names)


def bootstrap_replicate(original: Fit, number: int, *, seed: int, by_centre: bool = False) -> Replicate:
    """Fit the model of a fit to drawn subjects, from its estimates on.

    Parameters
    ----------
    original : Fit
        The fit to all subjects.
    number : int
        Which replicate; the same number and seed draw the same subjects, in whatever order replicates are made.
    seed : int
        Seed of the bootstrap.
    by_centre : bool
        Whether each centre keeps its number of subjects. Without it, a model with effects of centres gets whole centres.
    """
    drawn, modes = _drawn(original, np.random.default_rng([seed, number]), by_centre=by_centre)
    options = FitOptions(
        original.options.method, original.options.most_evaluations, with_covariance=False, tolerance=_TOLERANCE
    )
    found = fit(drawn, options, parameters=parameters_of(original), hessian=_hessian(original), modes=modes)
    return Replicate(number, found.values, found.ofv, found.status)


def _drawn(original: Fit, rng: np.random.Generator, *, by_centre: bool) -> tuple[Population, FloatArray | None]:
    """Return drawn subjects and their empirical Bayes estimates; those drawn several times stand there once and count as often, where each has a share of its own."""
    population = original.population
    model, cohort = population.model, population.cohort
    if model.centre_variances:
        taken = (
            select_subjects(cohort, draw_subjects(cohort, rng, by_centre=True))
            if by_centre
            else draw_centres(cohort, rng)
        )
        return bind_population(model, taken), None
    places = draw_subjects(cohort, rng, by_centre=by_centre)
    if population.n_eta > MOST_BY_QUADRATURE:
        return bind_population(model, select_subjects(cohort, places)), original.evaluation.white[places]
    distinct, counts = np.unique(places, return_counts=True)
    drawn = replace(bind_population(model, select_subjects(cohort, distinct)), weight=counts.astype(np.float64))
    return drawn, original.evaluation.white[distinct]


def failed_replicate(original: Fit, number: int) -> Replicate:
    """Return what stands for a fit that has no result at all; it is counted, and its estimates are not known."""
    return Replicate(number, np.full(original.values.size, np.nan), np.nan, FitStatus.FAILED)


def bootstrap_document(original: Fit, replicates: Sequence[Replicate]) -> dict[str, Any]:
    """Return percentile intervals, bias and standard errors of every parameter, and how the fits ended.

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap, 1993, chapters 6, 10 and 13, ISBN 978-0-412-04231-7.
    """
    used = [one for one in replicates if one.status in USED]
    values = np.array([one.values for one in used]).reshape(len(used), len(original.parameters))
    return {
        "schema": SCHEMA,
        "method": original.options.method.value,
        "n": len(replicates),
        "n_used": len(used),
        "statuses": {
            status.name.lower(): sum(one.status is status for one in replicates)
            for status in FitStatus
            if any(one.status is status for one in replicates)
        },
        "original_status": original.status.name.lower(),
        "parameters": {
            one.name: _spread(float(estimate), drawn, is_fixed=one.is_fixed)
            for one, estimate, drawn in zip(original.parameters, original.values, values.T, strict=True)
        },
        "warnings": _warnings(original, replicates, used),
    }


def parameters_of(original: Fit) -> tuple[PopulationParameter, ...]:
    """Return the parameters of a fit with its estimates as initial values; those at a bound start where the fit did."""
    return tuple(
        one if one.is_fixed or one.name in original.at_bound else replace(one, value=float(value))
        for one, value in zip(original.parameters, original.values, strict=True)
    )


def _hessian(original: Fit) -> FloatArray | None:
    """Return the Hessian at the estimates of a fit, that of drawn subjects being about the same; None where it is no help."""
    information = original.information
    if information is None or original.at_bound or not is_positive(information):
        return None
    return 2.0 * information


def _spread(estimate: float, drawn: FloatArray, *, is_fixed: bool) -> dict[str, Any]:
    if is_fixed or drawn.size < 2:
        nothing = dict.fromkeys(("mean", "bias", "se", "q025", "q05", "q50", "q95", "q975"))
        return {"estimate": estimate, "fixed": is_fixed, **nothing}
    q025, q05, q50, q95, q975 = (float(q) for q in np.quantile(drawn, _QUANTILES))
    mean = float(drawn.mean())
    se = float(drawn.std(ddof=1))
    quantiles = {"q025": q025, "q05": q05, "q50": q50, "q95": q95, "q975": q975}
    return {"estimate": estimate, "fixed": False, "mean": mean, "bias": mean - estimate, "se": se, **quantiles}


def _warnings(original: Fit, replicates: Sequence[Replicate], used: Sequence[Replicate]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    failed = len(replicates) - len(used)
    if failed:
        text = f"{failed} of {len(replicates)} fits did not converge; their estimates are in no interval."
        found.append({"code": "fits_not_converged", "text": text})
    at_bound = sum(one.status is FitStatus.AT_BOUND for one in replicates)
    if at_bound:
        text = f"{at_bound} of {len(replicates)} fits ended at a bound; their estimates are in the intervals."
        found.append({"code": "fits_at_bound", "text": text})
    if original.status not in USED:
        text = f"The fit to all subjects did not converge: {original.status.value}"
        found.append({"code": "original_not_converged", "text": text})
    return found
