"""Oral models: NONMEM's objectives from plain NumPy, a fit that gives the truth back, and what is of infusions refuses them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from pkpd.data.cohort import cohort_of, subject_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.diagnostics.individuals import individual_parameters
from pkpd.errors import InputError
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.objectives import Method
from pkpd.exposure.metrics import exposure_problem
from pkpd.kernels.laplace import Approximation
from pkpd.kernels.predict_all import predict_all
from pkpd.likelihood.population import bind_population, evaluate
from pkpd.problem import bind, bind_cohort
from tests.pkpd.model.test_library import build, small

TIMES = (0.25, 0.5, 1.0, 2.0, 4.0, 7.0, 9.0, 12.0, 24.25, 25.0, 28.0, 33.0, 36.0)


def oral_model(parameterization: str = "cl_v_ka"):
    data = small()
    data |= {"route": "oral", "parameterization": parameterization, "correlations": []}
    ka = {"value": 1.2, "unit": "1/day"}
    if parameterization == "cl_v1_q_v2_ka":
        data["structure"] = "two_compartment"
        data["parameters"] = {
            "cl": {"value": 0.5, "unit": "L/day"},
            "v1": {"value": 3.0, "unit": "L"},
            "q": {"value": 0.4, "unit": "L/day"},
            "v2": {"value": 2.0, "unit": "L"},
            "ka": ka,
        }
    else:
        first = ("ke", 0.12, "1/day") if parameterization == "ke_v_ka" else ("cl", 0.5, "L/day")
        data["parameters"] = {
            first[0]: {"value": first[1], "unit": first[2]},
            "v": {"value": 4.0, "unit": "L"},
            "ka": ka,
        }
    first_name = next(iter(data["parameters"]))
    data["iiv"] = {first_name: {"omega2": 0.09}, "ka": {"omega2": 0.25}}
    data["residual"] = {"proportional_sd": 0.15, "additive_sd_mg_per_L": 0.3}
    data["covariates"] = {}
    expected = {name: section["value"] for name, section in data["parameters"].items()}
    data["checks"] = {"typical": {"covariates": {}, "expected": expected, "source": "the values"}}
    return build(data)


def subjects(n: int = 12) -> list[Subject]:
    rng = np.random.default_rng(4)
    found = []
    for i in range(n):
        doses = (Dose(0.0, 100.0, 0.0), Dose(24.0, 150.0, 0.0)) + ((Dose(8.0, 50.0, 2.0),) if i % 3 == 0 else ())
        levels = rng.lognormal(2.0, 0.6, len(TIMES))
        samples = tuple(
            Sample(t, float(y), Censoring.NONE, math.nan, math.nan) for t, y in zip(TIMES, levels, strict=True)
        )
        found.append(Subject(doses, samples, (CovariateRow(0.0, {}),)))
    return found


def concentrations(model, subject: Subject, eta: np.ndarray) -> np.ndarray:
    """Return concentrations by numerical solution, boluses into the depot, infusions into the central compartment."""
    value = {
        term.parameter: term.value * math.exp(eta[model.etas.index(term.eta)] if term.eta else 0.0)
        for term in model.terms
    }
    volume = value.get("v", value.get("v1"))
    k10 = value["ke"] if "ke" in value else value["cl"] / volume
    k12, k21 = (value["q"] / volume, value["q"] / value["v2"]) if "q" in value else (0.0, 0.0)
    breaks = sorted(
        {*TIMES, *(d.time_day for d in subject.doses), *(d.time_day + d.duration_day for d in subject.doses)}
    )
    state, now, found = np.zeros(3), 0.0, {}
    for end in breaks:
        middle = 0.5 * (now + end)
        rate = sum(
            d.amount_mg / d.duration_day
            for d in subject.doses
            if d.duration_day > 0.0 and d.time_day < middle < d.time_day + d.duration_day
        )
        if end > now:

            def slope(_, a, rate=rate):
                into = value["ka"] * a[0]
                return [-into, into + rate - (k10 + k12) * a[1] + k21 * a[2], k12 * a[1] - k21 * a[2]]

            state = solve_ivp(slope, (now, end), state, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1].copy()
            now = end
        found[end] = state[1] / volume
        state[0] += sum(d.amount_mg for d in subject.doses if d.time_day == end and d.duration_day == 0.0)
    return np.array([found[t] for t in TIMES])


@pytest.mark.requirement("PK-01")
@pytest.mark.parametrize("kind", ["cl_v_ka", "ke_v_ka", "cl_v1_q_v2_ka"])
def test_predictions_solve_the_differential_equations(kind: str):
    model, given = oral_model(kind), subjects(4)
    problem = bind_cohort(model, cohort_of(given))
    eta = np.random.default_rng(1).normal(0.0, 0.6, (4, 2))
    found = np.empty(4 * len(TIMES))
    predict_all(problem.subjects, eta, found)
    for i, subject in enumerate(given):
        expected = concentrations(model, subject, eta[i])
        assert found[i * len(TIMES) : (i + 1) * len(TIMES)] == pytest.approx(expected, rel=1e-8)


def focei_by_numpy(model, subject: Subject) -> float:
    """Return a subject's share of NONMEM's FOCE-I objective by differences of numerical solutions."""
    omega2 = np.array([one.omega2 for one in model.variances])
    level = np.array([sample.level for sample in subject.samples])

    def variance(f):
        return 0.3**2 + (0.15 * f) ** 2

    def joint(eta):
        f = concentrations(model, subject, eta)
        return float(np.sum(np.log(variance(f)) + (level - f) ** 2 / variance(f)) + np.sum(eta**2 / omega2))

    mode = minimize(
        joint, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-11, "maxiter": 4000}
    ).x
    f = concentrations(model, subject, mode)
    step = 1e-4
    a = np.column_stack(
        [
            (concentrations(model, subject, mode + step * e) - concentrations(model, subject, mode - step * e))
            / (2 * step)
            for e in np.eye(2)
        ]
    )
    r = variance(f)
    c = 2.0 * 0.15**2 * (f / r)[:, None] * a
    hessian = np.diag(1.0 / omega2) + (a / r[:, None]).T @ a + 0.5 * c.T @ c
    return joint(mode) + float(np.log(omega2).sum() + np.linalg.slogdet(hessian)[1])


@pytest.mark.parametrize("kind", ["cl_v_ka", "cl_v1_q_v2_ka"])
def test_foce_with_interaction_is_that_of_plain_numpy(kind: str):
    model, given = oral_model(kind), subjects(3)
    population = bind_population(model, cohort_of(given))
    values = np.array([one.value for one in population.parameters])
    found = evaluate(population, values, Approximation.FOCEI).ofv_i
    assert found == pytest.approx([focei_by_numpy(model, subject) for subject in given], abs=2e-4)


def test_gradients_are_the_differences_of_the_objective():
    population = bind_population(oral_model(), cohort_of(subjects(5)))
    values = np.array([one.value for one in population.parameters])
    found = evaluate(population, values, Approximation.LAPLACE)
    for i, value in enumerate(values):
        step = 1e-4 * value
        ends = []
        for sign in (1.0, -1.0):
            moved = values.copy()
            moved[i] += sign * step
            ends.append(evaluate(population, moved, Approximation.LAPLACE, start=None).ofv)
        assert found.gradient[:, i].sum() == pytest.approx((ends[0] - ends[1]) / (2.0 * step), rel=2e-4, abs=2e-4)


@pytest.mark.parametrize(("method", "n"), [(Method.FOCEI, 80), (Method.EXACT, 30)])
def test_a_fit_gives_the_truth_back(method: Method, n: int):
    model, given = oral_model(), subjects(n)
    problem = bind_cohort(model, cohort_of(given))
    rng = np.random.default_rng(9)
    eta = rng.normal(0.0, np.sqrt([0.09, 0.25]), (n, 2))
    level = np.empty(n * len(TIMES))
    predict_all(problem.subjects, eta, level)
    level = np.abs(level + np.hypot(0.3, 0.15 * level) * rng.standard_normal(level.size))
    cohort = replace(cohort_of(given), level=level)
    found = fit(bind_population(model, cohort), FitOptions(method))
    assert found.status is FitStatus.CONVERGED
    by_name = dict(zip((one.name for one in found.parameters), found.values, strict=True))
    assert by_name["cl"] == pytest.approx(0.5, rel=0.1)
    assert by_name["ka"] == pytest.approx(1.2, rel=0.2)
    assert by_name["omega2_ka"] == pytest.approx(0.25, rel=0.5)
    assert set(individual_parameters(found)) == {"cl_L_per_day", "v_L", "half_life_day", "ka_per_day"}
    of_patients = np.log(individual_parameters(found)["ka_per_day"] / 1.2)
    assert np.corrcoef(of_patients, eta[:, 1])[0, 1] > 0.9


def test_what_is_of_infusions_refuses_an_oral_model():
    model = oral_model()
    subject = subject_of(cohort_of(subjects(1)), 0)
    with pytest.raises(InputError, match="is of oral doses: it can be fitted and checked; forecasts and exposure are"):
        bind(model, [subject])
    with pytest.raises(InputError, match="is of oral doses"):
        exposure_problem(bind_cohort(model, cohort_of([subject])), subject, window=(0.0, 1.0))


@pytest.mark.parametrize(("route", "kind"), [("iv", "cl_v_ka"), ("oral", "cl_v")])
def test_the_route_goes_with_the_parameters(route: str, kind: str):
    data = small()
    data |= {"route": route, "parameterization": kind}
    data["parameters"]["ka"] = {"value": 1.0, "unit": "1/day"}
    with pytest.raises(InputError) as caught:
        build(data)
    assert any(
        f"route: '{route}' does not go with parameterization '{kind}'" in str(one) for one in caught.value.problems
    )
