"""What a table of participants says, and every problem in it with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from crohns_srs.data.config import load_config
from crohns_srs.data.ipd_file import Participants, read_participants
from pkpd.errors import InputError
from tests.crohns_srs.trials import CONFIG, rows, written

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, participants: list[dict[str, Any]], config: str = CONFIG) -> Participants:
    table, file = written(folder, participants, config)
    return read_participants(table, load_config(file))


def problems(folder: Path, participants: list[dict[str, Any]]) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, participants)
    return [str(one).replace(f"{folder / 'participants.csv'}: ", "") for one in caught.value.problems]


def test_values_are_centred_unless_the_column_is(tmp_path: Path):
    given = rows()
    found = read(tmp_path, given)
    np.testing.assert_allclose(found.covariates["age"], [row["age"] - 40.0 for row in given])
    assert found.covariates["male"].tolist() == [row["male"] for row in given]
    assert sorted(set(found.arm.tolist())) == ["new", "old", "placebo"]
    moved = [{**row, "age": row["age"] - 40.0} for row in given]
    again = read(tmp_path, moved, CONFIG.replace("centre = 40", "centre = 40\ncentred = true"))
    np.testing.assert_allclose(again.covariates["age"], found.covariates["age"])


def test_every_problem_is_told_with_line_column_and_value(tmp_path: Path):
    given = rows()
    given[0]["age"] = "old"
    given[1]["age"] = -1.0
    given[2]["male"] = 2
    given[3]["fall"] = ""
    given[4]["arm"] = "b"
    given[5]["study"] = " "
    given[6]["fall"] = 501
    given[7]["fall"] = "inf"
    assert problems(tmp_path, given) == [
        "line 2, age: “old” is not a number; expected one",
        "line 3, age: is -1.0; expected 0 to 120",
        "line 4, male: is 2; expected 0 or 1",
        "line 5, fall: is nothing; expected a finite number, nothing is filled in",
        "line 6, arm: “b” is no arm; expected none, A, B",
        "line 7, study: is nothing; expected the name of a trial",
        "line 8, fall: is 501; expected -500 to 500",
        "line 9, fall: is inf; expected a finite number, nothing is filled in",
    ]


def test_limits_hold_for_what_was_measured_not_for_what_was_centred(tmp_path: Path):
    moved = [{**row, "age": row["age"] - 40.0} for row in rows()]
    moved[0]["age"] = 81.0
    table, file = written(tmp_path, moved, CONFIG.replace("centre = 40", "centre = 40\ncentred = true"))
    with pytest.raises(InputError, match=r"line 2, age: is 81\.0; expected -40 to 80"):
        read_participants(table, load_config(file))


def test_columns_and_arms_that_are_not_there_are_told(tmp_path: Path):
    lacking = [{key: value for key, value in row.items() if key not in {"age", "arm"}} for row in rows()]
    found = problems(tmp_path, lacking)
    assert [one.split(";")[0] for one in found] == ["has no column arm", "has no column age"]
    without = [row for row in rows() if row["arm"] != "B"]
    assert problems(tmp_path, without) == ["has no row with B in arm; every model needs rows"]


@pytest.mark.reference
@pytest.mark.parametrize(
    ("file", "n", "n_placebo"), [("crohns_biologics_sample.csv", 1000, 290), ("srs_sim5703.csv", 5703, 1621)]
)
def test_the_published_configuration_reads_the_reference_tables(file: str, n: int, n_placebo: int, reference_dir: Path):
    found = read_participants(str(reference_dir / "crohns" / file), load_config())
    assert (found.n_rows, int((found.arm == "placebo").sum())) == (n, n_placebo)


def test_of_very_many_problems_the_number_of_the_others_is_told(tmp_path: Path):
    many = [{**one, "fall": "3,5", "age": "old"} for one in rows()] * 3
    table, config = written(tmp_path, many)
    with pytest.raises(InputError) as caught:
        read_participants(table, load_config(config))
    problems = caught.value.problems
    assert len(problems) == 1001
    assert str(problems[-1]) == f"{table}: 440 more such problems"
