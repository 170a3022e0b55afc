"""Posterior means, deviations, quantiles and draws of every measure against a dense grid over the random effects."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import log_ndtr
from scipy.stats import kstest

from pkpd.data.cohort import Cohort, cohort_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.errors import QuadratureStatus
from pkpd.exposure.cohort import PROBABILITIES, ExposureOf, dose_days, exposure_at, modes_at
from pkpd.exposure.measures import Wanted, bound_regimens, levels_at, measures_at
from pkpd.model import ModelSpec, load_model, residual_sd_parameters

NONE = float("nan")
WANTED = Wanted(((14.0, 28.0), (0.0, 7.0)), (14.0, 2.0), has_extremes=True)
COVARIATES = {"weight_kg": 63.0, "crp_mg_per_L": 30.0, "albumin_g_per_L": 31.0, "sex": 1.0, "ada_positive": 0.0}
SAMPLES = (
    Sample(7.0, 12.0, Censoring.NONE, NONE, NONE),
    Sample(13.9, NONE, Censoring.BELOW, 2.0, NONE),
)
DOSES = (Dose(0.0, 400.0, 1.0 / 12.0), Dose(14.0, 400.0, 1.0 / 12.0))
# Lines of constant rate constants, and lines of the clearance; each with levels, and without any.
CASES = [("niyigena_2026_asuc", SAMPLES), ("niyigena_2026_asuc", ()), ("fasanmade_2009", SAMPLES)]


def one_subject(samples: tuple[Sample, ...], doses: tuple[Dose, ...] = DOSES) -> Cohort:
    return cohort_of([Subject(doses, samples, (CovariateRow(0.0, COVARIATES),))])


def dense_grid(model: ModelSpec, data: Cohort) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return weights of a grid over both random effects, 0.02 standard deviations apart, and the measures on it."""
    z = np.arange(-6.5, 6.5, 0.02)
    white = np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    bound = bound_regimens(model, data, WANTED)
    eta = white @ bound.problem.subjects.omega_cholesky[0].T
    index = np.zeros(len(eta), dtype=np.int64)
    times = Wanted(trough_days=tuple(data.sample_time.tolist()))
    predicted = levels_at(bound_regimens(model, data, times), index, eta)
    log_weight = -0.5 * np.square(white).sum(axis=1)
    additive, proportional = residual_sd_parameters(model)
    for j in range(data.level.size):
        with np.errstate(all="ignore"):
            sd = np.sqrt(additive**2 + (proportional * predicted[:, j]) ** 2)
            if data.censoring[j] == int(Censoring.BELOW):
                part = log_ndtr((data.lloq[j] - predicted[:, j]) / sd)
            else:
                part = -np.log(sd) - 0.5 * ((data.level[j] - predicted[:, j]) / sd) ** 2
        is_certain = (predicted[:, j] == 0.0) & (data.censoring[j] == int(Censoring.BELOW))
        log_weight += np.where(is_certain, 0.0, np.where(np.isfinite(part), part, -np.inf))
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), measures_at(bound, index, eta)


@pytest.mark.parametrize(("name", "samples"), CASES, ids=["rates", "no levels", "clearance"])
def test_means_deviations_and_quantiles_are_those_of_a_dense_grid(name: str, samples: tuple[Sample, ...]):
    model, data = load_model(name), one_subject(samples)
    weight, values = dense_grid(model, data)
    found = exposure_at(ExposureOf(model, data, data, WANTED), 0)
    assert found.status is QuadratureStatus.CONVERGED
    for key, value in values.items():
        known = found.measures[key].posterior
        if key == "cmin_0_7":
            assert known is None
            continue
        assert known is not None
        mean = float(weight @ value)
        sd = math.sqrt(max(float(weight @ np.square(value - mean)), 0.0))
        # The tails of half-life and area are heavy, so that the grid's own end at 6.5 shows.
        assert known.mean == pytest.approx(mean, rel=1e-3)
        assert known.sd == pytest.approx(sd, rel=1e-2, abs=1e-9)
        for probability, quantile in zip(PROBABILITIES, known.quantiles, strict=True):
            if sd > 1e-9:
                # A step of the grid holds up to some thousandths of the mass.
                below = 0.5 * float(weight @ (value < quantile) + weight @ (value <= quantile))
                assert below == pytest.approx(probability, abs=4e-3), key


@pytest.mark.parametrize(("name", "samples"), CASES, ids=["rates", "no levels", "clearance"])
def test_draws_have_the_distribution_of_the_posterior(name: str, samples: tuple[Sample, ...]):
    model, data = load_model(name), one_subject(samples)
    weight, values = dense_grid(model, data)
    given = ExposureOf(model, data, data, WANTED, n_draws=4000, seed=5)
    draws = exposure_at(given, 0).draws
    assert draws.shape == (4000, len(given.names))
    for j, key in enumerate(given.names):
        if float(np.ptp(values[key])) < 1e-9:
            continue
        order = np.argsort(values[key])
        below = np.cumsum(weight[order]) - 0.5 * weight[order]
        # The 1e-4 limit of the Kolmogorov-Smirnov distance: a seed is fixed, so that this fails always or never.
        test = kstest(draws[:, j], lambda x: np.interp(x, values[key][order], below))  # noqa: B023 - used at once
        assert test.pvalue > 1e-4, key


def test_draws_are_those_of_their_seed_and_their_subject():
    model = load_model("niyigena_2026_asuc")
    data = cohort_of([Subject(DOSES, SAMPLES, (CovariateRow(0.0, COVARIATES),))] * 2, ["a", "b"])
    first, second = (exposure_at(ExposureOf(model, data, data, WANTED, n_draws=20), place).draws for place in (0, 1))
    assert np.array_equal(first, exposure_at(ExposureOf(model, data, data, WANTED, n_draws=20), 0).draws)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, exposure_at(ExposureOf(model, data, data, WANTED, n_draws=20, seed=2), 0).draws)


def test_each_draw_is_one_point_so_that_its_measures_belong_together():
    model, data = load_model("niyigena_2026_asuc"), one_subject(SAMPLES)
    given = ExposureOf(model, data, data, WANTED, n_draws=50)
    own = dict(zip(given.names, exposure_at(given, 0).draws.T, strict=True))
    assert own["ln_auc_cl"] == pytest.approx(np.log(own["auc"] / own["cl"]), abs=1e-12)
    assert own["half_life"] == pytest.approx(math.log(2.0) * own["v"] / own["cl"], rel=1e-12)


def test_modes_of_all_subjects_at_once_are_those_of_each_alone():
    model = load_model("niyigena_2026_asuc")
    rows = (CovariateRow(0.0, COVARIATES),)
    impossible = Sample(5.0, NONE, Censoring.ABOVE, NONE, 1e9)
    subjects = [Subject(DOSES, SAMPLES, rows), Subject(DOSES, (), rows), Subject((), (impossible,), rows)]
    data = cohort_of(subjects)
    given = ExposureOf(model, data, data, WANTED, has_troughs=True)
    found = modes_at(given, np.arange(3))
    for place in (0, 1):
        alone = exposure_at(given, place)
        assert {name: float(value[place]) for name, value in found.values.items()} == pytest.approx(
            {name: one.at_mode for name, one in alone.measures.items()}, rel=1e-9
        )
        assert found.troughs[place] == pytest.approx([one.at_mode for one in alone.troughs], rel=1e-9)
    assert exposure_at(given, 2).status is QuadratureStatus.NO_MASS
    assert all(math.isnan(value[2]) for value in found.values.values())


def test_another_regimen_changes_the_exposure_and_not_the_parameters():
    model, data = load_model("niyigena_2026_asuc"), one_subject(SAMPLES)
    other = one_subject(SAMPLES, tuple(Dose(dose.time_day, 2.0 * dose.amount_mg, dose.duration_day) for dose in DOSES))
    given, changed = (exposure_at(ExposureOf(model, data, regimen, WANTED), 0) for regimen in (data, other))
    for name in ("cl", "v", "half_life"):
        assert changed.measures[name].at_mode == given.measures[name].at_mode
        assert np.array_equal(changed.parameters[name].quantiles, given.parameters[name].quantiles)
    for name in ("auc", "cmax", "trough_14"):
        before, after = given.measures[name].posterior, changed.measures[name].posterior
        assert before is not None
        assert after is not None
        assert after.quantiles == pytest.approx(2.0 * before.quantiles, rel=1e-7)


def test_troughs_stand_before_each_dose_but_the_first():
    doses = (Dose(14.0, 300.0, 0.1), Dose(0.0, 400.0, 0.1), Dose(42.0, 500.0, 0.1), Dose(42.0, 100.0, 0.1))
    model, data = load_model("niyigena_2026_asuc"), one_subject(SAMPLES, doses)
    wanted = Wanted(trough_days=(14.0, 42.0))
    found = exposure_at(ExposureOf(model, data, data, wanted, has_troughs=True), 0)
    assert dose_days(data, 0) == [(14.0, 300.0), (42.0, 500.0), (42.0, 100.0)]
    assert [one.at_mode for one in found.troughs] == pytest.approx(
        [found.measures[name].at_mode for name in ("trough_14", "trough_42", "trough_42")], rel=1e-12
    )
