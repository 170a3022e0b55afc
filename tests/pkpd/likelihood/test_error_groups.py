"""Residual error by centre, and an exponent that is estimated: gradients against differences, and the objective against its parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.cohort import cohort_of, select_samples, select_subjects
from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind
from pkpd.estimation.fit import FitOptions, fit, with_changes
from pkpd.estimation.objectives import Method, conditional_of
from pkpd.estimation.result import fit_document
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model.population import population_parameters, with_values
from pkpd.problem import bind
from pkpd.simulation.population import simulate_levels
from tests.oracles.patients import KINDS, quantified, random_subject
from tests.pkpd.likelihood.test_gradients import differences, values_of
from tests.pkpd.model.test_library import build, small

NIYIGENA = load_model("niyigena_2026_asuc")
METHODS = [Method.FO, Method.FOCE, Method.FOCEI, Method.LAPLACE, Method.EXACT]
BY_CENTRE = replace(
    NIYIGENA, residual=replace(NIYIGENA.residual, by_centre={"north": (0.5, 0.3), "absent": (0.0, 0.2)})
)
FREE = replace(NIYIGENA, residual=replace(NIYIGENA.residual, is_exponent_free=True))


def cohort(n: int = 6, *, censored: bool):
    rng = np.random.default_rng(7)
    subjects = [random_subject(NIYIGENA, rng, KINDS[i % 3]) for i in range(n)]
    drawn = replace(cohort_of(subjects), centre=np.arange(n) % 3, centres=("north", "south", "west"))
    if censored:
        return drawn
    doses = [replace(one, samples=tuple(quantified(t, 1.0) for t in (1.0, 14.0, 42.0))) for one in subjects]
    blank = replace(cohort_of(doses), centre=np.arange(n) % 3, centres=("north", "south", "west"))
    return simulate_levels(NIYIGENA, blank, rng)


@pytest.mark.parametrize(
    "model", [BY_CENTRE, FREE, with_values(FREE, {"sigma_exponent": 0.8})], ids=["centre", "one", "power"]
)
@pytest.mark.parametrize("method", METHODS)
def test_the_gradient_by_errors_of_centres_and_by_an_exponent_is_the_difference(model, method: Method):
    is_exact = method is Method.EXACT
    population = bind_population(model, cohort(censored=method in (Method.LAPLACE, Method.EXACT)))
    values, conditional = values_of(population), conditional_of(method)
    found, start = conditional(population, values, None)
    expected = differences(values, lambda at: conditional(population, at, start)[0].ofv_i, relative=1e-4)
    names = [one.name for one in population.parameters]
    informed = [name for name in names if name != "sigma_absent_proportional"]
    assert names[-1] in ("sigma_exponent", "sigma_absent_proportional")
    assert np.abs(expected[:, names.index(informed[-1])]).max() > 0.01
    scale = 1.0 + np.abs(expected).max(axis=0)
    tolerance = 2e-3 if is_exact else 2e-5
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=tolerance)


def test_each_centre_has_its_own_error_and_the_others_the_general_one():
    data = cohort(censored=False)
    whole = bind_population(BY_CENTRE, data)
    of_north = with_values(NIYIGENA, {"sigma_proportional": 0.3})
    of_north = replace(of_north, residual=replace(of_north.residual, additive_sd=0.5))
    conditional = conditional_of(Method.FOCEI)
    found, _ = conditional(whole, values_of(whole), None)
    for model, centre in ((of_north, 0), (NIYIGENA, 1), (NIYIGENA, 2)):
        places = np.flatnonzero(data.centre == centre)
        part = bind_population(model, select_subjects(data, places))
        alone, _ = conditional(part, values_of(part), None)
        assert found.ofv_i[places] == pytest.approx(alone.ofv_i, abs=1e-10)


def test_an_error_that_no_level_has_is_held_and_leaves_standard_errors():
    by_assay = replace(NIYIGENA, residual=replace(NIYIGENA.residual, by_assay={"x": (0.0, 0.4), "absent": (0.0, 0.3)}))
    drawn = cohort(60, censored=False)
    data = replace(drawn, assay=np.zeros(drawn.level.size, dtype=np.int64), assays=("X",))
    population = bind_population(by_assay, data)
    is_fixed = {one.name: one.is_fixed for one in population.parameters}
    assert is_fixed["sigma_proportional"]
    assert is_fixed["sigma_absent_proportional"]
    assert not is_fixed["sigma_x_proportional"]

    found, alone = (
        fit(
            one,
            FitOptions(Method.FOCEI),
            parameters=with_changes(one.parameters, initial={}, fixed={"cl_crp_mg_per_L": 0.56}),
        )
        for one in (population, bind_population(NIYIGENA, drawn))
    )
    assert found.ofv == pytest.approx(alone.ofv, abs=1e-3)
    document = fit_document(found, CovarianceKind.R, seconds=0.0)
    of_alone = fit_document(alone, CovarianceKind.R, seconds=0.0)
    own, general = document["sigma"]["sigma_x_proportional"], of_alone["sigma"]["sigma_proportional"]
    assert own["se"] == pytest.approx(general["se"], rel=1e-2)
    assert document["n_parameters"] == of_alone["n_parameters"]
    assert document["warnings"] == [
        {
            "code": "idle_error",
            "text": "No level has the residual error sigma_proportional or sigma_absent_proportional: held at its initial value.",
        }
    ]


def test_without_a_level_no_error_is_held():
    bare = replace(NIYIGENA, residual=replace(NIYIGENA.residual, by_assay={"x": (0.0, 0.4)}))
    data = select_samples(cohort(censored=False), np.zeros(18, dtype=np.bool_))
    assert not any(one.is_fixed for one in bind_population(bare, data).parameters if one.name.startswith("sigma"))


def test_a_patient_of_no_known_centre_has_the_general_error():
    packed = bind(BY_CENTRE, [random_subject(NIYIGENA, np.random.default_rng(1), KINDS[0])]).subjects
    assert (packed.observations[:, 4:6] == (0.0, 0.44)).all()


def test_an_exponent_is_estimated_from_one_on():
    truth = with_values(FREE, {"sigma_exponent": 0.5, "sigma_proportional": 0.8})
    subjects = cohort(60, censored=False)
    drawn = simulate_levels(truth, subjects, np.random.default_rng(5))
    population = bind_population(FREE, drawn)
    free = with_changes(population.parameters, initial={}, fixed={"cl_crp_mg_per_L": 0.56})
    found = fit(population, FitOptions(Method.FOCEI, with_covariance=False), parameters=free)
    names = [one.name for one in found.parameters]
    assert found.values[names.index("sigma_exponent")] == pytest.approx(0.5, abs=0.15)


def test_errors_by_centre_and_exponents_in_files():
    data = small()
    data["residual"] = {
        "proportional_sd": 0.2,
        "exponent": 0.9,
        "exponent_estimated": True,
        "by_centre": {"Hospital 1": {"proportional_sd": 0.3}},
    }
    names = [one.name for one in population_parameters(build(data))]
    assert names[-3:] == ["sigma_proportional", "sigma_Hospital 1_proportional", "sigma_exponent"]
    data["residual"]["by_assay"] = {"A": {"proportional_sd": 0.3}}
    with pytest.raises(
        InputError, match=r"residual\.by_centre: there is an error by assay as well; keep one of the two"
    ):
        build(data)
    data["residual"] = {"additive_sd_mg_per_L": 0.2, "exponent_estimated": True}
    with pytest.raises(
        InputError, match="exponent_estimated: belongs to the proportional part, which this error does not have"
    ):
        build(data)
    data["residual"] = {"kind": "logarithmic", "log_sd": 0.2, "exponent_estimated": True}
    with pytest.raises(
        InputError, match="exponent_estimated: belongs to the proportional part, which a logarithmic error"
    ):
        build(data)
