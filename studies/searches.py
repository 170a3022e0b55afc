"""What the study of optima does with one cohort: fits, and every other way to a lower objective."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.map import estimate_map
from pkpd.estimation.multi_start import fit_from_start
from pkpd.estimation.objectives import Method, is_flat_mode, placed
from pkpd.estimation.scale import jacobian, scale_of, to_free, to_values
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, evaluate, model_at, problem_at
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.scale import Scale
    from pkpd.likelihood.population import Evaluation, Population

MODEL = "niyigena_2026_asuc"
METHODS = ("exact", "laplace")
# Of the truths of every second cohort around the published values, on the logarithmic scale.
TRUTH_SPREAD = 0.3
N_STARTS = 4
# How far the independent search may go from its start on the scale of the fit, so that nothing overflows.
_FAR = 8.0
# A value that stands for none in a search that knows no NaN.
_NONE = 1e7


@dataclass(frozen=True, slots=True)
class Row:
    """One cohort fitted by one method.

    Parameters
    ----------
    seed, cohort : int
        Which: cohorts count from 1.
    method, status, at_bound : str
        As the fit from the default start says.
    ofv : float
        Its objective.
    from_truth, from_starts, independent : float
        The lowest objective that a fit from the truth, fits from scattered starts, and another optimiser found; NaN where the fit
        said itself that it is at no optimum by Laplace's method, and nothing else was tried.
    """

    seed: int
    cohort: int
    method: str
    status: str
    at_bound: str
    ofv: float
    from_truth: float
    from_starts: float
    independent: float

    @property
    def best(self) -> float:
        """Return the lowest objective known."""
        return float(np.nanmin((self.ofv, self.from_truth, self.from_starts, self.independent)))

    @property
    def above(self) -> float:
        """Return by how much the fit ended above it."""
        return self.ofv - self.best


def drawn_cohort(number: int, *, seed: int) -> tuple[Population, FloatArray]:
    """Return a cohort with the model to be fitted, and the true values of its parameters.

    The truth of odd cohorts is what the model file holds, where fits start; that of even ones lies around it.
    """
    rng = np.random.default_rng([seed, number])
    model = load_model(MODEL)
    empty = virtual_cohort(model, Design(), np.random.default_rng([seed, number]))
    bound = bind_population(model, with_model_covariates(empty, model).cohort)
    scale = scale_of(bound.parameters)
    z = rng.standard_normal(scale.n_free) if number % 2 == 0 else np.zeros(scale.n_free)
    truth = to_values(scale, to_free(scale, scale.values) + TRUTH_SPREAD * z)
    cohort = virtual_cohort(model_at(bound, truth), Design(), rng)
    return bind_population(model, with_model_covariates(cohort, model).cohort), truth


def refitted(number: int, method_name: str, *, seed: int, known: Mapping[tuple[int, str], Row]) -> Row:
    """Fit one cohort again and compare with the best optimum that an earlier row knows: the cohort's, whatever found it."""
    before = known.get((number, method_name))
    if before is None or not np.isfinite(before.independent):
        return searched(number, method_name, seed=seed)
    population, _ = drawn_cohort(number, seed=seed)
    found = fit(population, FitOptions(Method(method_name)))
    row = replace(
        before,
        status=found.status.name.lower(),
        at_bound=" ".join(found.at_bound),
        ofv=_value(found, found.values),
    )
    is_lost = found.status in (FitStatus.FLAT_MODE, FitStatus.NO_FINITE_START)
    return replace(row, from_truth=np.nan, from_starts=np.nan, independent=np.nan) if is_lost else row


def searched(number: int, method_name: str, *, seed: int) -> Row:
    """Fit one cohort from the default start, and look for anything lower."""
    population, truth = drawn_cohort(number, seed=seed)
    options = FitOptions(Method(method_name))
    found = fit(population, options)
    row = Row(
        seed,
        number,
        method_name,
        found.status.name.lower(),
        " ".join(found.at_bound),
        _value(found, found.values),
        *[np.nan] * 3,
    )
    if found.status in (FitStatus.FLAT_MODE, FitStatus.NO_FINITE_START):
        return row
    true = tuple(
        one if one.is_fixed else replace(one, value=float(value))
        for one, value in zip(population.parameters, truth, strict=True)
    )
    again = fit(population, replace(options, with_covariance=False), parameters=true)
    starts = [
        fit_from_start(population, options, k, parameters=population.parameters, seed=seed)
        for k in range(2, N_STARTS + 2)
    ]
    usable = [one.values for one in starts if one.status is not FitStatus.FLAT_MODE and np.isfinite(one.ofv)]
    return replace(
        row,
        from_truth=np.nan if again.status is FitStatus.FLAT_MODE else _value(found, again.values),
        from_starts=min((_value(found, values) for values in usable), default=np.nan),
        independent=min(_independent(found, values) for values in (found.values, truth)),
    )


def _value(found: Fit, values: FloatArray) -> float:
    """Return the objective at some values, computed afresh, so that no search is judged by nodes or modes of its own."""
    one = _evaluation(found.population, found.options.method, values)
    return one.ofv if one is not None else np.nan


def _evaluation(population: Population, method: Method, values: FloatArray) -> Evaluation | None:
    if method is Method.EXACT:
        return evaluate_marginal(population, values, placed(population, values))
    deepest = estimate_map(problem_at(population, values)).white
    one = evaluate(population, values, Approximation.LAPLACE, start=deepest)
    return None if is_flat_mode(one).any() else one


def _independent(found: Fit, begin: FloatArray) -> float:
    """Return the lowest objective that SciPy's L-BFGS-B finds from some values on."""
    scale: Scale = found.scale
    lowest = np.inf

    def objective(free: FloatArray) -> tuple[float, FloatArray]:
        nonlocal lowest
        one = _evaluation(found.population, found.options.method, to_values(scale, free))
        if one is None or not np.isfinite(one.ofv) or not np.isfinite(one.gradient).all():
            return _NONE, np.zeros(free.size)
        lowest = min(lowest, one.ofv)
        return one.ofv, one.gradient.sum(axis=0) @ jacobian(scale, free)

    start = to_free(scale, begin)
    bounds = list(zip(start - _FAR, start + _FAR, strict=True))
    settings: Any = {"maxiter": 200, "maxfun": 300, "ftol": 1e-10, "gtol": 1e-4}
    optimize.minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=settings)
    return lowest
