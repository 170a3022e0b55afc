"""What is said of whom the models were fitted to, and of inputs that are not known, beside printed numbers, draws and dense sums."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import integrate, stats

from crohns_srs.data.config import load_config
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.population import create_population, likely_values

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.arrays import FloatArray


POPULATION = shipped_models().population
SD = np.sqrt(np.diag(POPULATION.covariance))
CRP, SEX = POPULATION.terms.index("CRP_Cent"), POPULATION.terms.index("Sex_Male")


def scaled(known: dict[str, float]) -> FloatArray:
    return POPULATION.scaled({name: np.array([value]) for name, value in known.items()})[:, 0]


def test_means_are_those_that_are_printed():
    """Shares of the cohorts' participants by Table 1 and by the text; 45 % men, which its row "Female Sex" counts."""
    found = dict(zip(POPULATION.terms, POPULATION.mean, strict=True))
    assert found["Age_Cent"] == pytest.approx(37.5, abs=0.5)
    assert found["BMI_Cent"] == pytest.approx(24, abs=0.5)
    assert found["CDAI_baseline_Cent"] == pytest.approx(306, abs=4)
    assert found["Sex_Male"] == pytest.approx(0.45, abs=0.01)
    # 16 %, 56 % and 74 % of the anti-TNF, anti-integrin and anti-IL-12/23 cohorts.
    assert found["HxOfTNFi"] == pytest.approx((0.16 * 2201 + 0.56 * 2332 + 0.74 * 1170) / 5703, abs=0.01)


def test_spread_is_that_which_is_printed():
    """The covariance matrices of the coefficients give the standard deviations of Table 1, which are not used: about 61, 12.5, 5.5 and 25."""
    found = dict(zip(POPULATION.terms, SD, strict=True))
    assert found["CDAI_baseline_Cent"] == pytest.approx(61.5, abs=1.5)
    assert found["Age_Cent"] == pytest.approx(12.5, abs=0.3)
    assert found["BMI_Cent"] == pytest.approx(5.5, abs=0.2)
    mean = np.exp(POPULATION.mean[CRP] + SD[CRP] ** 2 / 2)
    assert mean - 1.0 == pytest.approx(19.0, abs=0.5)
    assert mean * np.sqrt(np.expm1(SD[CRP] ** 2)) == pytest.approx(24.5, abs=1.0)
    for name in ("Sex_Male", "SteroidUse", "ImmUse", "Ileal"):
        at = POPULATION.terms.index(name)
        share = POPULATION.mean[at]
        assert SD[at] == pytest.approx(np.sqrt(share * (1 - share)), rel=0.01)


def test_a_population_follows_from_the_table_that_models_are_fitted_to():
    """The inverse of a covariance matrix of coefficients, and the same sums of products by the rows."""
    rng = np.random.default_rng(1)
    trial = np.repeat(np.arange(5), [40, 60, 30, 80, 50])
    x = np.column_stack([np.ones(260), rng.standard_normal((260, 2)) + trial[:, None]])
    n, ratio = np.bincount(trial), 0.3
    v = np.eye(260) + ratio * (trial[:, None] == trial)
    products = x.T @ np.linalg.solve(v, x)
    means = np.array([x[trial == j].mean(axis=0) for j in range(5)])
    within = sum((x[trial == j] - means[j]).T @ (x[trial == j] - means[j]) for j in range(5))
    np.testing.assert_allclose(products - (means.T * (n / (1 + ratio * n))) @ means, within, atol=1e-9)


def draws(known: dict[str, float], n: int) -> dict[str, FloatArray]:
    """Draw what is not known one after the other, each by its regression on those before it, with random numbers."""
    rng, at = np.random.default_rng(5), POPULATION.terms
    values = {name: np.full(n, value) for name, value in zip(at, scaled(known), strict=True) if np.isfinite(value)}
    found: dict[str, FloatArray] = {}
    for one in sorted(
        (one for one in POPULATION.covariates if one.name not in known), key=lambda one: not one.is_binary
    ):
        i, before = at.index(one.name), [at.index(name) for name in values]
        slope = np.linalg.solve(POPULATION.covariance[np.ix_(before, before)], POPULATION.covariance[before, i])
        apart = np.column_stack([values[at[k]] - POPULATION.mean[k] for k in before]) if before else np.zeros((n, 0))
        centre = POPULATION.mean[i] + apart @ slope
        if one.is_binary:
            values[one.name] = (rng.random(n) < np.clip(centre, 0.01, 0.99)).astype(float)
        else:
            sd = np.sqrt(POPULATION.covariance[i, i] - slope @ POPULATION.covariance[before, i])
            values[one.name] = centre + sd * rng.standard_normal(n)
        natural = np.expm1(values[one.name]) if one.is_logarithmic else values[one.name]
        found[one.name] = np.clip(natural, one.low, one.high) - one.centre
    return found


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"Age_Cent": 35.0, "CDAI_baseline_Cent": 48.0, "HxOfTNFi": 1.0, "SteroidUse": 1.0},
        {name: 0.0 for name in POPULATION.terms if name not in {"CRP_Cent", "Sex_Male"}},
    ],
)
@pytest.mark.requirement("CD-04")
def test_likely_values_have_the_moments_of_draws(known: dict[str, float]):
    n = 200_000
    found, drawn = likely_values(POPULATION, known, 1024), draws(known, n)
    assert set(found) == set(drawn)
    names = sorted(found)
    ours, theirs = (np.column_stack([one[name] for name in names]) for one in (found, drawn))
    scale = theirs.std(axis=0)
    np.testing.assert_allclose((ours.mean(axis=0) - theirs.mean(axis=0)) / scale, 0.0, atol=0.012)
    # 1,024 points of up to nine dimensions miss some of the far tail of a log-normal distribution, in which a tenth of its variance lies.
    np.testing.assert_allclose(ours.std(axis=0) / scale, 1.0, atol=0.08)
    np.testing.assert_allclose(np.corrcoef(ours.T), np.corrcoef(theirs.T), atol=0.07)


def test_one_missing_number_is_integrated_as_by_a_dense_sum():
    """C-reactive protein given all else: mean of a decreasing function by the lattice, and by quadrature over its log-normal density."""
    known = {name: 0.0 for name in POPULATION.terms if name != "CRP_Cent"}
    others = [i for i in range(len(POPULATION.terms)) if i != CRP]
    slope = np.linalg.solve(POPULATION.covariance[np.ix_(others, others)], POPULATION.covariance[others, CRP])
    centre = POPULATION.mean[CRP] + (scaled(known)[others] - POPULATION.mean[others]) @ slope
    sd = np.sqrt(SD[CRP] ** 2 - slope @ POPULATION.covariance[others, CRP])

    def chance(crp: Any) -> Any:
        return stats.norm.cdf((60.0 - 0.4 * crp) / 90.0)

    def integrand(u: float) -> float:
        return float(chance(max(np.expm1(u), 0.0)) * stats.norm.pdf(u, centre, sd))

    dense = integrate.quad(integrand, centre - 10 * sd, centre + 10 * sd, epsabs=1e-12)[0]
    values = likely_values(POPULATION, known, 1024)["CRP_Cent"] + 10.0
    assert chance(values).mean() == pytest.approx(dense, abs=5e-5)


def test_a_missing_binary_input_has_the_probability_of_its_regression():
    known = {name: 0.0 for name in POPULATION.terms if name != "Sex_Male"}
    others = [i for i in range(len(POPULATION.terms)) if i != SEX]
    slope = np.linalg.solve(POPULATION.covariance[np.ix_(others, others)], POPULATION.covariance[others, SEX])
    share = POPULATION.mean[SEX] + (scaled(known)[others] - POPULATION.mean[others]) @ slope
    assert likely_values(POPULATION, known, 1024)["Sex_Male"].mean() == pytest.approx(share, abs=1 / 1024)


def test_moments_of_a_logarithmic_covariate_are_kept():
    """Of draws of a normal and a log-normal covariate that go together, the moments on the scale of the logarithm from those of the values."""
    config = load_config()
    covariates = tuple(one for one in config.covariates if one.name in {"CDAI_baseline_Cent", "CRP_Cent"})
    rng = np.random.default_rng(2)
    z = rng.multivariate_normal([300.0, 2.5], [[3600.0, 15.0], [15.0, 0.9]], 400_000)
    measured = np.column_stack([z[:, 0], np.expm1(z[:, 1])])
    found = create_population(covariates, 400_000, measured.mean(axis=0), np.cov(measured.T), "drawn")
    np.testing.assert_allclose(found.mean, [300.0, 2.5], rtol=0.005)
    np.testing.assert_allclose(found.covariance, [[3600.0, 15.0], [15.0, 0.9]], rtol=0.03)


def test_values_stay_possible():
    wide = replace(POPULATION, covariance=POPULATION.covariance * 25.0)
    for one in wide.covariates:
        values = likely_values(wide, {}, 256)[one.name] + one.centre
        assert values.min() >= one.low
        assert values.max() <= one.high


@pytest.mark.reference
def test_no_row_is_needed_for_what_a_simulated_cohort_has(reference_dir: Path):
    """Correlations that our own simulated cohort has not (its columns are drawn one by one) are none of it."""
    with (reference_dir / "crohns" / "srs_sim5703.csv").open(encoding="utf-8") as stream:
        rows = [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(stream)]
    crp, age = (np.array([float(row[name]) for row in rows]) for name in ("CRP_Cent", "Age_Cent"))
    apart = (
        POPULATION.covariance[CRP, POPULATION.terms.index("Age_Cent")]
        / SD[CRP]
        / SD[POPULATION.terms.index("Age_Cent")]
    )
    assert abs(np.corrcoef(crp, age)[0, 1]) < 0.05
    assert apart < -0.15
