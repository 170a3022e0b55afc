"""Cohorts without a single measured level: read, and a sentence says what is hardly identified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from pkpd.data.censored import without_censored
from pkpd.data.cohort_file import read_cohort
from pkpd.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

BELOW, ABOVE, BETWEEN = "a,5,.,0.4,1,.\n", "a,6,.,20,-1,.\n", "a,7,.,0.4,1,0.1\n"


def notes(folder: Path, rows: str) -> tuple[str, ...]:
    file = folder / "cohort.csv"
    file.write_text(f"ID,TIME,AMT,DV,CENS,LIMIT\na,0,300,.,0,.\n{rows}", encoding="utf-8")
    reading = read_cohort(str(file))
    assert reading.cohort is not None
    return reading.notes


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (BELOW * 2, "below a lower limit"),
        (ABOVE, "above an upper limit"),
        (BETWEEN, "between two limits"),
        (BELOW + ABOVE * 2, "1 below a lower limit, 2 above an upper limit"),
        (BELOW + ABOVE + BETWEEN, "1 below a lower limit, 1 above an upper limit, 1 between two limits"),
    ],
)
def test_a_cohort_of_censored_levels_alone_is_noted_with_the_reason(tmp_path: Path, rows: str, where: str):
    note = notes(tmp_path, rows)[-1]
    assert note.startswith(f"Every level is censored ({where}) and none has a value: the size of the residual error")
    assert "hardly identified" in note


def test_one_measured_level_is_enough(tmp_path: Path):
    assert not any("censored" in note for note in notes(tmp_path, f"{BELOW}{ABOVE}a,8,.,3,0,.\n"))


@pytest.mark.parametrize(("how", "rows"), [("drop", BELOW + ABOVE), ("half", ABOVE + BETWEEN)])
def test_what_would_leave_no_level_is_refused(tmp_path: Path, how: Literal["drop", "half"], rows: str):
    file = tmp_path / "cohort.csv"
    file.write_text(f"ID,TIME,AMT,DV,CENS,LIMIT\na,0,300,.,0,.\n{rows}", encoding="utf-8")
    cohort = read_cohort(str(file)).cohort
    assert cohort is not None
    with pytest.raises(InputError, match=f"--censored: {how} leaves none of the 2 levels, which are all censored"):
        without_censored(cohort, how)
