"""Errors of other kinds than added variances: objectives against a direct integral, gradients against differences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pkpd.data.cohort import cohort_of
from pkpd.data.records import Censoring, Dose, Sample, Subject
from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import FitOptions, fit, with_changes
from pkpd.estimation.objectives import Method, placed
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, evaluate, quantified_by_subject
from pkpd.model import load_model
from pkpd.model.spec import ModelSpec, ResidualKind
from pkpd.simulation.population import simulate_levels
from tests.oracles.patients import median_covariates
from tests.pkpd.likelihood.test_gradients import differences, values_of

NIYIGENA = load_model("niyigena_2026_asuc")
ADDITIVE, PROPORTIONAL, EXPONENT = 0.6, 0.3, 0.8


def model_of(kind: ResidualKind) -> ModelSpec:
    is_logarithmic = kind is ResidualKind.LOGARITHMIC
    residual = replace(
        NIYIGENA.residual,
        kind=kind,
        additive_sd=0.4 if is_logarithmic else ADDITIVE,
        proportional_sd=0.0 if is_logarithmic else PROPORTIONAL,
        exponent=1.0 if is_logarithmic else EXPONENT,
    )
    return replace(NIYIGENA, residual=residual)


def subject(time: float, level: float, censoring: Censoring) -> Subject:
    rows = (median_covariates(NIYIGENA),)
    shown = level if censoring is Censoring.NONE else math.nan
    sample = Sample(time, shown, censoring, 0.4, 20.0)
    return Subject((Dose(0.0, 300.0, 0.25),), (sample,), rows)


SUBJECTS = [
    subject(10.0, 6.0, Censoring.NONE),
    subject(30.0, 0.0, Censoring.BELOW),
    subject(8.0, 0.0, Censoring.ABOVE),
    subject(20.0, 1.5, Censoring.NONE),
]


def sd_of(kind: ResidualKind, prediction: np.ndarray) -> np.ndarray:
    part = PROPORTIONAL * prediction**EXPONENT
    return ADDITIVE + part if kind is ResidualKind.SDS_ADD else np.sqrt(ADDITIVE**2 + part**2)


def direct(kind: ResidualKind, one: Subject, model: ModelSpec) -> float:
    """-2 log of the integral over a grid of random effects, from the formulas of one compartment."""
    typical = bind_population(model, cohort_of([one])).packed.log_typical[0]
    grid = np.linspace(-7.0, 7.0, 701)
    sds = np.sqrt([variance.omega2 for variance in model.variances])
    cl = np.exp(typical[0] + sds[0] * grid)[:, None]
    v = np.exp(typical[1] + sds[1] * grid)[None, :]
    k, dose, sample = cl / v, one.doses[0], one.samples[0]
    rate = dose.amount_mg / dose.duration_day
    after = np.exp(-k * (sample.time_day - dose.duration_day))
    prediction = rate / cl * -np.expm1(-k * dose.duration_day) * after
    if kind is ResidualKind.LOGARITHMIC:
        # Nothing is left where clearance is extreme: ln 0 is -inf, and no level lies there.
        with np.errstate(divide="ignore"):
            centre = np.log(prediction)
        sd, change = 0.4, math.log
    else:
        centre, sd, change = prediction, sd_of(kind, prediction), float
    if sample.censoring is Censoring.NONE:
        likelihood = stats.norm.pdf(change(sample.level), centre, sd)
    elif sample.censoring is Censoring.BELOW:
        likelihood = stats.norm.cdf(change(0.4), centre, sd)
    else:
        likelihood = stats.norm.sf(change(20.0), centre, sd)
    weight = stats.norm.pdf(grid) * (grid[1] - grid[0])
    return -2.0 * math.log(float(weight @ likelihood @ weight))


@pytest.mark.requirement("PK-02", "POP-01")
@pytest.mark.parametrize("kind", list(ResidualKind))
def test_the_exact_objective_is_the_integral_itself(kind: ResidualKind):
    model = model_of(kind)
    population = bind_population(model, cohort_of(SUBJECTS))
    found = evaluate_marginal(population, values_of(population), placed(population, values_of(population)))
    with_log2pi = found.ofv_i + math.log(2.0 * math.pi) * quantified_by_subject(population)
    # Nodes are placed so that a subject errs by about 1e-4 at most: a cohort's objective is wanted to 0.01.
    assert with_log2pi == pytest.approx([direct(kind, one, model) for one in SUBJECTS], abs=1e-4)


@pytest.mark.parametrize("kind", list(ResidualKind))
def test_gradients_are_the_differences_of_their_objectives(kind: ResidualKind):
    population = bind_population(model_of(kind), cohort_of(SUBJECTS))
    values = values_of(population)
    found = evaluate(population, values, Approximation.LAPLACE)

    def conditional(at: np.ndarray) -> np.ndarray:
        return evaluate(population, at, Approximation.LAPLACE, start=found.white, with_gradient=False).ofv_i

    assert found.gradient == pytest.approx(differences(values, conditional, relative=1e-5), rel=2e-5, abs=2e-5)
    nodes = placed(population, values)
    exact = evaluate_marginal(population, values, nodes)

    def marginal(at: np.ndarray) -> np.ndarray:
        return evaluate_marginal(population, at, nodes).ofv_i

    # The trapezoidal rule of a mean is not the derivative of the rule of the integral, by about the root of its error.
    assert exact.gradient == pytest.approx(differences(values, marginal, relative=1e-4), rel=3e-3, abs=3e-3)


def test_a_logarithmic_error_is_found_again():
    model = model_of(ResidualKind.LOGARITHMIC)
    design = cohort_of([subject(float(5 + i % 40), 1.0, Censoring.NONE) for i in range(120)])
    nowhere = np.full(120, np.nan)
    drawn = simulate_levels(model, replace(design, lloq=nowhere, uloq=nowhere), np.random.default_rng(3))
    assert (drawn.level > 0.0).all()
    population = bind_population(model, drawn)
    # All have the same CRP, so that its effect cannot be told.
    held = with_changes(population.parameters, initial={}, fixed={"cl_crp_mg_per_L": 0.56})
    found = fit(population, FitOptions(Method.EXACT), parameters=held)
    truth = values_of(population)
    assert "sigma_log" in {one.name for one in found.parameters}
    assert found.ofv <= evaluate_marginal(population, truth, placed(population, truth)).ofv_i.sum() + 0.01
    known = uncertainty(found, CovarianceKind.SANDWICH)
    assert known is not None
    free = [not one.is_fixed for one in found.parameters]
    assert np.abs((found.values - truth)[free] / known.se).max() < 4.0


def test_a_level_of_zero_has_no_logarithm():
    one = subject(10.0, 0.0, Censoring.NONE)
    with pytest.raises(InputError, match="expected levels and limits above 0 mg/L"):
        bind_population(model_of(ResidualKind.LOGARITHMIC), cohort_of([one]))


def test_of_a_logarithmic_error_an_interval_from_zero_is_everything_below_its_upper_end():
    def ofv(sample: Sample) -> float:
        cohort = cohort_of([Subject((Dose(0.0, 300.0, 0.1),), (sample,), (median_covariates(NIYIGENA),))])
        population = bind_population(model_of(ResidualKind.LOGARITHMIC), cohort)
        return evaluate(population, values_of(population), Approximation.LAPLACE).ofv

    below = Sample(20.0, math.nan, Censoring.BELOW, 4.0, math.nan, None)
    between = Sample(20.0, math.nan, Censoring.BETWEEN, 0.0, 4.0, None)
    assert ofv(between) == ofv(below)
