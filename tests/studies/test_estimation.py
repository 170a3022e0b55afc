"""The study of estimates: its cohorts, and what its page makes of rows."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from studies.estimates import EFFECT, Row, drawn_cohort, estimated, true_values
from studies.estimation import page
from studies.rows import run_tasks

if TYPE_CHECKING:
    from pathlib import Path

TRUTH = (0.49, 0.56, 13.2, 0.4186, 0.5715, 0.44)
ROW = Row(1, 1, "effect", "exact", "converged", "converged", 500.0, 506.0, *TRUTH, 0.05, 0.2, 2.0, 0.1, 0.2, 0.04)
NONE = replace(ROW, truth="none", ofv_without=501.0)


def test_a_cohort_without_an_effect_is_drawn_without_it():
    population = drawn_cohort(1, "none", seed=1)
    names = [one.name for one in population.parameters]
    assert true_values(population, "none")[names.index(EFFECT)] == 0.0
    assert true_values(population, "effect")[names.index(EFFECT)] == pytest.approx(0.56)
    assert population.n_subjects == 72
    # Another truth draws other levels.
    assert not np.array_equal(population.cohort.level, drawn_cohort(1, "effect", seed=1).cohort.level, equal_nan=True)


def test_the_page_counts_errors_intervals_and_tests():
    rows = [ROW, replace(ROW, cohort=2, cl=0.98, ofv_without=503.0), replace(ROW, cohort=3, status="flat_mode"), NONE]
    text = page(rows, Namespace(n=3, n_saem=0, seed=1))
    assert "| published | exact | 3 | 2 `converged`, 1 `flat_mode` |" in text
    # CL is right once and twice the truth once, far beyond its interval: bias 50 %, coverage one of two.
    assert "| `cl` | 0.49 | exact | 2 | +50.0 ± 50.0 % | +50.0 % | 70.7 % | 50.0 % [1.3, 98.7] of 2 |" in text
    # Objectives fall by 6 and by 3: one beyond 3.84, none beyond 6.63.
    assert "| published | exact | 50.0 % [1.3, 98.7] of 2 | 0.0 % [0.0, 84.2] of 2 |" in text
    assert "| no effect of CRP | exact | 0.0 % [0.0, 97.5] of 1 | 0.0 % [0.0, 97.5] of 1 |" in text


def rows_of(folder: Path, tasks: list[tuple[int, str, str]], *, workers: int = 1) -> list[Row]:
    return run_tasks(
        estimated,
        tasks,
        Row,
        key=lambda row: (row.cohort, row.truth, row.method),
        file=folder / "rows.csv",
        options=Namespace(folder=folder, seed=1, resume=False, scheduler=None, workers=workers),
        name="Rows",
    )


def test_rows_do_not_depend_on_who_computes_them(tmp_path: Path):
    tasks = [(1, "none", "laplace"), (2, "none", "laplace")]
    here, there = rows_of(tmp_path / "here", tasks), rows_of(tmp_path / "there", tasks, workers=2)
    assert [str(row) for row in there] == [str(row) for row in here]
    assert (tmp_path / "there" / "rows.csv").read_bytes() == (tmp_path / "here" / "rows.csv").read_bytes()


def test_a_task_that_fails_has_no_row_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert rows_of(tmp_path / "failed", [(1, "none", "no method")]) == []
    assert "it has no row" in " ".join(capsys.readouterr().err.split())
