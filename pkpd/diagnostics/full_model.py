"""The full covariate model: every candidate effect at once, with intervals, and shrunken towards no effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from pkpd.diagnostics.trials import bound_model, estimates_of
from pkpd.estimation.covariance import CovarianceKind, uncertainty_off_bounds
from pkpd.estimation.fit import FitOptions, fit
from pkpd.model.covariate import effect_slope
from pkpd.model.population import PopulationParameter, with_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.diagnostics.candidates import Relation
    from pkpd.diagnostics.trials import Search
    from pkpd.estimation.fit import Fit

_NORMAL_975 = 1.959963984540054
# Between these multiples of the largest variance the prior's variance is searched, on a grid first.
_LEAST, _MOST, _N_GRID = 1e-6, 1e4, 201


@dataclass(frozen=True, slots=True)
class Shrunken:
    """Estimates after a normal prior around nothing, whose variance comes from the estimates themselves.

    Parameters
    ----------
    mean, sd : (n,) arrays
        Posterior means and standard deviations.
    prior_variance : float
        Variance of the prior; 0 where the estimates spread no more than their errors do.
    """

    mean: FloatArray
    sd: FloatArray
    prior_variance: float


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Coefficients of a full model.

    Parameters
    ----------
    own : tuple of PopulationParameter
        Which.
    estimate : (n,) array
        Estimates.
    covariance : (n, n) array or None
        Their covariance, NaN in the rows and columns of those at a bound; None where there is none.
    reach : (n,) array
        Standard errors that a 95 % interval reaches to both sides.
    scale : (n,) array
        Standard deviation over the subjects of what each multiplies, at no effect.
    """

    own: tuple[PopulationParameter, ...]
    estimate: FloatArray
    covariance: FloatArray | None
    reach: FloatArray
    scale: FloatArray


def full_relations(candidates: Sequence[Relation]) -> tuple[Relation, ...]:
    """Return the first form of each covariate on each parameter."""
    first: dict[tuple[str, str], Relation] = {}
    for one in candidates:
        first.setdefault((one.parameter, one.covariate), one)
    return tuple(first.values())


def shrink(estimate: FloatArray, covariance: FloatArray) -> Shrunken:
    """Return the posterior of normal estimates under N(0, tau² I), tau² by marginal maximum likelihood.

    Parameters
    ----------
    estimate : (n,) array
        Estimates on a common scale.
    covariance : (n, n) array
        Their covariance, positive definite.
    """
    variances, vectors = np.linalg.eigh(covariance)
    along = vectors.T @ estimate

    def deviance(log_tau2: float) -> float:
        total = variances + np.exp(log_tau2)
        return float((np.log(total) + along * along / total).sum())

    grid: FloatArray = np.log(float(variances.max()) * np.geomspace(_LEAST, _MOST, _N_GRID)).astype(np.float64)
    best = int(np.argmin([deviance(float(one)) for one in grid]))
    around = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _N_GRID - 1)]))
    found = float(minimize_scalar(deviance, bounds=around, method="bounded", options={"xatol": 1e-10}).x)
    is_nothing = best == 0 or deviance(found) >= float((np.log(variances) + along * along / variances).sum())
    tau2 = 0.0 if is_nothing else float(np.exp(found))
    weight = tau2 / (variances + tau2)
    spread = np.einsum("ij,j->i", vectors * vectors, variances * weight)
    return Shrunken(vectors @ (weight * along), np.sqrt(spread), tau2)


def full_model_document(search: Search) -> dict[str, Any]:
    """Fit the full covariate model of a search to the cohort as it is, and return it as plain dictionaries.

    Parameters
    ----------
    search : Search
        What is searched: of its candidates, each covariate on each parameter in its first form.
    """
    relations = full_relations(search.candidates)
    population, parameters = bound_model(search, relations, {})
    found = fit(population, FitOptions(search.method), parameters=parameters)
    return {
        "status": found.status.name.lower(),
        "status_text": found.status.value,
        "ofv": found.ofv if np.isfinite(found.ofv) else None,
        "at_bound": list(found.at_bound),
        "effects": [str(one) for one in relations],
        **coefficients_entry(fitted_coefficients(search, found)),
        "estimates": estimates_of(found),
    }


def fitted_coefficients(search: Search, found: Fit) -> Coefficients:
    """Return the coefficients of a search's candidates in a fit, without those of its base model.

    Parameters at a bound are held there, as in the standard errors of a fit.
    """
    base = {one.name for one in search.parameters}
    places = [i for i, one in enumerate(found.parameters) if one.name not in base]
    own = tuple(found.parameters[i] for i in places)
    covariance: FloatArray | None = None
    if (known := uncertainty_off_bounds(found, CovarianceKind.R)) is not None:
        inner, matrix = known[0], known[1].matrix
        of_all = np.full((len(found.parameters), len(found.parameters)), np.nan)
        of_all[np.ix_(inner, inner)] = matrix
        covariance = of_all[np.ix_(places, places)]
    reach = np.full(len(own), _NORMAL_975)
    return Coefficients(own, found.values[places], covariance, reach, _scales(found, own))


def coefficients_entry(known: Coefficients) -> dict[str, Any]:
    """Return coefficients with their intervals, and shrunken, as plain dictionaries."""
    n = len(known.own)
    covariance = np.full((n, n), np.nan) if known.covariance is None else known.covariance
    se = np.sqrt(np.diag(covariance))
    inner: IntArray = np.flatnonzero(np.isfinite(se)).astype(np.int64)
    neutral = np.array([_neutral(one) for one in known.own])
    scale = known.scale[inner]
    mean, spread, prior_sd = np.full(n, np.nan), np.full(n, np.nan), None
    if inner.size:
        block = covariance[np.ix_(inner, inner)] * np.outer(scale, scale)
        shrunken = shrink((known.estimate - neutral)[inner] * scale, block)
        prior_sd = float(np.sqrt(shrunken.prior_variance))
        mean[inner], spread[inner] = neutral[inner] + shrunken.mean / scale, shrunken.sd / scale
    columns = {
        "estimate": known.estimate,
        "scale": known.scale,
        "se": se,
        "q025": known.estimate - known.reach * se,
        "q975": known.estimate + known.reach * se,
        "shrunken": mean,
        "shrunken_se": spread,
    }
    return {
        "prior_sd": prior_sd,
        "coefficients": {
            one.name: {name: number_or_none(float(values[i])) for name, values in columns.items()}
            for i, one in enumerate(known.own)
        },
    }


def number_or_none(value: float) -> float | None:
    """Return a number, or None where there is none."""
    return value if np.isfinite(value) else None


def _neutral(one: PopulationParameter) -> float:
    """Return the value at which a coefficient has no effect: 1 for the multiplier of a category."""
    return 1.0 if one.place[0] == "entry" else 0.0


def _scales(found: Fit, own: Sequence[PopulationParameter]) -> FloatArray:
    """Return the standard deviation over the subjects of what each coefficient multiplies, at no effect."""
    population = found.population
    model = with_values(population.model, {one.name: _neutral(one) for one in own})
    scales: list[float] = []
    for one in own:
        what, t, e, *code = one.place
        effect = model.terms[int(t or 0)].effects[int(e or 0)]
        first = population.covariates[effect.covariate][population.first_rows]
        slope = effect_slope(effect, first, float(code[0] or 0.0) if what == "entry" else None)
        scales.append(float(slope.std(ddof=1)))
    return np.array(scales)
