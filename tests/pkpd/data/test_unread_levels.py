"""Levels that are passed over are said, with their lines, and never left out in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkpd.data.cohort_file import read_cohort

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str):
    file = folder / "cohort.csv"
    file.write_text(text, encoding="utf-8")
    return read_cohort(str(file))


def test_a_level_in_a_row_of_a_dose_is_noted(tmp_path: Path):
    reading = read(tmp_path, "ID,TIME,AMT,EVID,DV\na,0,300,1,0\na,5,.,0,7\na,6,300,1,5.5\na,9,.,0,4\n")
    assert reading.cohort is not None
    assert reading.cohort.level.tolist() == [7.0, 4.0]
    assert reading.notes == ("DV of 1 row of doses (line 4) is not read; expected a level in a row of its own.",)


def test_a_row_with_an_amount_and_a_level_must_say_which_it_is(tmp_path: Path):
    text = "ID,TIME,AMT,DV\na,0,300,0\na,5,.,7\na,6,300,5.5\na,9,.,4\n"
    reading = read(tmp_path, text)
    assert reading.cohort is None
    (problem,) = map(str, reading.problems)
    said = "line 4, DV: is 5.5 in a row with a dose; expected the level in a row of its own, or EVID 1 where it is none"
    assert problem.endswith(said)
    assert reading.notes == ()


def test_levels_of_rows_that_are_no_samples_are_noted_with_their_lines(tmp_path: Path):
    rows = "".join(f"a,{day},.,{2 if day == 8 else 0},1,3\n" for day in range(6, 13))
    reading = read(tmp_path, f"ID,TIME,AMT,EVID,MDV,DV\na,0,300,1,1,.\na,5,.,0,0,7\n{rows}")
    note = "DV of 7 rows with MDV 1 or another EVID than 0 (lines 4, 5, 6, 7, 8 and 2 more) is not read."
    assert reading.notes == (note,)


@pytest.mark.parametrize(
    ("head", "row", "notes"),
    [
        ("EVID,DV", "0,.", ("DV of 1 row of EVID 0 (line 4) is empty, and no sample is read there.",)),
        ("EVID,DV", "2,.", ()),
        ("DV", ".", ()),
    ],
    ids=["called a sample", "called none", "covariates alone"],
)
def test_rows_called_samples_without_a_level_are_noted(tmp_path: Path, head: str, row: str, notes: tuple[str, ...]):
    first, second = ("1,.", "0,7") if "EVID" in head else (".", "7")
    reading = read(tmp_path, f"ID,TIME,AMT,{head}\na,0,300,{first}\na,5,.,{second}\na,9,.,{row}\n")
    assert reading.notes == notes
