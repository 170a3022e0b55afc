"""Rows that were entered twice: told with both lines, and counted twice all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkpd.data.cohort_file import CohortReading, read_cohort

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "ID,TIME,AMT,DV,WT\n"


def read(folder: Path, text: str) -> CohortReading:
    file = folder / "cohort.csv"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_cohort(str(file))


def test_doses_and_samples_entered_twice_are_noted_with_both_lines_and_kept(tmp_path: Path):
    reading = read(tmp_path, "a,0,300,.,60\na,0,300,.,60\na,5,.,7,60\na,9,.,3,60\na,9,.,4,60\na,9,.,3,60\na,9,.,3,60\n")
    assert reading.notes == (
        "Line 3 is an exact copy of line 2 (subject a); it counts as another dose.",
        "Line 7 is an exact copy of line 5 (subject a); it counts as another sample.",
        "Line 8 is an exact copy of line 5 (subject a); it counts as another sample.",
    )
    assert reading.cohort is not None
    assert reading.cohort.dose_amount.tolist() == [300.0, 300.0]
    assert reading.cohort.level.tolist() == [7.0, 3.0, 4.0, 3.0, 3.0]


@pytest.mark.parametrize(
    "text",
    [
        "a,0,300,.,60\na,5,.,7,60\na,5,.,7,61\n",
        "a,0,300,.,60\na,5,.,7,60\nb,0,300,.,60\nb,5,.,7,60\n",
        "a,0,300,.,60\na,5,.,7,60\na,6,.,7,60\n",
        "a,0,300,.,60\na,5,.,.,60\na,5,.,.,60\na,6,.,7,60\n",
    ],
    ids=["another weight", "another subject", "another time", "neither dose nor sample"],
)
def test_rows_that_differ_or_hold_nothing_are_no_copies(tmp_path: Path, text: str):
    assert read(tmp_path, text).notes == ()


def test_copies_are_noted_beside_problems(tmp_path: Path):
    reading = read(tmp_path, "a,0,300,.,60\na,5,.,7,60\na,5,.,7,60\na,6,.,-1,60\n")
    assert reading.cohort is None
    assert reading.notes == ("Line 4 is an exact copy of line 3 (subject a); it counts as another sample.",)


def test_every_one_of_many_copies_is_named(tmp_path: Path):
    *sentences, last = read(tmp_path, "a,0,300,.,60\n" + "a,5,.,7,60\n" * 53).notes
    assert len(sentences) == 50
    assert last == "Further lines are exact copies and count as well: 54 of 3, 55 of 3."
