"""Risk with the whole uncertainty, against brute force and numerical integration."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr

from tests.tte.model.event_model_files import MATRIX, build, held, refitted, shipped, with_coding
from tte import load_event_model, risk_day90, risk_from, survival
from tte.model.event_model import AnchoredUncertainty
from tte.model.total import PROBABILITIES, RiskDistribution, total_risk

MODEL = load_event_model()
DAYS = np.arange(91.0)
POINT = np.ones(1)


def normal_posterior(mean: float, sd: float, n_nodes: int = 81) -> tuple[np.ndarray, np.ndarray]:
    nodes = mean + sd * np.linspace(-6.5, 6.5, n_nodes)
    weights = np.exp(-0.5 * ((nodes - mean) / sd) ** 2)
    return nodes, weights / weights.sum()


def two_humped_posterior() -> tuple[np.ndarray, np.ndarray]:
    nodes = np.linspace(1.0, 10.0, 181)
    weights = 0.7 * stats.norm.pdf(nodes, 6.6, 0.4) + 0.3 * stats.norm.pdf(nodes, 4.1, 0.5)
    return nodes, weights / weights.sum()


def test_the_total_interval_at_the_threshold_is_12_to_33_percent():
    total = total_risk(MODEL, np.array([5.79]), weights=POINT, now_day=0.0, days=DAYS)
    percent = np.round(100.0 * total.day90.quantiles)
    assert (percent[0], percent[2], percent[4]) == (12.0, 20.0, 33.0)


def test_the_published_rule_gives_the_log_hazard_its_mean_and_variance():
    for x in (2.0, 5.79, 6.563, 9.0):
        total = total_risk(MODEL, np.array([x]), weights=POINT, now_day=0.0, days=DAYS)
        mean = math.log(0.1447378) - 0.56 * (x - 6.563021)
        sd = math.sqrt(1.0 / 11.0 + 0.22**2 * (x - 6.563021) ** 2)
        expected = -np.expm1(-np.exp(mean + sd * stats.norm.ppf(PROBABILITIES)))
        assert total.day90.quantiles == pytest.approx(expected, rel=1e-6)


def test_half_a_percent_of_the_effects_point_the_wrong_way():
    assert isinstance(MODEL.uncertainty, AnchoredUncertainty)
    assert stats.norm.sf(0.0, MODEL.beta, MODEL.uncertainty.beta_sd) == pytest.approx(0.005, abs=5e-4)


def drawn_risks(model, nodes, weights, day):
    """Return a million draws of ln H(90), of the risk by day 90 and of that from a day on, written out from scratch."""
    rng = np.random.default_rng(20260105)
    n = 1_000_000
    x = rng.choice(nodes, size=n, p=weights)
    if isinstance(model.uncertainty, AnchoredUncertainty):
        log_hazard_ref = rng.normal(math.log(10**-2.95 * 90**1.08), math.sqrt(1.0 / 11.0), n)
        beta = rng.normal(-0.56, 0.22, n)
        gamma = np.full(n, 1.08)
        log_rate = log_hazard_ref - gamma * math.log(90.0)
    else:
        draws = rng.multivariate_normal([-2.95 * math.log(10.0), 1.08, -0.56], MATRIX, size=n)
        log_rate, gamma, beta = draws[draws[:, 1] > 0.0].T
        x = x[: gamma.size]
    hazard = np.exp(log_rate + beta * (x - model.x_ref))
    at_day, at_90 = hazard * day**gamma, hazard * 90.0**gamma
    return np.log(at_90), -np.expm1(-at_90), -np.expm1(-(at_90 - at_day)), np.exp(-at_day)


@pytest.mark.parametrize("posterior", [normal_posterior(6.3, 0.5), two_humped_posterior(), normal_posterior(4.0, 1.2)])
@pytest.mark.parametrize("model", [MODEL, refitted()], ids=["anchored", "covariance"])
def test_every_number_agrees_with_a_million_draws(model, posterior):
    nodes, weights = posterior
    day = 21.0
    total = total_risk(model, nodes, weights=weights, now_day=day, days=np.array([day, 90.0]))
    _, unconditional, from_now, alive = drawn_risks(model, nodes, weights, day)
    for found, draws in ((total.day90, unconditional), (total.from_now, from_now)):
        n = draws.size
        assert found.mean == pytest.approx(draws.mean(), abs=5.0 * found.sd / math.sqrt(n))
        assert found.sd == pytest.approx(draws.std(), rel=0.01)
        assert_quantiles(found.quantiles, draws)
    assert_quantiles(total.survival[0], alive)
    assert_quantiles(total.survival[1], 1.0 - unconditional)


def assert_quantiles(found, draws):
    """Check that the share of draws below each quantile is its probability, within five standard errors."""
    shares = (draws[:, None] <= found).mean(axis=0)
    errors = np.sqrt(np.array(PROBABILITIES) * (1.0 - np.array(PROBABILITIES)) / draws.shape[0])
    assert np.all(np.abs(shares - PROBABILITIES) < 5.0 * errors)


def test_quantiles_and_moments_agree_with_numerical_integration_over_a_continuous_posterior():
    def sd_at(x: float) -> float:
        return math.sqrt(1.0 / 11.0 + 0.22**2 * (x - MODEL.x_ref) ** 2)

    def mean_at(x: float) -> float:
        return math.log(10**-2.95 * 90**1.08) - 0.56 * (x - MODEL.x_ref)

    def over_posterior(function) -> float:
        def integrand(x: float) -> float:
            return math.exp(-0.5 * ((x - 6.1) / 0.7) ** 2) / (0.7 * math.sqrt(2.0 * math.pi)) * function(x)

        pieces = itertools.pairwise(np.linspace(1.6, 10.6, 24))
        return math.fsum(quad(integrand, low, high, epsabs=1e-13)[0] for low, high in pieces)

    def mean_of(scale: float, power: int) -> float:
        z, weight = np.polynomial.hermite_e.hermegauss(80)
        weight = weight / weight.sum()
        return over_posterior(lambda x: weight @ (-np.expm1(-scale * np.exp(mean_at(x) + sd_at(x) * z))) ** power)

    nodes, weights = normal_posterior(6.1, 0.7)
    total = total_risk(MODEL, nodes, weights=weights, now_day=14.0, days=DAYS)
    for found, scale in ((total.day90, 1.0), (total.from_now, 1.0 - (14.0 / 90.0) ** 1.08)):
        mean, square = mean_of(scale, 1), mean_of(scale, 2)
        assert found.mean == pytest.approx(mean, abs=2e-9)
        assert found.sd == pytest.approx(math.sqrt(square - mean**2), abs=1e-8)
    for probability, risk in zip(PROBABILITIES, total.day90.quantiles, strict=True):
        y = brentq(
            lambda y, p=probability: over_posterior(lambda x: ndtr((y - mean_at(x)) / sd_at(x))) - p,
            -6.0,
            1.0,
            xtol=1e-10,
        )
        assert risk == pytest.approx(-math.expm1(-math.exp(y)), abs=1e-9)


@pytest.mark.parametrize("model", [MODEL, held(), refitted()], ids=["anchored", "none", "covariance"])
@given(mean=st.floats(2.0, 9.0), sd=st.floats(0.1, 1.0), now=st.floats(0.0, 89.0))
def test_survival_falls_from_1_and_its_quantiles_are_in_order(model, mean, sd, now):
    nodes, weights = normal_posterior(mean, sd, 41)
    total = total_risk(model, nodes, weights=weights, now_day=now, days=DAYS)
    assert total.survival[0].tolist() == [1.0] * 5
    assert np.all(np.diff(total.survival, axis=1) >= 0.0)
    assert np.all(np.diff(total.day90.quantiles) >= 0.0)
    assert np.all(total.from_now.quantiles <= total.day90.quantiles + 1e-5)
    assert total.survival[-1] == pytest.approx(1.0 - total.day90.quantiles[::-1], abs=1e-11)
    if model.uncertainty is None or isinstance(model.uncertainty, AnchoredUncertainty):
        assert np.all(np.diff(total.survival, axis=0) <= 0.0)


@pytest.mark.parametrize("model", [MODEL, held(), refitted()], ids=["anchored", "none", "covariance"])
def test_the_risk_from_day_0_is_the_unconditional_one_and_from_day_90_it_is_0(model):
    nodes, weights = normal_posterior(6.0, 0.5)
    at_0 = total_risk(model, nodes, weights=weights, now_day=0.0, days=DAYS)
    assert at_0.from_now.mean == at_0.day90.mean
    assert at_0.from_now.sd == at_0.day90.sd
    assert at_0.from_now.quantiles.tolist() == at_0.day90.quantiles.tolist()
    for now in (90.0, 400.0):
        ended = total_risk(model, nodes, weights=weights, now_day=now, days=DAYS).from_now
        assert (ended.mean, ended.sd, ended.quantiles.tolist()) == (0.0, 0.0, [0.0] * 5)


def test_the_risk_from_now_nears_the_unconditional_one_as_now_nears_day_0():
    nodes, weights = normal_posterior(6.0, 0.5)
    total = total_risk(refitted(), nodes, weights=weights, now_day=1e-9, days=DAYS)
    assert total.from_now.mean == pytest.approx(total.day90.mean, abs=1e-5)
    assert total.from_now.quantiles == pytest.approx(total.day90.quantiles, abs=1e-5)


@given(st.floats(4.0, 10.0), st.floats(0.0, 89.0))
def test_every_quantile_is_that_of_the_hazard_by_day_90(x, now):
    total = total_risk(MODEL, np.array([x]), weights=POINT, now_day=now, days=DAYS)
    hazard = -np.log1p(-total.day90.quantiles)
    share = (DAYS / 90.0) ** 1.08
    assert total.survival == pytest.approx(np.exp(-hazard[::-1] * share[:, None]), rel=1e-9)
    assert total.from_now.quantiles == pytest.approx(-np.expm1(-hazard * (1.0 - (now / 90.0) ** 1.08)), rel=1e-9)


def test_without_uncertainty_of_its_own_a_point_is_the_plug_in_risk():
    total = total_risk(held(), np.array([5.0]), weights=POINT, now_day=14.0, days=DAYS)
    plug_in = risk_day90(MODEL, 5.0)
    assert total.day90.quantiles == pytest.approx([plug_in] * 5, rel=1e-12)
    assert (total.day90.mean, total.day90.sd) == pytest.approx((plug_in, 0.0), abs=1e-12)
    assert total.from_now.mean == pytest.approx(risk_from(MODEL, 5.0, day=14.0), rel=1e-12)
    assert total.survival[:, 2] == pytest.approx(survival(MODEL, 5.0, DAYS), rel=1e-12)


def test_without_uncertainty_of_its_own_the_quantiles_are_those_of_the_posterior():
    nodes, weights = normal_posterior(6.3, 0.5)
    total = total_risk(held(), nodes, weights=weights, now_day=14.0, days=DAYS)
    expected = risk_day90(MODEL, 6.3 - 0.5 * stats.norm.ppf(PROBABILITIES))
    assert total.day90.quantiles == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("now", [0.5, 21.0, 80.0])
def test_a_variance_of_the_shape_is_integrated(now):
    x = 5.2
    c = np.array([1.0, math.log(90.0), x - MODEL.x_ref])
    covariance = np.array(MATRIX)
    shape_sd = math.sqrt(covariance[1, 1])
    gamma = np.linspace(1e-6, 1.08 + 9.0 * shape_sd, 200_001)
    density = stats.norm.pdf(gamma, 1.08, shape_sd)
    density /= density.sum()
    with_shape = (c @ covariance)[1]
    log_hazard = -2.95 * math.log(10.0) + 1.08 * math.log(90.0) - 0.56 * (x - MODEL.x_ref)
    mean = log_hazard + with_shape / shape_sd**2 * (gamma - 1.08) + np.log(-np.expm1(gamma * math.log(now / 90.0)))
    sd = math.sqrt(c @ covariance @ c - (with_shape / shape_sd) ** 2)
    found = total_risk(refitted(), np.array([x]), weights=POINT, now_day=now, days=DAYS).from_now
    y = np.log(-np.log1p(-found.quantiles))
    shares = [density @ stats.norm.cdf(value, mean, sd) for value in y]
    assert shares == pytest.approx(PROBABILITIES, abs=1e-6)
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    risks = -np.expm1(-np.exp(mean[::50, None] + sd * z)) @ (weight / weight.sum())
    assert found.mean == pytest.approx(risks @ density[::50] / density[::50].sum(), abs=1e-6)


@given(st.floats(2.0, 9.0))
def test_the_total_interval_is_wider_than_that_of_the_patient_alone(mean):
    nodes, weights = normal_posterior(mean, 0.4)
    alone = total_risk(held(), nodes, weights=weights, now_day=0.0, days=DAYS).day90.quantiles
    total = total_risk(MODEL, nodes, weights=weights, now_day=0.0, days=DAYS).day90.quantiles
    assert total[0] < alone[0]
    assert total[4] > alone[4]


@pytest.mark.parametrize("model", [MODEL, held(), refitted()], ids=["anchored", "none", "covariance"])
def test_without_drug_in_the_window_the_total_risk_is_1(model):
    total = total_risk(model, np.full(3, -np.inf), weights=np.full(3, 1.0 / 3.0), now_day=14.0, days=DAYS)
    for risk in (total.day90, total.from_now):
        assert (risk.mean, risk.sd) == pytest.approx((1.0, 0.0), abs=1e-7)
        assert risk.quantiles.tolist() == [1.0] * 5
    assert total.survival[0].tolist() == [1.0] * 5
    assert total.survival[1:].tolist() == [[0.0] * 5] * 90


@pytest.mark.parametrize("model", [MODEL, refitted()], ids=["anchored", "covariance"])
def test_a_probability_of_no_drug_is_a_probability_of_risk_1(model):
    nodes, weights = normal_posterior(6.0, 0.5)
    with_drug = total_risk(model, nodes, weights=weights, now_day=14.0, days=DAYS)
    total = total_risk(model, np.append(nodes, -np.inf), weights=np.append(0.6 * weights, 0.4), now_day=14.0, days=DAYS)
    assert total.day90.mean == pytest.approx(0.6 * with_drug.day90.mean + 0.4, rel=1e-12)
    assert total.from_now.mean == pytest.approx(0.6 * with_drug.from_now.mean + 0.4, rel=1e-12)
    assert total.day90.quantiles[3:].tolist() == [1.0, 1.0]
    assert np.all(total.day90.quantiles[:3] < 1.0)
    assert np.all(total.survival[1:, :2] == 0.0)


def test_a_covariance_of_the_intercept_and_the_effect_alone_is_the_published_rule():
    # ln H(90) at x_ref has the variance of ln λ as long as the shape is as good as held
    tiny = 1e-10
    matrix = [[1.0 / 11.0, 0.0, 0.0], [0.0, tiny, 0.0], [0.0, 0.0, 0.22**2]]
    nodes, weights = normal_posterior(5.5, 0.6)
    one = total_risk(MODEL, nodes, weights=weights, now_day=14.0, days=DAYS)
    other = total_risk(refitted(matrix), nodes, weights=weights, now_day=14.0, days=DAYS)
    for a, b in ((one.day90, other.day90), (one.from_now, other.from_now)):
        assert a.mean == pytest.approx(b.mean, abs=1e-7)
        assert a.sd == pytest.approx(b.sd, abs=1e-7)
        assert a.quantiles == pytest.approx(b.quantiles, abs=1e-7)
    assert one.survival == pytest.approx(other.survival, abs=1e-7)


def test_the_rule_depends_on_the_risk_curve_and_its_centre_not_on_how_it_was_coded():
    nodes, weights = normal_posterior(5.5, 0.6)
    coded = with_coding("rate_power")
    assert isinstance(coded.uncertainty, AnchoredUncertainty)
    same = replace(coded, uncertainty=replace(coded.uncertainty, centre=MODEL.x_ref))
    one, other = (total_risk(model, nodes, weights=weights, now_day=0.0, days=DAYS) for model in (MODEL, same))
    assert one.day90.quantiles == pytest.approx(other.day90.quantiles, rel=1e-10)


def test_an_effect_inside_the_power_spreads_by_the_shape_times_its_standard_deviation():
    model = with_coding("scale_inside")
    x = model.x_ref - 20.0
    total = total_risk(model, np.array([x]), weights=POINT, now_day=0.0, days=DAYS)
    log_hazard = math.log((10**-2.95 * 90.0) ** 1.08) + 1.08 * 0.56 * 20.0
    sd = math.sqrt(1.0 / 11.0 + (1.08 * 0.22 * 20.0) ** 2)
    expected = -math.expm1(-math.exp(log_hazard + sd * stats.norm.ppf(0.05)))
    assert total.day90.quantiles[0] == pytest.approx(expected, rel=1e-9)


def test_a_variance_given_directly_is_that_of_its_number_of_events():
    rule = {"kind": "anchored", "variance": 1.0 / 11.0, "beta_sd": 0.22}
    assert build(shipped() | {"uncertainty": rule}).uncertainty == MODEL.uncertainty


@pytest.mark.parametrize("model", [MODEL, held(), refitted()], ids=["anchored", "none", "covariance"])
def test_a_nan_among_the_nodes_makes_everything_nan_but_survival_at_day_0(model):
    nodes, weights = normal_posterior(6.0, 0.5, 21)
    nodes[3] = np.nan
    total = total_risk(model, nodes, weights=weights, now_day=14.0, days=DAYS)
    for risk in (total.day90, total.from_now):
        assert np.isnan([risk.mean, risk.sd, *risk.quantiles]).all()
    assert total.survival[0].tolist() == [1.0] * 5
    assert np.isnan(total.survival[1:]).all()


@given(st.floats(-1500.0, 1500.0))
def test_extreme_exposures_give_probabilities(x):
    total = total_risk(MODEL, np.array([x]), weights=POINT, now_day=14.0, days=DAYS)
    for risk in (total.day90, total.from_now):
        assert isinstance(risk, RiskDistribution)
        assert np.all((risk.quantiles >= 0.0) & (risk.quantiles <= 1.0))
        assert -1e-9 <= risk.mean <= 1.0 + 1e-9
    assert np.all((total.survival >= 0.0) & (total.survival <= 1.0))
