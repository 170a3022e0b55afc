"""The best threshold by trying all, and its optimism by a plain loop over draws."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.evaluation.test_roc import drawn
from tte.evaluation.roc import direction_of, is_high_risk, roc_curve
from tte.evaluation.stratified_draws import stratified_counts
from tte.evaluation.two_by_two import two_by_two
from tte.evaluation.youden import YoudenStatus, drawn_thresholds, youden


def by_trying(marker, is_case, direction):
    """Return J, sensitivity, specificity and threshold of the best of all thresholds, the highest sensitivity first."""
    values = np.unique(marker)
    cuts = np.concatenate(([-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]))
    best = None
    for cut in cuts:
        table = two_by_two(is_high_risk(marker, cut, direction), is_case)
        sensitivity, specificity = table.true_positive / is_case.sum(), table.true_negative / (~is_case).sum()
        key = (round(sensitivity + specificity - 1.0, 12), sensitivity)
        if best is None or key > best[0]:
            best = (key, sensitivity, specificity, cut)
    assert best is not None
    return best


@pytest.mark.parametrize("direction", ["lower", "higher"])
@pytest.mark.parametrize("seed", range(6))
def test_the_best_threshold_is_that_of_trying_all(seed, direction):
    marker, is_case = drawn(40, 7, seed, shift=-0.7 if direction == "lower" else 0.7)
    (j, _), sensitivity, specificity, cut = by_trying(marker, is_case, direction)
    found = youden(roc_curve(marker, is_case, direction))
    assert found[:4] == pytest.approx((cut, j, sensitivity, specificity))


def test_of_thresholds_with_the_same_j_the_higher_sensitivity_is_taken():
    marker, is_case = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 1, 0], bool)
    found = youden(roc_curve(marker, is_case, "lower"))
    assert (found.threshold, found.sensitivity, found.specificity) == (3.5, 1.0, 0.5)


@pytest.mark.parametrize("marker", [np.ones(4), np.array([1.0, 2.0, 3.0, 4.0])])
def test_a_marker_of_no_use_has_a_status(marker):
    found = youden(roc_curve(marker, np.array([0, 0, 1, 1], bool), "lower"))
    assert found.status is YoudenStatus.USELESS
    assert (found.j, found.sensitivity, found.specificity) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("direction", "is_free"), [("lower", False), ("higher", False), ("lower", True), ("higher", True)]
)
def test_optimism_is_that_of_a_plain_loop(direction, is_free):
    marker, is_case = drawn(40, 6, 3, shift=-0.3 if direction == "lower" else 0.3)
    n_draws, gains, cuts, areas, turned = 60, [], [], [], 0
    for counts in stratified_counts(is_case, n_draws, 9):
        rows = np.repeat(np.arange(40), counts)
        assert is_case[rows].sum() == 6
        cases, controls = marker[rows][is_case[rows]], marker[rows][~is_case[rows]]
        area = ((cases[:, None] < controls) + 0.5 * (cases[:, None] == controls)).mean()
        areas.append(area if direction == "lower" else 1.0 - area)
        own = direction
        if is_free and areas[-1] < 0.5:
            own, turned = ("higher" if direction == "lower" else "lower"), turned + 1
        _, sensitivity, specificity, cut = by_trying(marker[rows], is_case[rows], own)
        table = two_by_two(is_high_risk(marker, cut, own), is_case)
        gains.append((sensitivity - table.true_positive / 6, specificity - table.true_negative / 34))
        cuts.append(cut)
    found = drawn_thresholds(marker, is_case, direction, n_draws=n_draws, seed=9, is_free=is_free)
    mean = np.mean(gains, axis=0)
    assert found.sensitivity.optimism == pytest.approx(mean[0], abs=1e-12)
    assert found.specificity.optimism == pytest.approx(mean[1], abs=1e-12)
    assert found.j.optimism == pytest.approx(mean.sum(), abs=1e-12)
    assert found.j.corrected == pytest.approx(found.j.apparent - mean.sum())
    useful = np.array(cuts)[np.isfinite(cuts)]
    assert found.threshold[1:] == pytest.approx(tuple(np.quantile(useful, (0.025, 0.975))))
    assert found.auroc[1:] == pytest.approx(tuple(np.quantile(areas, (0.025, 0.975))))
    assert (found.n_useless, found.n_reversed) == (n_draws - useful.size, turned)


def test_apparent_numbers_are_those_of_the_threshold():
    marker, is_case = drawn()
    best = youden(roc_curve(marker, is_case, "lower"))
    found = drawn_thresholds(marker, is_case, "lower", n_draws=20, seed=1)
    assert found.threshold.value == pytest.approx(best.threshold)
    assert (found.sensitivity.apparent, found.specificity.apparent) == pytest.approx(
        (best.sensitivity, best.specificity)
    )


def test_draws_do_not_depend_on_how_they_are_blocked_and_a_constant_marker_is_useless_in_each():
    is_case = np.array([1, 1, 0, 0, 0], bool)
    whole = stratified_counts(is_case, 6, 4)
    assert np.array_equal(whole[2:], stratified_counts(is_case, 4, 4, first=2))
    found = drawn_thresholds(np.ones(5), is_case, direction_of(np.ones(5), is_case), n_draws=10, seed=1)
    assert found.n_useless == 10
    assert np.isnan(found.threshold.value)
    assert found.j.corrected == 0.0


def test_a_marker_without_a_signal_loses_its_apparent_j():
    rng = np.random.default_rng(12)
    is_case = np.arange(66) < 6
    apparent, corrected = zip(
        *(
            (found.j.apparent, found.j.corrected)
            for _ in range(20)
            for found in [drawn_thresholds(rng.standard_normal(66), is_case, "lower", n_draws=200, seed=1)]
        ),
        strict=True,
    )
    assert np.mean(apparent) > 0.2
    assert abs(np.mean(corrected)) < 0.5 * np.mean(apparent)
