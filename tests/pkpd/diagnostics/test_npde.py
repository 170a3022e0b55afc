"""NPDE and CWRES against NONMEM's table, and NPDE where the answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pkpd.data.cohort import cohort_of
from pkpd.diagnostics.npde import npde
from pkpd.diagnostics.residuals import residuals
from pkpd.estimation.fit import Fit, FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.population import simulate_levels
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tests.pkpd.likelihood.pheno import covariate_model, ext_row, pheno_subjects

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.arrays import FloatArray

NIYIGENA = load_model("niyigena_2026_asuc")


def at_truth(n: int, seed: int) -> Fit:
    """Return a cohort drawn from the published model, evaluated at the model that it was drawn from."""
    drawn = virtual_cohort(NIYIGENA, Design(n, missing=0.0), np.random.default_rng(seed))
    return fit(bind_population(NIYIGENA, drawn), FitOptions(Method.EXACT, 0, with_covariance=False))


def with_values(found: Fit, values: FloatArray) -> Fit:
    return replace(found, values=values)


@pytest.mark.requirement("DIAG-02")
def test_residuals_are_nonmem_s(reference_dir: Path, tmp_path: Path):
    folder = reference_dir / "nonmem" / "pheno_focei"
    *thetas, sigma2, omega_cl, _, omega_v, _ = ext_row(folder / "pheno_real.ext", -1000000000)
    model = covariate_model(tmp_path, thetas=tuple(thetas), omegas=(omega_cl, omega_v), sigma2=sigma2)
    population = bind_population(model, cohort_of(pheno_subjects(reference_dir)))
    found = fit(population, FitOptions(Method.FOCEI, 0, with_covariance=False))
    table = pd.read_csv(folder / "sdtab1", skiprows=1, sep=r"\s+")
    table = table[table["AMT"] == 0.0]

    ours = residuals(found)
    assert ours.pred == pytest.approx(table["PRED"].to_numpy(), rel=1e-4)
    assert ours.ipred == pytest.approx(table["IPRED"].to_numpy(), rel=1e-4)
    assert ours.cwres == pytest.approx(table["CWRES"].to_numpy(), abs=2e-4)

    # NONMEM's NPDE come from 300 simulations, whose noise is theirs: an error of 1/sqrt(300) of a probability, more in the tails.
    difference = npde(found, np.random.default_rng(1), 3000) - table["NPDE"].to_numpy()
    assert np.quantile(np.abs(difference), 0.5) < 0.1
    assert np.quantile(np.abs(difference), 0.9) < 0.3
    assert abs(difference.mean()) < 0.05


def test_a_lone_level_lies_where_its_exact_distribution_says():
    found = at_truth(40, 2)
    # Random effects that hardly vary: a level is normal around the typical prediction.
    names = np.array([one.name for one in found.parameters])
    still = with_values(found, np.where(np.char.startswith(names, "omega2"), 1e-12, found.values))
    counts = np.diff(still.population.packed.observation_start)
    is_lone = np.repeat(counts, counts) == 1
    n_replicates = 20_000

    exact, simulated = residuals(still), npde(still, np.random.default_rng(3), n_replicates)

    raw = still.population.packed.observations[:, 0] - exact.pred
    sd = found.values[names == "sigma_proportional"][0] * exact.pred  # noqa: PD011
    probability = stats.norm.cdf(raw[is_lone] / sd[is_lone])
    is_level = ~np.isnan(simulated[is_lone])
    assert is_level.sum() >= 5
    error = stats.norm.cdf(simulated[is_lone][is_level]) - probability[is_level]
    assert np.abs(error).max() < 5.0 * np.sqrt(0.25 / n_replicates)


@pytest.mark.requirement("DIAG-01")
def test_they_are_standard_normal_where_the_model_is_true():
    found = at_truth(3000, 4)
    # Whether a level is censored depends on it, so that only a cohort without limits has standard normal ones.
    free = replace(
        found.population.cohort,
        lloq=np.full_like(found.population.cohort.lloq, np.nan),
        uloq=np.full_like(found.population.cohort.uloq, np.nan),
    )
    drawn = simulate_levels(NIYIGENA, free, np.random.default_rng(5))
    true = fit(bind_population(NIYIGENA, drawn), FitOptions(Method.EXACT, 0, with_covariance=False))

    errors = npde(true, np.random.default_rng(6))

    n = errors.size
    assert not np.isnan(errors).any()
    assert abs(errors.mean()) < 4.0 / np.sqrt(n)
    assert abs(errors.var() - 1.0) < 4.0 * np.sqrt(2.0 / n)


def test_a_false_model_shows():
    found = at_truth(1500, 7)
    is_cl = np.array([one.name == "cl" for one in found.parameters])
    false = with_values(found, np.where(is_cl, 2.0, 1.0) * found.values)  # noqa: PD011
    errors = npde(false, np.random.default_rng(8))
    errors = errors[~np.isnan(errors)]
    assert errors.mean() > 10.0 / np.sqrt(errors.size)


def test_the_seed_decides_and_censored_levels_have_none():
    found = at_truth(60, 9)
    first, again, other = (npde(found, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)
    assert np.array_equal(np.isnan(first), found.population.packed.observations[:, 1] != 0.0)


def test_splitting_the_work_changes_no_place(monkeypatch: pytest.MonkeyPatch):
    found = at_truth(60, 9)
    whole = npde(found, np.random.default_rng(1), 4000)
    monkeypatch.setattr("pkpd.diagnostics.npde._MOST_LEVELS", 4000 * 7)
    parts = npde(found, np.random.default_rng(1), 4000)
    assert np.array_equal(np.isnan(parts), np.isnan(whole))
    # The simulations differ; a level in the place of another would be off by a third on average.
    assert np.nanquantile(np.abs(stats.norm.cdf(parts) - stats.norm.cdf(whole)), 0.9) < 0.03
