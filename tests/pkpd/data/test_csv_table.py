"""CSV files as programs write them: each is read as it is meant, or refused in a sentence with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkpd.data.cohort_file import read_cohort
from pkpd.data.cohort_table import read_table
from pkpd.data.planned_doses import read_planned_doses
from pkpd.errors import InputError
from tte.data.events_file import read_events

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "ID,TIME,AMT,DV\na,0,300,.\na,14,.,5.5\nb,0,400,.\nb,20,.,2\n"
MARKED = "\ufeff"


def written(folder: Path, content: bytes) -> str:
    file = folder / "cohort.csv"
    file.write_bytes(content)
    return str(file)


def problems(folder: Path, text: str, encoding: str = "utf-8") -> list[str]:
    """Return what is wrong with a file or with what stands in it, without its name."""
    file = written(folder, text.encode(encoding))
    try:
        found = read_cohort(file).problems
    except InputError as error:
        found = error.problems
    return [str(problem).removeprefix(f"{file}: ") for problem in found]


def quoted(text: str) -> str:
    return "\n".join(",".join(f'"{one}"' for one in line.split(",")) for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (TEXT, [3, 5]),
        (MARKED + TEXT, [3, 5]),
        (TEXT.replace("\n", "\r\n"), [3, 5]),
        (TEXT.replace("\n", "\r"), [3, 5]),
        (TEXT.replace(",", ";"), [3, 5]),
        (TEXT.replace(",", "\t"), [3, 5]),
        (quoted(TEXT), [3, 5]),
        (MARKED + quoted(TEXT).replace(",", ";").replace("\n", "\r\n"), [3, 5]),
        (TEXT.replace("b,0", "\n\nb,0"), [3, 7]),
        (TEXT.replace("b,0", "\n  \nb,0"), [3, 7]),
        (TEXT.replace("\n", "\r\n").replace("b,0", "\r\nb,0"), [3, 6]),
        (f"\n\n{TEXT}", [5, 7]),
        (f"{TEXT}\n\n\n", [3, 5]),
    ],
)
def test_files_of_many_programs_are_read_with_their_lines(tmp_path: Path, text: str, lines: list[int]):
    cohort = read_cohort(written(tmp_path, text.encode())).cohort
    assert cohort is not None
    assert cohort.ids == ("a", "b")
    assert (cohort.dose_amount.tolist(), cohort.level.tolist()) == ([300.0, 400.0], [5.5, 2.0])
    assert cohort.sample_line.tolist() == lines


def test_names_of_subjects_stay_text_behind_a_byte_order_mark(tmp_path: Path):
    cohort = read_cohort(written(tmp_path, (MARKED + TEXT.replace("a,", "007,")).encode())).cohort
    assert cohort is not None
    assert cohort.ids == ("007", "b")


def test_cells_inside_quotation_marks_may_go_over_lines(tmp_path: Path):
    text = 'ID,TIME,AMT,DV,NOTE\na,0,300,.,"one\n\nthree"\na,14,.,-5,x\n'
    assert problems(tmp_path, text) == ["line 5, DV: is -5; expected a level of at least 0 [mg/L]"]
    (note,) = read_cohort(written(tmp_path, text.encode())).notes
    assert note == "Column NOTE holds text (line 2: “one three”) and is not read."


def test_every_row_of_another_length_is_told_among_the_other_problems(tmp_path: Path):
    text = "ID,TIME,AMT,DV\na,0,300,.\na,3,.\n\na,4,.,x\na,5,.,5,5\na,6,.,-1\na,7\n"
    assert problems(tmp_path, text) == [
        "line 3: has 3 cells; expected 4, as many as the head has",
        "line 5, DV: “x” is not a number; expected one, or a point for none",
        "line 6: has 5 cells; expected 4, as many as the head has; a comma inside a number or text makes two cells of it",
        "line 7, DV: is -1; expected a level of at least 0 [mg/L]",
        "line 8: has 2 cells; expected 4, as many as the head has",
    ]


def test_what_may_stand_in_rows_that_are_not_read_is_not_missed(tmp_path: Path):
    assert problems(tmp_path, "ID,TIME,AMT,DV\na,0,300\na,5,.,5\n") == [
        "line 2: has 3 cells; expected 4, as many as the head has"
    ]


def test_rows_that_are_all_of_another_length_are_one_sentence(tmp_path: Path):
    text = TEXT.replace("\n", ",\n").replace("DV,", "DV")
    assert problems(tmp_path, text) == [
        "line 2: has 5 cells, and so has every row; expected 4, as many as the head has"
    ]


def test_rows_of_several_other_lengths_are_all_told(tmp_path: Path):
    assert problems(tmp_path, "ID,TIME,AMT,DV\na,0\na,5,.,5,5\n") == [
        "line 2: has 2 cells; expected 4, as many as the head has",
        "line 3: has 5 cells; expected 4, as many as the head has; a comma inside a number or text makes two cells of it",
    ]


@pytest.mark.parametrize("cell", ["first", "last"])
def test_a_quotation_mark_that_is_not_closed_is_told_where_it_opens(tmp_path: Path, cell: str):
    text = TEXT.replace("5.5", '"5.5') if cell == "last" else TEXT.replace("a,14", '"a,14')
    assert problems(tmp_path, text) == [
        "line 3: opens a quotation mark that is not closed; expected one at the end of the cell as well"
    ]


def test_a_quotation_mark_that_swallows_rows_is_told_with_both_lines(tmp_path: Path):
    text = 'ID,TIME,AMT,DV\na,0,300,.\n"a,14,.,5.5\nb",0,400\nb,20,.,2\n'
    assert problems(tmp_path, text) == [
        "line 3: has 3 cells and goes on to line 4 inside quotation marks; expected 4, as many as the head has"
    ]


def test_a_decimal_comma_is_told_once_for_a_column(tmp_path: Path):
    text = "ID;TIME;AMT;DV\na;0;300;.\na;14;.;5,5\nb;0;400;.\nb;20;.;2,25\nb;21,5;.;x\n"
    assert problems(tmp_path, text) == [
        "line 3, DV: “5,5” has a decimal comma, as 1 further cell of the column has; expected a point: 5.5",
        "line 6, TIME: “21,5” has a decimal comma; expected a point: 21.5",
        "line 6, DV: “x” is not a number; expected one, or a point for none",
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        (TEXT, "utf-16", "is text in UTF-16; expected UTF-8 (in a spreadsheet: save as “CSV UTF-8”)"),
        (TEXT.replace("b,20", "Müller,20"), "latin-1", "line 5: holds the byte 0xfc, which is no text in UTF-8"),
        ("", "utf-8", "is empty; expected a head with the names of columns"),
        ("ID,TIME,AMT,DV", "utf-8", "holds no record; expected"),
        ("ID,TIME,AMT,DV\n", "utf-8", "holds no record; expected"),
        ('ID,"TIME,AMT,DV\na,0,300,.\n', "utf-8", "line 1: opens a quotation mark that is not closed"),
        (f"{MARKED}\n\n", "utf-8", "is empty; expected a head with the names of columns"),
    ],
)
def test_what_is_no_text_is_one_sentence(tmp_path: Path, text: str, encoding: str, said: str):
    (found,) = problems(tmp_path, text, encoding)
    assert found.startswith(said)


def test_an_empty_cell_of_a_column_is_not_a_missing_one(tmp_path: Path):
    table = read_table(written(tmp_path, b"ID,TIME,DV\na,,\n"))
    assert (table.n_rows, table.faults) == (1, ())


def test_other_tables_are_refused_for_such_rows_too(tmp_path: Path):
    with pytest.raises(InputError, match="line 3: has 2 cells; expected 3"):
        read_planned_doses(written(tmp_path, b"ID,TIME,AMT\na,0,300\na,14\n"))
    reading = read_events(written(tmp_path, b"ID,TIME,EVENT\na,10,1\nb,20\nc,x,0\n"))
    assert reading.events is None
    assert [str(one).partition("line ")[2][:10] for one in reading.problems] == ["3: has 2 c", "4, TIME: “"]
