"""Predictive checks against direct computations, and on cohorts that the model itself drew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.records import Censoring
from pkpd.data.usual_limits import with_usual_limits
from pkpd.diagnostics.npc import PREDICTION_INTERVALS, npc
from pkpd.diagnostics.predictive_checks import CheckOptions, check_predictions, checks_document
from pkpd.diagnostics.ranked_levels import quantiles
from pkpd.diagnostics.vpc import INTERVAL, PERCENTILES, equal_bins, time_after_dose, vpc
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.replicates import Replicates, simulate_replicates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")


def population(n: int = 72, seed: int = 1):
    drawn = virtual_cohort(MODEL, Design(n, 0.04), np.random.default_rng(seed))
    return bind_population(MODEL, with_model_covariates(drawn, MODEL).cohort)


def values(bound):
    return np.array([one.value for one in bound.parameters])


def uncensored(bound, measured):
    """The cohort of a population with given levels and without limits."""
    n = measured.size
    nothing = np.full(n, np.nan)
    return replace(bound.cohort, level=measured, censoring=np.zeros(n, dtype=np.int64), lloq=nothing, uloq=nothing)


def test_without_limits_and_correction_the_percentiles_are_those_of_numpy():
    bound = population()
    drawn = simulate_replicates(bound, values(bound), 3, 200)
    cohort = uncensored(bound, drawn.measured[:, 0].astype(float))
    edges = equal_bins(cohort.sample_time, 4)
    found = vpc(cohort, drawn, cohort.sample_time, edges, is_corrected=False)
    for k in range(4):
        own = (cohort.sample_time >= edges[k]) & ((cohort.sample_time < edges[k + 1]) | (k == 3))
        assert found.n[k] == own.sum()
        assert found.observed[k] == pytest.approx(np.quantile(cohort.level[own], PERCENTILES), rel=1e-12)
        simulated = np.quantile(drawn.measured[own].astype(float), PERCENTILES, axis=0)
        assert found.simulated[k] == pytest.approx(np.quantile(simulated, INTERVAL, axis=1).T, rel=1e-12)
    assert not found.below.any()
    assert not found.above_simulated.any()


def test_correction_multiplies_by_the_median_prediction_of_the_bin_over_the_own():
    bound = population()
    drawn = simulate_replicates(bound, values(bound), 3, 100)
    cohort = uncensored(bound, drawn.measured[:, 0].astype(float))
    edges = equal_bins(cohort.sample_time, 3)
    found = vpc(cohort, drawn, cohort.sample_time, edges)
    own = cohort.sample_time < edges[1]
    corrected = cohort.level[own] * np.median(drawn.pred[own]) / drawn.pred[own]
    assert found.level[own] == pytest.approx(corrected, rel=1e-12)
    assert found.observed[0] == pytest.approx(np.quantile(corrected, PERCENTILES), rel=1e-12)


def test_censored_levels_rank_beyond_all_others_and_leave_percentiles_among_them_open():
    bound = population()
    n = bound.cohort.level.size
    lloq, uloq = np.full(n, 0.5), np.full(n, 20.0)
    exact = np.linspace(0.1, 30.0, n)
    is_below, is_above = exact < lloq, exact > uloq
    censoring = np.where(is_below, int(Censoring.BELOW), np.where(is_above, int(Censoring.ABOVE), 0)).astype(np.int64)
    level = np.where(censoring == 0, exact, np.nan)
    cohort = replace(bound.cohort, level=level, censoring=censoring, lloq=lloq, uloq=uloq)
    measured = np.tile(exact[:, None], (1, 50)).astype(np.float32)
    time = np.zeros(n)
    found = vpc(cohort, Replicates(np.ones(n), measured), time, np.array([0.0, 1.0]), is_corrected=False)
    assert np.isnan(found.observed[0, 2])
    assert np.isnan(found.simulated[0, 2]).all()
    assert found.observed[0, 1] == pytest.approx(np.median(exact), rel=1e-12)
    assert found.simulated[0, 1] == pytest.approx(np.full(3, np.median(exact)), rel=1e-6)
    assert found.below[0] == pytest.approx(is_below.mean())
    assert found.below_simulated[0] == pytest.approx(np.full(3, is_below.mean()), abs=0.02)
    assert found.above[0] == pytest.approx(is_above.mean())
    assert set(found.level[censoring == int(Censoring.ABOVE)]) == {20.0}


@pytest.mark.parametrize(
    "ends", [(-np.inf, -np.inf), (-np.inf, 5.0), (5.0, np.inf), (np.inf, np.inf), (-np.inf, np.inf)]
)
def test_a_quantile_between_infinite_values_is_infinite_and_no_nan(ends):
    found = quantiles(np.array(ends), (0.0, 0.3, 1.0))
    assert not np.isnan(found).any()
    assert found[0] == ends[0]
    assert found[2] == ends[1]
    assert np.isinf(found[1])


@pytest.mark.requirement("DIAG-03")
def test_a_true_model_is_inside_its_own_intervals():
    bound = population(400, seed=5)
    cohort = bound.cohort
    drawn = simulate_replicates(bound, values(bound), 6, 400)
    found = vpc(cohort, drawn, cohort.sample_time, equal_bins(cohort.sample_time))
    inside, n = 0, 0
    for observed, ends in ((found.below, found.below_simulated), (found.above, found.above_simulated)):
        inside += int(((observed >= ends[:, 0]) & (observed <= ends[:, 2])).sum())
        n += observed.size
    median, ends = found.observed[:, 1], found.simulated[:, 1]
    told = np.isfinite(median) & np.isfinite(ends[:, 0]) & np.isfinite(ends[:, 2])
    assert told.sum() >= 3
    inside += int(((median >= ends[:, 0]) & (median <= ends[:, 2]))[told].sum())
    n += int(told.sum())
    # 95 % intervals of about twenty figures that depend on each other: most of them.
    assert inside >= 0.8 * n
    check = npc(cohort, drawn)
    for side, ends in ((check.below, check.below_simulated), (check.above, check.above_simulated)):
        assert ((side >= ends[:, 0]) & (side <= ends[:, 2])).sum() >= len(PREDICTION_INTERVALS) - 1


@pytest.mark.requirement("DIAG-03")
def test_a_wrong_model_is_outside():
    bound = population(400, seed=5)
    wrong = values(bound)
    wrong[[one.name for one in bound.parameters].index("cl")] *= 2.0
    drawn = simulate_replicates(bound, wrong, 6, 200)
    found = vpc(bound.cohort, drawn, bound.cohort.sample_time, equal_bins(bound.cohort.sample_time))
    assert (found.above > found.above_simulated[:, 2]).sum() >= 5


def test_npc_of_levels_without_limits_counts_ranks():
    bound = population()
    drawn = simulate_replicates(bound, values(bound), 3, 199)
    cohort = uncensored(bound, drawn.measured[:, 7].astype(float))
    found = npc(cohort, drawn)
    ordered = np.sort(drawn.measured.astype(float), axis=1)
    # The 80 % interval of 199 replicates ends at the 20th from either side.
    assert found.below[4] == (cohort.level < ordered[:, 19]).mean()
    assert found.above[4] == (cohort.level > ordered[:, -20]).mean()
    assert found.below_simulated[4, 1] == pytest.approx(0.1, abs=0.03)


def test_bins_hold_about_equally_many_samples_and_equal_times_share_one():
    rng = np.random.default_rng(1)
    time = rng.choice([0.0, 2.0, 14.0, 14.0, 42.0, 90.0, 91.0], 300)
    edges = equal_bins(time, 4)
    assert edges[0] == time.min()
    assert edges[-1] == time.max()
    assert not set(edges[1:-1]) & set(time)
    assert (np.diff(edges) > 0).all()
    assert equal_bins(np.full(30, 7.0), 5).tolist() == [7.0, 7.0]
    assert equal_bins(np.arange(100.0)).size == 6


def test_one_time_for_all_samples_is_one_bin():
    bound = population(20)
    drawn = simulate_replicates(bound, values(bound), 3, 100)
    time = np.full(bound.cohort.level.size, 7.0)
    found = vpc(bound.cohort, drawn, time, equal_bins(time))
    assert found.n.tolist() == [time.size]


def test_time_after_dose_is_that_since_the_last_infusion_began():
    cohort = population(30).cohort
    found = time_after_dose(cohort)
    for i in range(cohort.n_subjects):
        doses = cohort.dose_time[cohort.dose_start[i] : cohort.dose_start[i + 1]]
        for s in range(cohort.sample_start[i], cohort.sample_start[i + 1]):
            before = doses[doses <= cohort.sample_time[s]]
            expected = cohort.sample_time[s] - before[-1] if before.size else 0.0
            assert found[s] == expected


def test_limits_that_a_file_names_for_some_samples_hold_for_the_others_of_the_assay():
    cohort = population(30).cohort
    some = cohort.lloq.copy()
    some[1:] = np.nan
    full, notes = with_usual_limits(replace(cohort, lloq=some))
    assert (full.lloq[cohort.assay == cohort.assay[0]] == cohort.lloq[0]).all()
    assert any("take the LLOQ of the others" in note for note in notes)


def test_limits_that_differ_are_left_as_they_are_and_that_is_said():
    cohort = population(30).cohort
    own = np.flatnonzero(cohort.assay == cohort.assay[0])
    some = cohort.lloq.copy()
    some[own] = np.nan
    some[own[:2]] = [0.4, 0.7]
    full, notes = with_usual_limits(replace(cohort, lloq=some))
    assert np.isnan(full.lloq[own[2:]]).all()
    assert any("name no LLOQ and the others name 2" in note for note in notes)


def test_the_same_seed_gives_the_same_document_and_another_seed_another():
    bound = population(40)
    once, again, other = (
        checks_document(check_predictions(bound, values(bound), CheckOptions(100, seed))) for seed in (1, 1, 2)
    )
    assert once == again
    assert once["bins"] != other["bins"]
    assert sum(one["n"] for one in once["bins"]) == bound.cohort.level.size
