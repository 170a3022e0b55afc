"""The bands of NPDE's distribution hold what independent standard normal values give."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.figures.npde import npde_distribution, qq_band
from pkpd.figures.sheet import Drawing
from tests.pkpd.figures.levels import drawn_marks, path_numbers


@pytest.mark.parametrize("n", [1, 2, 50])
def test_the_band_of_each_quantile_holds_95_percent_of_samples(n: int):
    rng = np.random.default_rng(7)
    samples = np.sort(rng.standard_normal((4000, n)), axis=1)
    expected, low, high = qq_band(n)

    inside = ((samples > low) & (samples < high)).mean(axis=0)
    assert np.abs(inside - 0.95).max() < 0.016
    assert np.all(low < expected)
    assert np.all(expected < high)
    assert np.allclose(low, -high[::-1])


def test_bars_and_quantiles_are_drawn_of_all_values():
    values = np.random.default_rng(3).standard_normal(300)
    values[:20] = np.nan
    drawing = npde_distribution(values, n_censored=20)
    assert isinstance(drawing, Drawing)

    assert drawn_marks(drawing.svg, "quantiles") == 280
    assert drawn_marks(drawing.svg, "bars") == 14
    assert "quantified levels (280)" in drawing.caption
    assert "censored levels (20) have none" in drawing.caption
    assert not {word for word in path_numbers(drawing.svg) if "nan" in word.lower()}
    assert [row[1] for row in drawing.table.rows] == np.sort(values[20:]).tolist()


def test_without_a_value_there_is_a_sentence():
    found = npde_distribution(np.full(3, np.nan))
    assert isinstance(found, str)
    assert "not drawn" in found
