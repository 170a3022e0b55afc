"""Replicates of a population: each has draws of its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.replicates import draw_block, drawing_of, replicate_blocks, simulate_replicates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")


@pytest.fixture(scope="module")
def bound():
    drawn = virtual_cohort(MODEL, Design(12, 0.0), np.random.default_rng(2))
    return bind_population(MODEL, with_model_covariates(drawn, MODEL).cohort)


@pytest.fixture(scope="module")
def values(bound):
    return np.array([one.value for one in bound.parameters])


def test_replicates_are_the_same_bits_whatever_blocks_they_are_drawn_in(bound, values, monkeypatch):
    whole = simulate_replicates(bound, values, 7, 40)
    drawing = drawing_of(bound, values, 7)
    for numbers in (range(1, 2), range(13, 31), range(40, 41)):
        block = draw_block(drawing, numbers)
        assert np.array_equal(block, whole.measured[:, numbers.start - 1 : numbers.stop - 1])
    monkeypatch.setattr("pkpd.simulation.replicates._BLOCK_LEVELS", 100)
    assert np.array_equal(simulate_replicates(bound, values, 7, 40).measured, whole.measured)
    assert np.array_equal(simulate_replicates(bound, values, 7, 25).measured, whole.measured[:, :25])
    assert not np.array_equal(simulate_replicates(bound, values, 8, 40).measured, whole.measured)


def test_blocks_hold_every_number_once():
    for n_levels, n in ((1, 1), (161, 1000), (160_000, 50), (10_000_000, 3), (0, 5)):
        assert [number for block in replicate_blocks(n_levels, n) for number in block] == list(range(1, n + 1))


def test_draws_of_different_replicates_and_samples_are_independent(bound, values):
    """Ranks of each sample among its replicates are uniform, and those of different subjects unrelated."""
    measured = simulate_replicates(bound, values, 1, 4000).measured.astype(float)
    first = bound.packed.observation_start[:-1]
    by_subject = stats.rankdata(measured[first], axis=1) / 4001.0
    correlation = np.atleast_2d(np.corrcoef(by_subject))[np.triu_indices(len(first), 1)]
    # 66 correlations, each with standard error 4000**-0.5: five of them are exceeded once in 26,000 seeds.
    assert np.abs(correlation).max() < 5.0 / np.sqrt(4000.0)
    along = np.array([np.corrcoef(row[:-1], row[1:])[0, 1] for row in by_subject])
    assert np.abs(along).max() < 5.0 / np.sqrt(4000.0)
