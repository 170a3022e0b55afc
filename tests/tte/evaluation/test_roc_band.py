"""The band of a ROC curve by a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.evaluation.test_roc import drawn
from tte.evaluation.roc import roc_curve
from tte.evaluation.roc_band import roc_band
from tte.evaluation.stratified_draws import stratified_counts


@pytest.mark.parametrize("direction", ["lower", "higher"])
def test_the_band_holds_percentiles_of_drawn_curves(direction):
    marker, is_case = drawn(40, 8, 2, shift=-1.0 if direction == "lower" else 1.0)
    band = roc_band(marker, is_case, direction, n_draws=50, seed=4)
    reached = []
    for counts in stratified_counts(is_case, 50, 4):
        rows = np.repeat(np.arange(40), counts)
        curve = roc_curve(marker[rows], is_case[rows], direction)
        reached.append(
            [curve.sensitivity[curve.false_positive_rate <= f + 1e-9].max() for f in band.false_positive_rate]
        )
    expected = np.quantile(reached, (0.025, 0.975), axis=0)
    assert band.low == pytest.approx(expected[0])
    assert band.high == pytest.approx(expected[1])
    assert band.high[-1] == 1.0
