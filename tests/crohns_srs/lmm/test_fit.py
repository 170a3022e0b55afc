"""Estimates of mixed models beside dense n × n algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crohns_srs.design import create_design, grouping
from crohns_srs.lmm import FitStatus, Likelihood, fit_mixed
from crohns_srs.lmm.fit import fit_statistics, refit
from crohns_srs.lmm.ratio import RatioProfile, best_ratios, deviances
from crohns_srs.lmm.summary import Statistics, statistics_of, summarize
from pkpd.errors import InputError
from tests.crohns_srs.lmm.designs import drawn
from tests.oracles.mixed_model import brute_fit, minus2_loglik, minus2_loglik_mp

BOTH = pytest.mark.parametrize("likelihood", list(Likelihood))


def variances(fit) -> np.ndarray:
    return np.append(fit.group_variance, fit.residual_variance)


@BOTH
@pytest.mark.parametrize("second", ["", "crossed", "nested"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.requirement("CD-01")
def test_a_fit_is_the_lowest_of_searches_over_the_dense_likelihood(seed: int, second: str, likelihood: Likelihood):
    data = drawn(seed, second=second)
    fit = fit_mixed(data.design, data.outcome, likelihood=likelihood)
    restricted = likelihood is Likelihood.RESTRICTED
    assert fit.deviance == pytest.approx(minus2_loglik(data.dense, variances(fit), restricted=restricted), abs=1e-9)
    found, lowest = brute_fit(data.dense, restricted=restricted)
    assert fit.deviance <= lowest + 1e-9
    assert fit.deviance == pytest.approx(lowest, abs=1e-7)
    # The search ends where differences of its values are rounding: about the square root of that in its place.
    np.testing.assert_allclose(variances(fit), found, rtol=2e-4, atol=2e-4)


@BOTH
@pytest.mark.parametrize(("seed", "second"), [(4, "nested"), (7, "crossed"), (64, "crossed"), (64, "nested")])
def test_groups_that_differ_far_more_than_rows_are_fitted_to_the_end(seed: int, second: str, likelihood: Likelihood):
    """Ratios of 1e5, of which r'r less what groups explain would leave few digits."""
    data = drawn(seed, sizes=(3, 3, 3), second=second, sd_group=50.0)
    fit = fit_mixed(data.design, data.outcome, likelihood=likelihood)
    restricted = likelihood is Likelihood.RESTRICTED
    for factor in np.exp(np.vstack([0.01 * np.eye(3), -0.01 * np.eye(3)])):
        assert minus2_loglik(data.dense, variances(fit) * factor, restricted=restricted) >= fit.deviance - 1e-8


@BOTH
def test_the_deviance_has_fifty_digits_behind_it(likelihood: Likelihood):
    data = drawn(11, sizes=(5, 1, 3, 4))
    fit = fit_mixed(data.design, data.outcome, likelihood=likelihood)
    exact = minus2_loglik_mp(data.dense, variances(fit), restricted=likelihood is Likelihood.RESTRICTED)
    assert fit.deviance == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize("second", ["", "crossed", "nested"])
def test_estimates_covariance_and_effects_are_those_of_dense_algebra(second: str):
    data = drawn(3, second=second)
    fit = fit_mixed(data.design, data.outcome)
    y, x, z = data.dense
    inverse = np.linalg.inv(data.dense.sigma(variances(fit)))
    covariance = np.linalg.inv(x.T @ inverse @ x)
    estimate = covariance @ x.T @ inverse @ y
    np.testing.assert_allclose(fit.estimate, estimate, rtol=1e-10)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-10, atol=1e-13)
    residual = y - x @ estimate
    effects = [v * one.T @ inverse @ residual for one, v in zip(z, fit.group_variance, strict=True)]
    np.testing.assert_allclose(fit.effects, np.concatenate(effects), rtol=1e-8, atol=1e-10)
    whole, spread = np.hstack(z), np.repeat(fit.group_variance, [one.shape[1] for one in z])
    given = np.diag(spread) - (spread[:, None] * whole.T) @ inverse @ (whole * spread)
    # Without the fixed effects' uncertainty: the conditional variance takes them as known.
    np.testing.assert_allclose(fit.effect_variance, np.diag(given), rtol=1e-9, atol=1e-12)


def test_at_the_boundary_a_fit_is_least_squares():
    data = next(one for one in (drawn(seed, sd_group=0.0) for seed in range(20)) if _is_singular(one))
    fit = fit_mixed(data.design, data.outcome)
    assert (fit.ratio[0], fit.status) == (0.0, FitStatus.BOUNDARY)
    assert not fit.effects.any()
    x = data.design.matrix
    least = np.linalg.lstsq(x, data.outcome, rcond=None)[0]
    np.testing.assert_allclose(fit.estimate, least, rtol=1e-10)
    rest = data.outcome - x @ least
    assert fit.residual_variance == pytest.approx(rest @ rest / (rest.size - x.shape[1]), rel=1e-12)


def _is_singular(data) -> bool:
    return fit_mixed(data.design, data.outcome).ratio[0] == 0.0


def test_balanced_groups_have_the_variances_of_the_analysis_of_variance():
    rng = np.random.default_rng(5)
    code = np.repeat(np.arange(8), 6)
    x = np.tile(rng.standard_normal(6), 8)  # the same in every group: orthogonal to them
    y = 3.0 + x + 2.0 * rng.standard_normal(8)[code] + rng.standard_normal(48)
    fit = fit_mixed(create_design("data", {"x": x}, [grouping("G", [str(i) for i in code])]), y)
    means = np.bincount(code, weights=y) / 6
    slope = (x - x.mean()) @ y / ((x - x.mean()) @ (x - x.mean()))
    within = y - means[code] - slope * (x - x.mean())
    square_within = within @ within / (48 - 8 - 1)
    square_between = 6 * np.var(means, ddof=1)
    assert fit.residual_variance == pytest.approx(square_within, rel=1e-11)
    assert fit.group_variance[0] == pytest.approx((square_between - square_within) / 6, rel=1e-10)


@pytest.mark.parametrize("second", ["", "nested"])
@pytest.mark.parametrize("offset", [1e6, 1e9])
def test_a_large_mean_of_the_outcome_moves_the_intercept_alone(second: str, offset: float):
    data = drawn(1, second=second)
    fit, moved = fit_mixed(data.design, data.outcome), fit_mixed(data.design, data.outcome + offset)
    # The sum of outcome and offset itself is rounded to `offset` times 1e-16.
    np.testing.assert_allclose(moved.ratio, fit.ratio, rtol=offset * 1e-13)
    np.testing.assert_allclose(moved.estimate[1:], fit.estimate[1:], rtol=offset * 1e-13)
    assert moved.estimate[0] - offset == pytest.approx(fit.estimate[0], abs=offset * 1e-14)


@pytest.mark.parametrize("second", ["", "crossed"])
@pytest.mark.parametrize("factor", [1e-7, 1e9])
def test_units_of_outcome_and_covariates_change_nothing_else(second: str, factor: float):
    data = drawn(2, second=second)
    fit = fit_mixed(data.design, data.outcome)
    units = np.array([1.0, factor**0.5, 1.0])
    scaled = replace(data.design, matrix=data.design.matrix * units)
    found = fit_mixed(scaled, data.outcome * factor)
    np.testing.assert_allclose(found.ratio, fit.ratio, rtol=1e-9)
    np.testing.assert_allclose(found.estimate * units / factor, fit.estimate, rtol=1e-9)
    np.testing.assert_allclose(found.effects / factor, fit.effects, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(seed: int):
    data = drawn(seed)
    order = np.random.default_rng(0).permutation(data.outcome.size)
    one = data.design.groupings[0]
    moved = replace(data.design, matrix=data.design.matrix[order], groupings=(replace(one, code=one.code[order]),))
    fit, found = fit_mixed(data.design, data.outcome), fit_mixed(moved, data.outcome[order])
    np.testing.assert_allclose(found.estimate, fit.estimate, rtol=1e-11)
    assert found.deviance == pytest.approx(fit.deviance, abs=1e-10)


def test_of_two_maxima_the_higher_one_is_found():
    """Two directions of groups with very different eigenvalues give a deviance with a minimum at 0 and one far away."""
    profiles = [
        RatioProfile(np.array([1.0, 1000.0]), np.array([1.0, 1000.0]), np.array([[far, near]]), np.array([1.0]), 12)
        for far in (20.0, 200.0)
        for near in (0.02, 0.2, 2.0)
    ]
    grid = np.concatenate([[0.0], np.logspace(-8, 8, 20_001)])
    for profile in profiles:
        at_best = deviances(profile, best_ratios(profile), np.zeros(1, dtype=np.int64))[0]
        each = [deviances(profile, grid[i : i + 1], np.zeros(1, dtype=np.int64))[0] for i in range(grid.size)]
        assert at_best <= min(each) + 1e-10


def test_many_outcomes_are_fitted_as_each_alone():
    data = drawn(4)
    summary = summarize(data.design)
    rng = np.random.default_rng(1)
    outcomes = [data.outcome + rng.standard_normal(data.outcome.size) for _ in range(5)]
    each = [statistics_of(summary, y) for y in outcomes]
    together = refit(
        summary,
        Statistics(
            np.vstack([one.projection for one in each]),
            np.vstack([one.rotated for one in each]),
            np.concatenate([one.square for one in each]),
        ),
        likelihood=Likelihood.RESTRICTED,
    )
    for i, one in enumerate(each):
        alone = fit_statistics(summary, one, likelihood=Likelihood.RESTRICTED)
        np.testing.assert_allclose(together.estimate[i], alone.estimate, rtol=1e-12)
        np.testing.assert_allclose(together.ratio[i], alone.ratio, rtol=1e-12)


def refused(columns: dict[str, np.ndarray], labels: list[str], y: np.ndarray | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        fit_mixed(
            create_design("data", columns, [grouping("Trial", labels)]),
            np.arange(float(len(labels))) if y is None else y,
        )
    return [str(one) for one in caught.value.problems]


def test_rows_that_say_nothing_of_an_effect_are_refused_by_name():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 12))
    labels = [f"T{i % 3}" for i in range(12)]
    assert refused({"a": a, "b": b, "c": 2.0 * a - b}, labels) == [
        "data: c is a sum of multiples of a, b; leave one of them out"
    ]
    assert refused({"a": a, "year": np.full(12, 8.0)}, labels) == [
        "data: year is 8 in every row; expected different values, for its effect to be estimated"
    ]
    assert refused({"a": a}, ["T1"] * 12) == [
        "data: Trial is T1 in every row; expected at least two, for their variance to be estimated"
    ]
    assert refused({"a": a[:2]}, ["T1", "T2"])[0].startswith("data: 2 rows for 2 coefficients; expected more rows")
    year = np.array([float(label[1]) for label in labels])
    assert refused({"year": year, "square": year**2}, labels) == [
        "data: Trial: the covariates hold every difference between its groups; expected covariates that vary within them, or fewer"
    ]
    assert refused({"a": a, "b": b}, labels, 3.0 + a - b) == [
        "data: the outcome is a sum of multiples of the covariates; expected one that varies around them"
    ]
    assert refused({"a": a}, labels, a + year**3) == [
        "data: Trial and the covariates hold the outcome exactly; expected rows of one group that differ"
    ]
    assert refused({"a": a}, [f"T{i}" for i in range(12)], rng.standard_normal(12)) == [
        "data: Trial and the covariates hold the outcome exactly; expected rows of one group that differ"
    ]


def test_two_names_of_the_same_groups_are_refused():
    data = drawn(0)
    again = grouping("Sponsor", [f"S{i}" for i in data.design.groupings[0].code])
    with pytest.raises(InputError, match="Trial and Sponsor are the same groups of rows; leave one of them out"):
        fit_mixed(replace(data.design, groupings=(*data.design.groupings, again)), data.outcome)


def test_a_calendar_year_is_no_sum_of_others():
    rng = np.random.default_rng(0)
    year = 1999.0 + rng.integers(0, 17, 60).astype(np.float64)
    design = create_design("data", {"year": year}, [grouping("T", [f"T{i % 5}" for i in range(60)])])
    y = 0.5 * year + rng.standard_normal(60)
    centred = replace(design, matrix=design.matrix - [0.0, 2000.0])
    assert fit_mixed(design, y).estimate[1] == pytest.approx(fit_mixed(centred, y).estimate[1], rel=1e-10)
