"""Derivatives of the complete-data likelihood against differences of an independent one, and which thetas are shifts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.cohort import cohort_of, subject_of
from pkpd.data.records import CovariateRow, Subject
from pkpd.estimation.objectives import placed
from pkpd.likelihood.complete import complete_data, complete_scores, misfit, shift
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, model_at, occasions_of, packed_at
from pkpd.model import load_model
from tests.oracles.likelihood import objective
from tests.oracles.patients import KINDS, random_subject
from tests.pkpd.likelihood.test_occasions import cohort_with, with_occasions

# One compartment and censored levels; terms without a random effect and a sum of errors; a full block; two terms of a volume.
MODELS = ["niyigena_2026_asuc", "fasanmade_2009", "hanzel_2021", "ternant_2008"]


def population_of(name: str, *, n: int = 6, n_rows: int = 1):
    model = load_model(name)
    rng = np.random.default_rng(7)
    subjects = [random_subject(model, rng, KINDS[i % 3]) for i in range(n)]
    varied = [
        Subject(
            s.doses,
            s.samples,
            tuple(CovariateRow(10.0 * r, _changed(model, s.covariates[0].values, r + i)) for r in range(n_rows)),
        )
        for i, s in enumerate(subjects)
    ]
    return bind_population(model, cohort_of(varied))


def _changed(model, values, by: int):
    codes = {name: [code for _, code in domain.categories] for name, domain in model.covariates.items()}
    return {
        name: codes[name][by % len(codes[name])] if codes[name] else value * (1.0 + 0.1 * by)
        for name, value in values.items()
    }


def setting(population):
    values = np.array([one.value for one in population.parameters])
    data = complete_data(population, values, range(values.size))
    rng = np.random.default_rng(2)
    factor = packed_at(population, population.model).omega_cholesky
    eta = 0.5 * np.einsum("nij,ncj->nci", factor, rng.standard_normal((population.n_subjects, 3, population.n_eta)))
    return values, data, shift(data, values)[:, None, :] + eta


@pytest.mark.parametrize("name", MODELS)
def test_the_derivatives_are_differences_of_the_complete_data_likelihood(name: str):
    population = population_of(name)
    values, data, phi = setting(population)

    def whole(at):
        model = model_at(population, at)
        eta = phi - shift(data, at)[:, None, :]
        determinant = 2.0 * np.log(np.einsum("nii->ni", packed_at(population, model).omega_cholesky)).sum(axis=1)
        subjects = [subject_of(population.cohort, i) for i in range(population.n_subjects)]
        return np.array([objective(model, s, eta[i]) + determinant[i] for i, s in enumerate(subjects)])

    found = complete_scores(data, values, phi).scores
    for k, value in enumerate(values):
        step = 1e-5 * max(abs(value), 0.05)
        ends = [whole(values + sign * step * np.eye(values.size)[k]) for sign in (1.0, -1.0)]
        expected = (ends[0] - ends[1]) / (2.0 * step)
        usable = np.isfinite(expected)
        assert usable.mean() > 0.8
        # The error of the differences: of the third order in the step, and rounding of the ends over it.
        rounding = 4.0 * np.finfo(float).eps * np.abs(ends[0][usable]).max() / step
        tolerance = 1e-6 * (np.abs(expected[usable]).max() + 1.0) + rounding
        assert found[:, :, k].T[usable] == pytest.approx(expected[usable], rel=1e-5, abs=tolerance)


@pytest.mark.parametrize("both", [False, True])
def test_the_derivatives_are_differences_with_random_effects_of_occasions(*, both: bool):
    """An occasion that a subject does not have adds its prior alone, which is taken off here."""
    model = with_occasions(both=both)
    cohort = cohort_with((1, 3, 2, 4))
    covariates = {name: 1.4 * column for name, column in cohort.covariates.items()}
    population = bind_population(model, replace(cohort, covariates=covariates))
    values, data, phi = setting(population)
    n_own, n_each = len(model.etas), len(model.occasion_etas)
    n_had = occasions_of(population).sum(axis=1)

    def whole(at):
        factor = packed_at(population, model_at(population, at)).omega_cholesky
        eta = phi - shift(data, at)[:, None, :]
        total = complete_scores(data, at, phi).value
        for i, n in enumerate(n_had):
            kept = slice(0, n_own + n_each * n)
            own = factor[i, kept, kept]
            total[i] += (np.linalg.solve(own, eta[i, :, kept].T) ** 2).sum(axis=0) + 2.0 * np.log(np.diag(own)).sum()
        return total

    found = complete_scores(data, values, phi).scores
    for k, value in enumerate(values):
        step = 1e-5 * max(abs(value), 0.05)
        ends = [whole(values + sign * step * np.eye(values.size)[k]) for sign in (1.0, -1.0)]
        expected = (ends[0] - ends[1]) / (2.0 * step)
        assert np.abs(expected).max() > 0.0
        np.testing.assert_allclose(found[:, :, k].T, expected, rtol=1e-5, atol=1e-5 * (np.abs(expected).max() + 1.0))


def test_thetas_on_random_effects_are_shifts_and_change_no_prediction_at_fixed_phi():
    population = population_of("fasanmade_2009")
    values, data, phi = setting(population)
    thetas = [one.name for one in population.parameters][: data.is_shift.size]
    shifts = {name for name, is_shift in zip(thetas, data.is_shift, strict=True) if is_shift}
    assert shifts == {name for name in thetas if name.startswith(("cl", "v1"))}
    moved = values.copy()
    moved[: data.is_shift.size] *= np.where(data.is_shift, 1.2, 1.0)
    assert misfit(data, moved, phi)[0] == pytest.approx(misfit(data, values, phi)[0], rel=1e-10)


def test_an_effect_of_a_covariate_that_changes_over_time_is_no_shift_but_its_typical_value_is():
    population = population_of("niyigena_2026_asuc", n_rows=2)
    values, data, phi = setting(population)
    names = [one.name for one in population.parameters]
    is_shift = dict(zip(names, data.is_shift, strict=False))
    assert is_shift["cl"]
    assert not is_shift["cl_crp_mg_per_L"]
    moved = values.copy()
    moved[names.index("cl")] *= 1.3
    assert misfit(data, moved, phi)[0] == pytest.approx(misfit(data, values, phi)[0], rel=1e-10)


def test_terms_that_add_up_with_random_effects_of_their_own_are_shifts():
    population = population_of("ternant_2008")
    values, data, phi = setting(population)
    assert data.is_shift.all()
    assert np.isfinite(misfit(data, values, phi)[0])


def test_the_posterior_mean_of_the_derivatives_is_the_derivative_of_the_marginal_likelihood():
    population = population_of("niyigena_2026_asuc", n=1)
    values, data, _ = setting(population)
    exact = evaluate_marginal(population, values, placed(population, values))
    factor = packed_at(population, population.model).omega_cholesky
    # The whole posterior as a grid of draws, each with its mass.
    z = np.stack(np.meshgrid(*2 * [np.linspace(-7.0, 7.0, 200)]), axis=-1).reshape(1, -1, 2)
    eta = np.einsum("nij,ncj->nci", factor, z)
    found = complete_scores(data, values, shift(data, values)[:, None, :] + eta)
    log_mass = -0.5 * (found.value[0] + (z[0] ** 2).sum(axis=1))
    counts = log_mass > log_mass.max() - 40.0
    mass = np.exp(log_mass[counts] - log_mass.max())
    assert mass @ found.scores[counts, 0] / mass.sum() == pytest.approx(exact.gradient[0], rel=1e-3, abs=1e-3)
