"""ROC curves and areas against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from pkpd.errors import InputError
from tte.evaluation.roc import (
    AurocStatus,
    auroc,
    compare_auroc,
    direction_of,
    is_high_risk,
    roc_curve,
)


def drawn(n=71, n_cases=11, seed=1, shift=-1.0):
    rng = np.random.default_rng(seed)
    is_case = np.zeros(n, bool)
    is_case[:n_cases] = True
    return np.round(rng.standard_normal(n) + shift * is_case, 1), is_case


def structural(marker, is_case):
    cases, controls = marker[is_case], marker[~is_case]
    return (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)


@pytest.mark.parametrize("direction", ["lower", "higher"])
def test_each_point_of_the_curve_is_what_its_threshold_calls(direction):
    marker, is_case = drawn()
    curve = roc_curve(marker, is_case, direction)
    for threshold, hit, false in zip(curve.threshold, curve.true_positive, curve.false_positive, strict=True):
        is_high = is_high_risk(marker, threshold, direction)
        assert (hit, false) == ((is_high & is_case).sum(), (is_high & ~is_case).sum())
    assert np.all(np.diff(curve.sensitivity) >= 0.0)
    assert curve.true_positive[[0, -1]].tolist() == [0, 11]


@pytest.mark.parametrize("direction", ["lower", "higher"])
def test_neighbouring_and_huge_numbers_have_a_threshold_between_them(direction):
    marker = np.array([1.0, np.nextafter(1.0, 2.0), 1.7e308, 1.75e308])
    curve = roc_curve(marker, np.array([1, 0, 1, 0], bool), direction)
    called = [int(is_high_risk(marker, one, direction).sum()) for one in curve.threshold]
    assert called == [0, 1, 2, 3, 4]


def test_the_area_is_that_of_pairs_of_mann_whitney_and_under_the_curve():
    marker, is_case = drawn()
    found = auroc(marker, is_case, "lower").area.value
    assert found == pytest.approx(structural(-marker, is_case).mean(), abs=1e-14)
    statistic = mannwhitneyu(marker[~is_case], marker[is_case]).statistic
    assert found == pytest.approx(statistic / (11 * 60), abs=1e-14)
    curve = roc_curve(marker, is_case, "lower")
    assert found == pytest.approx(np.trapezoid(curve.sensitivity, curve.false_positive_rate), abs=1e-14)


def test_delongs_variance_is_that_of_its_definition():
    marker, is_case = drawn()
    pairs = structural(-marker, is_case)
    s10, s01 = pairs.mean(axis=1).var(ddof=1), pairs.mean(axis=0).var(ddof=1)
    found = auroc(marker, is_case, "lower")
    assert found.se**2 == pytest.approx(s10 / 11 + s01 / 60, rel=1e-12)
    assert found.area.low == pytest.approx(found.area.value - 1.959963984540054 * found.se)


def test_delongs_test_of_paired_areas_is_that_of_its_definition():
    marker, is_case = drawn()
    other = np.round(0.5 * marker + np.random.default_rng(7).standard_normal(71), 1)
    one, two = structural(-marker, is_case), structural(other, is_case)
    cov10 = np.cov(one.mean(axis=1), two.mean(axis=1))
    cov01 = np.cov(one.mean(axis=0), two.mean(axis=0))
    both = cov10 / 11 + cov01 / 60
    contrast = np.array([1.0, -1.0])
    found = compare_auroc(marker, other, is_case, directions=("lower", "higher"))
    assert found.difference.value == pytest.approx(one.mean() - two.mean())
    assert found.z == pytest.approx(found.difference.value / np.sqrt(contrast @ both @ contrast), rel=1e-12)
    reverse = compare_auroc(other, marker, is_case, directions=("higher", "lower"))
    assert (reverse.p, reverse.z) == (pytest.approx(found.p), pytest.approx(-found.z))


def test_a_marker_beside_itself_differs_by_nothing_and_has_no_test():
    marker, is_case = drawn()
    found = compare_auroc(marker, marker, is_case, directions=("lower", "lower"))
    assert found.difference.value == 0.0
    assert np.isnan(found.p)


def test_an_interval_that_would_leave_the_unit_range_is_made_on_the_logit_scale():
    marker, is_case = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 7.0, 8.0]), np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    found = auroc(marker, is_case, "lower")
    assert found.status is AurocStatus.LOGIT
    assert 0.0 < found.area.low < found.area.value < found.area.high < 1.0
    odds = [p / (1 - p) for p in found.area]
    assert odds[2] / odds[0] == pytest.approx(odds[0] / odds[1])


@pytest.mark.parametrize(
    ("marker", "is_case", "status", "area"),
    [
        ([1, 2, 3, 4], [1, 1, 0, 0], AurocStatus.SEPARATED, 1.0),
        ([1, 2, 3, 4], [0, 0, 1, 1], AurocStatus.SEPARATED, 0.0),
        ([1, 2, 3, 4], [0, 1, 0, 0], AurocStatus.TOO_FEW, 2 / 3),
        ([3, 3, 3, 3], [0, 1, 0, 1], AurocStatus.CONSTANT, 0.5),
    ],
)
def test_where_there_is_no_interval_a_status_says_why(marker, is_case, status, area):
    found = auroc(np.array(marker, float), np.array(is_case, bool), "lower")
    assert found.status is status
    assert found.area.value == pytest.approx(area)
    assert np.isnan([found.area.low, found.area.high]).all()


@pytest.mark.parametrize("is_case", [[1, 1, 1], [0, 0, 0]])
def test_all_events_and_no_events_are_refused(is_case):
    with pytest.raises(InputError, match="expected subjects with and without the event"):
        roc_curve(np.arange(3.0), np.array(is_case, bool), "lower")


def test_the_direction_is_the_one_with_the_larger_area():
    marker, is_case = drawn()
    assert direction_of(marker, is_case) == "lower"
    assert direction_of(-marker, is_case) == "higher"
    assert direction_of(np.ones(71), is_case) == "higher"


def test_a_curve_does_not_depend_on_the_order_of_subjects():
    marker, is_case = drawn(12, 3)
    curves = [
        roc_curve(marker[list(p)], is_case[list(p)], "lower")
        for p in itertools.islice(itertools.permutations(range(12)), 0, 40, 13)
    ]
    assert all(np.array_equal(one.true_positive, curves[0].true_positive) for one in curves)


def test_a_hundred_thousand_patients_have_the_area_of_their_ranks():
    marker, is_case = drawn(100_000, 15_000, shift=-0.5)
    statistic = mannwhitneyu(marker[~is_case], marker[is_case], method="asymptotic").statistic
    assert auroc(marker, is_case, "lower").area.value == pytest.approx(statistic / (15_000 * 85_000), abs=1e-12)
