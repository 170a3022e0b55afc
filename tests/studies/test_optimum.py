"""The study of optima: its cohorts, its table and its verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from studies.optimum import is_unsaid, page
from studies.rows import Table
from studies.searches import Row, drawn_cohort

if TYPE_CHECKING:
    from pathlib import Path

ROW = Row(1, 1, "exact", "converged", "", 500.0, 500.001, 499.995, 500.0)
FLAT = Row(1, 1, "laplace", "flat_mode", "", 520.0, *[float("nan")] * 3)


def test_the_truth_of_odd_cohorts_is_the_model_and_of_even_ones_another():
    population, truth = drawn_cohort(1, seed=1)
    published = np.array([one.value for one in population.parameters])
    assert truth == pytest.approx(published)
    _, other = drawn_cohort(2, seed=1)
    is_free = np.array([not one.is_fixed for one in population.parameters])
    assert (np.abs(other / published - 1.0)[is_free] > 1e-3).all()
    assert other[~is_free] == pytest.approx(published[~is_free])
    again, _ = drawn_cohort(2, seed=1)
    assert np.array_equal(again.cohort.level, drawn_cohort(2, seed=1)[0].cohort.level, equal_nan=True)


def test_a_row_knows_the_best_and_what_its_status_says():
    assert ROW.best == 499.995
    assert not is_unsaid(ROW)
    above = replace(ROW, independent=499.9)
    assert above.above == pytest.approx(0.1)
    assert is_unsaid(above)
    assert not is_unsaid(replace(above, status="several_modes"))
    assert FLAT.above == 0.0


def test_a_table_is_read_back_and_a_line_that_was_cut_off_is_left_out(tmp_path: Path):
    file = tmp_path / "optimum.csv"
    table = Table(Row, file)
    assert table.kept() == []
    table.write([ROW, FLAT])
    assert [str(row) for row in table.kept()] == [str(ROW), str(FLAT)]
    file.write_text(file.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert [str(row) for row in table.kept()] == [str(ROW)]


def test_the_page_leads_with_the_count_and_shows_the_worst():
    text = page([ROW, FLAT, replace(ROW, cohort=2, independent=499.5)], seed=1)
    assert "**1 of 3 fits to 2 simulated cohorts ended more than 0.01 above the best optimum known" in text
    assert "| exact | `converged` | 2 | 1 | 0.5000 |" in text
    assert "| laplace | `flat_mode` | 1 | not tried |  |" in text
    assert text.index("| 2 | exact |") < text.index("| 1 | exact |")
    assert "On other cohorts" not in text
    checked = page([ROW], seed=1, check=[replace(ROW, seed=2, method="laplace", independent=499.0)])
    assert "On cohorts of seed 2, which nothing was chosen on, 1 of 1 fits by `laplace`" in checked
