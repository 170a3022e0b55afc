"""Data sets as NM-TRAN reads them, and every sentence about what it would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonmem_ref.dataset.cell_numbers import cell_number
from nonmem_ref.dataset.items import data_items
from nonmem_ref.dataset.options import OPERATORS, Condition, DataOptions, Translation
from nonmem_ref.dataset.read import read_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from nonmem_ref.dataset.read import Dataset, DatasetReading

PK = "ID TIME AMT DV"


def reading(folder: Path, text: str | bytes, items: str = PK, **options: Any) -> DatasetReading:
    path = folder / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    has_events = options.pop("has_events", True)
    named, faults = data_items((2, word) for word in items.split())
    assert not faults
    return read_dataset(str(path), named, DataOptions(**options), has_events=has_events)


def dataset(folder: Path, text: str | bytes, items: str = PK, **options: Any) -> Dataset:
    found = reading(folder, text, items, **options)
    assert found.dataset is not None, found.problems
    return found.dataset


def column(folder: Path, text: str | bytes, name: str, items: str = PK, **options: Any) -> list[float]:
    return dataset(folder, text, items, **options).columns[name].tolist()


def faults(folder: Path, text: str | bytes, items: str = PK, **options: Any) -> list[str]:
    found = reading(folder, text, items, **options)
    assert found.dataset is None
    return [str(problem).replace(f"{folder}/", "") for problem in found.problems]


def condition(label: str, operator: str, value: str) -> Condition:
    return Condition(label, OPERATORS[operator], value, 3)


# ---------------------------------------------------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    "line",
    [
        "1,2.5,0,7",
        "1 2.5 0 7",
        "  1   2.5  0 7  ",
        "1\t2.5\t0\t7",
        "1 , 2.5,0 ,7",
        "1,2.5 0,7",
        "1,2.5,.,7",
        "1,2.5,,7",
    ],
)
def test_commas_blanks_and_tabs_part_cells(tmp_path: Path, line: str):
    found = dataset(tmp_path, f"1,0,100,0\n{line}\n")
    assert [found.columns[name][1] for name in PK.split()] == [1.0, 2.5, 0.0, 7.0]
    assert found.lines.tolist() == [1, 2]


def test_two_tabs_have_a_null_between_them(tmp_path: Path):
    assert column(tmp_path, "1\t0\t100\t0\n1\t1\t\t7\n", "DV") == [0.0, 7.0]


@pytest.mark.parametrize("ending", ["\r\n", "\t\n", " \r\n"])
def test_what_stands_at_the_end_of_a_line_is_no_cell(tmp_path: Path, ending: str):
    assert column(tmp_path, f"1,0,100,0{ending}1,1,0,7{ending}", "DV") == [0.0, 7.0]


def test_a_comma_before_a_record_is_a_null_first_cell(tmp_path: Path):
    assert column(tmp_path, " ,1,0,100,0\n,1,1,0,7\n", "X", f"X {PK}") == [0.0, 0.0]


def test_a_record_may_end_early_and_may_go_on(tmp_path: Path):
    found = reading(tmp_path, "1,0,100\n1,1,0,7,99,x\n1,2,0,6\n")
    assert found.dataset is not None
    assert found.dataset.columns["DV"].tolist() == [0.0, 7.0, 6.0]
    assert found.notes == ("1 record ends before the last item of $INPUT (first: line 1): null there.",)


def test_a_file_in_latin_1_with_a_byte_order_mark_of_utf_8(tmp_path: Path):
    assert column(tmp_path, b"\xef\xbb\xbf1,0,100,0,\xe9\n1,1,0,7,x\n", "DV", f"{PK} NAME=DROP") == [0.0, 7.0]
    assert column(tmp_path, b"1,0,100,0,\xe9\n1,1,0,7,x\n", "DV", f"{PK} NAME=DROP") == [0.0, 7.0]


def test_utf_16_is_refused(tmp_path: Path):
    assert faults(tmp_path, "1,0,100,0\n".encode("utf-16")) == [
        "data.csv: is UTF-16 text; expected plain text, as a CSV file is"
    ]


def test_a_file_that_is_not_there(tmp_path: Path):
    items, _ = data_items((1, word) for word in PK.split())
    (problem,) = read_dataset(str(tmp_path / "none.csv"), items).problems
    assert problem.message == "cannot be read: No such file or directory; expected the file of $DATA"


def test_a_blank_line_is_refused_but_for_blankok(tmp_path: Path):
    text = "1,0,100,0\n  \n1,1,0,7\n"
    assert faults(tmp_path, text) == ["data.csv: line 2: is blank; expected a record, or the option BLANKOK"]
    found = dataset(tmp_path, "0,0,100,0\n\n0,1,0,7\n", blank_lines=True)
    assert found.columns["TIME"].tolist() == [0.0, 0.0, 1.0]


def test_a_line_that_is_too_long_is_refused(tmp_path: Path):
    (fault,) = faults(tmp_path, "1,0,100,0," + "9" * 67_000 + "\n")
    assert fault == "data.csv: line 1: is 67,010 characters long; expected at most 67,000"


def test_a_cell_that_is_too_long_is_refused_where_it_is_not_dropped(tmp_path: Path):
    cell = "1" * 25
    assert faults(tmp_path, f"1,0,100,{cell}\n") == [
        f"data.csv: line 1, DV: is “{cell}”; expected at most 24 characters in a cell"
    ]
    assert column(tmp_path, f"1,0,100,0,{cell}\n", "DV", f"{PK} X=SKIP") == [0.0]


def test_a_record_fin_ends_the_data(tmp_path: Path):
    assert column(tmp_path, "1,0,100,0\nFIN\n1,1,0,7\n", "DV") == [0.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("1E2", 100.0),
        ("1d2", 100.0),
        ("2-1", 0.2),
        ("1.5+3", 1500.0),
    ],
)
def test_numbers_as_fortran_writes_them(tmp_path: Path, text: str, value: float):
    assert column(tmp_path, f"1,0,100,0\n1,1,0,{text}\n1,2,0,3\n", "DV") == [0.0, value, 3.0]


@pytest.mark.parametrize("text", ["+", "-"])
def test_a_sign_alone_is_zero(tmp_path: Path, text: str):
    assert column(tmp_path, f"1,0,100,{text}\n", "DV") == [0.0]


@pytest.mark.requirement("NM-02")
@pytest.mark.parametrize("text", ["x", "NA", "nan", "inf", "1e999", "5e", "<0.5", "1.2.3", "#N/A", '"1"'])
def test_a_cell_that_is_no_number_is_refused(tmp_path: Path, text: str):
    assert faults(tmp_path, f"1,0,100,0\n1,1,0,{text}\n") == [
        f"data.csv: line 2, DV: is “{text}”; expected a number, or a point for null"
    ]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_every_number_that_python_writes_is_read(number: float):
    assert cell_number(repr(number)) == number
    assert cell_number(f"{number:.12E}".replace("E", "D")) == float(f"{number:.12E}")


def test_all_problems_are_told_in_order_and_many_are_counted(tmp_path: Path):
    text = "".join(f"1,{i},0,x\n" for i in range(30))
    found = faults(tmp_path, text)
    assert len(found) == 21
    assert found[0].startswith("data.csv: line 1, DV")
    assert found[-1] == "data.csv: 10 more such faults"


# ------------------------------------------------------------------------------------------------------------ $INPUT


@pytest.mark.requirement("NM-02")
def test_input_names_win_over_the_header_and_synonyms_share_a_column(tmp_path: Path):
    found = dataset(
        tmp_path, "ID,TIME,SS,DOSE,LEVEL\n1,0,5,100,0\n1,1,5,0,7\n", "ID TIME X DOSE=AMT DV=CONC", comments=("@",)
    )
    assert found.labels == ("ID", "TIME", "X", "DOSE", "CONC", "EVID", "MDV")
    assert found.columns["CONC"] is found.columns["DV"]
    assert found.columns["DOSE"].tolist() == found.columns["AMT"].tolist() == [100.0, 0.0]


@pytest.mark.parametrize("word", ["X=DROP", "DROP=X", "DROP", "SKIP", "x=skip", "DV2=DROP"])
def test_dropped_items_may_hold_anything(tmp_path: Path, word: str):
    found = dataset(tmp_path, "1,0,100,word,0\n1,1,0,?,7\n", f"ID TIME AMT {word} DV")
    assert found.columns["DV"].tolist() == [0.0, 7.0]
    assert found.labels == ("ID", "TIME", "AMT", "DV", "EVID", "MDV")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("ID ID", "line 2, $INPUT: ID is named twice (line 2)"),
        ("CP=DV CP", "line 2, $INPUT: CP is named twice (line 2)"),
        ("A=B", "makes synonyms of two labels of your own"),
        ("DV=AMT", "makes synonyms of two reserved labels"),
        ("1X", "“1X” is no data item; expected a label of letters, digits and _"),
        ("A=B=C", "“A=B=C” is no data item"),
        ("XVID1", "data item XVID1 is not read here; drop it (XVID1=DROP)"),
        ("CONT", "data item CONT is not read here"),
    ],
)
def test_items_that_are_refused(words: str, fault: str):
    _, found = data_items((2, word) for word in words.split())
    assert fault in "\n".join(map(str, found))


@pytest.mark.parametrize("items", ["ID TIME DV=DROP LNDV=DV AMT", "ID TIME DROP=DV DV AMT"])
def test_a_dropped_item_may_be_called_like_one_that_takes_its_place(tmp_path: Path, items: str):
    text = "1,0,x,0,100\n1,1,y,7,0\n1,2,z,8,0\n"
    assert column(tmp_path, text, "DV", items) == [0.0, 7.0, 8.0]
    assert column(tmp_path, text, "DV", items, conditions=(condition("DV", "=", "8"),)) == [0.0, 7.0]


def test_a_line_of_names_that_is_no_comment(tmp_path: Path):
    found = faults(tmp_path, "ID,TIME,AMT,DV\n1,0,100,0\n")
    assert found[0] == (
        "data.csv: line 1, ID: is “ID”; expected a number, or a point for null; IGNORE=@ leaves out lines that begin with a letter"
    )


def test_what_cannot_be_printed_is_a_dot(tmp_path: Path):
    assert "DV: is “a·[2J”; expected a number" in faults(tmp_path, b"1,0,100,a\xc2\x9b[2J\n")[0]


def test_several_bare_drops_are_allowed():
    items, found = data_items((2, word) for word in ["DROP", "SKIP", "DROP"])
    assert not found
    assert all(item.is_dropped and not item.names for item in items)


def test_id_time_and_dv_are_needed(tmp_path: Path):
    assert faults(tmp_path, "1,0\n", "ID DV=DROP") == [
        "data.csv: $INPUT has no TIME and no DV; expected ID, TIME, DV among its items"
    ]


# ------------------------------------------------------------------------------------------------------ comments, choice


def test_comments_are_lines_that_begin_with_the_sign(tmp_path: Path):
    text = "#head\n1,0,100,0\nC note\n 1,1,0,7\n"
    assert dataset(tmp_path, text, comments=("#", "C")).lines.tolist() == [2, 4]
    # In another column the sign is none.
    assert "is “C”" in faults(tmp_path, "1,0,100,0\n C,1,0,7\n", comments=("C",))[0]


def test_at_stands_for_any_first_letter(tmp_path: Path):
    text = "ID,TIME\n  id\n@x\n#y\n1,0,100,0\n"
    assert dataset(tmp_path, text, comments=("@",)).lines.tolist() == [5]


CHOICE = "1,0,100,0,1,M\n1,1,0,7,1.0,F\n2,0,100,0,5,M\n2,1,0,8,.,F\n"
ITEMS = f"{PK} DOS SEX=DROP"


@pytest.mark.parametrize(
    ("operator", "label", "value", "left"),
    [
        (".EQ.", "DOS", "1", [2, 3, 4]),
        ("==", "DOS", "1.0", [1, 3, 4]),
        ("=", "SEX", "M", [2, 4]),
        (".NE.", "DOS", "1", [1]),
        ("/=", "SEX", "M", [1, 3]),
        (".EQN.", "DOS", "1", [3, 4]),
        (".NEN.", "DOS", "1", [1, 2]),
        (".GT.", "DOS", "1", [1, 2, 4]),
        (">=", "DOS", "1", [4]),
        (".LT.", "DOS", "1", [1, 2, 3]),
        ("<=", "DOS", "1", [3]),
        ("<", "DOS", "5E0", [3]),
    ],
)
def test_ignored_records(tmp_path: Path, operator: str, label: str, value: str, left: list[int]):
    found = dataset(tmp_path, CHOICE, ITEMS, conditions=(condition(label, operator, value),), has_events=False)
    assert found.lines.tolist() == left


def test_one_condition_of_several_is_enough(tmp_path: Path):
    both = (condition("ID", ".EQ.", "1"), condition("SEX", ".EQ.", "F"))
    assert dataset(tmp_path, CHOICE, ITEMS, conditions=both).lines.tolist() == [3]
    assert dataset(tmp_path, CHOICE, ITEMS, conditions=both, accepts=True).lines.tolist() == [1, 2, 4]


def test_conditions_come_before_cells_are_read_as_numbers(tmp_path: Path):
    text = "1,0,100,0\n1,1,0,BLQ\n"
    assert column(tmp_path, text, "DV", conditions=(condition("DV", ".EQ.", "BLQ"),)) == [0.0]


def test_conditions_that_cannot_be_compared(tmp_path: Path):
    assert faults(tmp_path, CHOICE, ITEMS, conditions=(condition("AGE", ".GT.", "1"),)) == [
        "line 3, $DATA: AGE is compared, but $INPUT does not name it"
    ]
    assert faults(tmp_path, CHOICE, ITEMS, conditions=(condition("DOS", ".GT.", "X"),)) == [
        "line 3, $DATA: DOS is compared with “X”; .GT. expects a number"
    ]
    found = faults(tmp_path, CHOICE, ITEMS, conditions=(condition("SEX", ".GT.", "1"),))
    assert found[0] == "data.csv: line 1, SEX: “M” is no number; .GT. of $DATA expects a number"


def test_no_record_left(tmp_path: Path):
    found = faults(tmp_path, CHOICE, ITEMS, conditions=(condition("ID", ".GE.", "1"),))
    assert found == ["data.csv: no record is left of 4; expected data"]


def test_the_number_of_records_counts_no_comments_but_what_conditions_leave_out(tmp_path: Path):
    text = "#\n1,0,100,0\n1,1,0,7\n2,0,100,0\n"
    options = {"n_records": 2, "conditions": (condition("DV", ".EQ.", "7"),)}
    assert dataset(tmp_path, text, **options).lines.tolist() == [2]


def test_null_and_missing_values(tmp_path: Path):
    assert column(tmp_path, "1,0,100,0,.\n1,1,0,7,-99\n", "WT", f"{PK} WT", null=7.0, missing=(-99.0,)) == [7.0, 0.0]


# ------------------------------------------------------------------------------------------------------------------ times


def test_clock_times_are_hours_since_the_first_record_with_two_digits(tmp_path: Path):
    # The example of help on TIME, and an hour of three minutes and a second.
    text = "1,8:00,100,0\n1,14:45,0,7\n1,14.75,0,7\n1,14:48:01,0,6\n2,-1:30,100,0\n2,0:10,0,5\n"
    assert column(tmp_path, text, "TIME") == [0.0, 6.75, 6.75, 6.8, 0.0, 1.67]


def test_times_without_a_colon_stay_as_they_are(tmp_path: Path):
    assert column(tmp_path, "1,8,100,0\n1,9.12345,0,7\n", "TIME") == [8.0, 9.12345]


def test_dates_of_each_kind(tmp_path: Path):
    # The example of help on DATE, its parts in each order.
    rows = [("10-1-86", "9:15"), ("10-1-86", "14:40"), ("10-2-86", "8:30")]
    for label, order in {"DATE": (0, 1, 2), "DAT1": (1, 0, 2), "DAT2": (2, 0, 1), "DAT3": (2, 1, 0)}.items():
        lines = ["/".join(date.split("-")[i] for i in order) + f",{time}" for date, time in rows]
        text = "".join(f"1,{line},{100 if i == 0 else 0},1\n" for i, line in enumerate(lines))
        assert column(tmp_path, text, "TIME", f"ID {label}=DROP TIME AMT DV") == [0.0, 5.42, 23.25]


def test_dates_of_two_parts_and_of_one(tmp_path: Path):
    items = "ID DATE=DROP TIME AMT DV"
    text = "2,10-12,8,100,0\n2,10-14,10,0,7\n3,-1,8,100,0\n3,2,8:30,0,7\n"
    assert column(tmp_path, text, "TIME", items) == [0.0, 50.0, 0.0, 72.5]


def test_years_of_two_digits(tmp_path: Path):
    text = "1,12-31-50,0:00,100,0\n1,1-1-51,0:00,0,7\n"
    items = "ID DATE=DROP TIME AMT DV"
    # 2050, then 1951.
    assert "line 2, TIME: -876576 follows 0 in the record before (line 1)" in faults(tmp_path, text, items)[0]
    assert column(tmp_path, text, "TIME", items, last_year_of_2000s=-1) == [0.0, 24.0]
    assert column(tmp_path, "1,2-28-2000,0:00,9,0\n1,3-1-00,0:00,0,7\n", "TIME", items) == [0.0, 48.0]
    assert column(tmp_path, "1,2-28-1900,0:00,9,0\n1,3-1-1900,0:00,0,7\n", "TIME", items) == [0.0, 24.0]


def test_a_reset_begins_the_time_anew(tmp_path: Path):
    text = "1,8:00,100,0,1\n1,10:00,0,7,0\n1,7:00,100,0,4\n1,9:30,0,6,0\n"
    assert column(tmp_path, text, "TIME", f"{PK} EVID") == [0.0, 2.0, 0.0, 2.5]


def test_a_date_alone_makes_clock_times_and_says_so(tmp_path: Path):
    found = reading(tmp_path, "1,1,8,100,0\n1,2,8,0,7\n", "ID DAT1=DROP TIME AMT DV")
    assert found.dataset is not None
    assert found.dataset.columns["TIME"].tolist() == [0.0, 24.0]
    assert found.notes == ("DAT1 makes TIME clock times in hours, though no cell of it has a colon.",)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,1,25:60,0,7", "line 2, TIME: is “25:60”; expected a time as hh:mm, hh:mm:ss or hours"),
        ("1,1,noon,0,7", "line 2, TIME: is “noon”; expected a time as hh:mm, hh:mm:ss or hours"),
        ("1,13-45,9:00,0,7", "line 2, DATE: is “13-45”; expected a DATE of one to three parts (m-d-y)"),
        ("1,x,9:00,0,7", "line 2, DATE: is “x”; expected a DATE of one to three parts (m-d-y)"),
        ("1,1-2,9:00,0,7", "line 2, DATE: “1-2” has more or fewer parts than the date before"),
    ],
)
def test_times_and_dates_that_are_none(tmp_path: Path, row: str, fault: str):
    found = faults(tmp_path, f"1,1,8:00,100,0\n{row}\n", "ID DATE=DROP TIME AMT DV")
    assert fault in found[0]


def test_translated_times_and_intervals(tmp_path: Path):
    text = "1,0,100,0,24\n1,5,0,7,0\n"
    items = f"{PK} II"
    options = {"time": Translation(24.0, 4), "interval": Translation(24.0, 2)}
    assert column(tmp_path, text, "TIME", items, **options) == [0.0, 0.2083]
    assert column(tmp_path, text, "II", items, **options) == [1.0, 0.0]


def test_intervals_with_a_colon_are_hours_and_others_stay(tmp_path: Path):
    text = "1,0,100,0,1:20,1\n1,3,100,0,1.305,1\n"
    assert column(tmp_path, text, "II", f"{PK} II ADDL") == [1.33, 1.305]


# ----------------------------------------------------------------------------------------------------------------- events


def test_evid_and_mdv_are_generated(tmp_path: Path):
    found = dataset(tmp_path, "1,0,100,0,0\n1,1,0,7,0\n1,2,.,6,50\n", f"{PK} RATE", has_events=False)
    assert "EVID" not in found.columns
    found = dataset(tmp_path, "1,0,100,0\n1,1,0,7\n1,2,.,0\n")
    assert found.columns["EVID"].tolist() == [1.0, 0.0, 0.0]
    assert found.columns["MDV"].tolist() == [1.0, 0.0, 0.0]


def test_evid_is_2_where_mdv_says_that_nothing_was_observed(tmp_path: Path):
    found = dataset(tmp_path, "1,0,100,0,1\n1,1,0,7,0\n1,2,0,0,1\n", f"{PK} MDV")
    assert found.columns["EVID"].tolist() == [1.0, 0.0, 2.0]


def test_rate_alone_makes_a_dose(tmp_path: Path):
    found = faults(tmp_path, "1,0,0,0,50\n", f"{PK} RATE")
    assert found == ["data.csv: line 1, AMT: is 0; expected an amount above 0 in a dose (EVID 1 or 4)"]


def test_what_doses_may_say_is_kept(tmp_path: Path):
    text = "1,0,100,0,-2,24,3,1,1,0\n1,0,0,0,10,0,0,1,1,2\n1,5,0,7,0,0,0,0,0,1\n"
    found = dataset(tmp_path, text, f"{PK} RATE II ADDL SS EVID CMT")
    assert [found.columns[name][0] for name in ("RATE", "II", "ADDL", "SS", "CMT")] == [-2.0, 24.0, 3.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("1,1,0,7,0,0,0,0,5", "line 2, EVID: is 5; expected 0 (observation), 1 (dose), 2 (other), 3 (reset)"),
        ("1,1,0,7,0,0,0,0,0.5", "line 2, EVID: is 0.5; expected 0 (observation)"),
        ("1,1,0,0,0,0,0,0,1", "line 2, AMT: is 0; expected an amount above 0 in a dose (EVID 1 or 4)"),
        ("1,1,-5,0,0,0,0,0,1", "line 2, AMT: is -5; expected an amount above 0 in a dose"),
        ("1,1,5,0,0,0,0,0,0", "line 2, AMT: is 5; expected 0 in a record that is no dose (EVID 0, 2 or 3)"),
        ("1,1,0,0,10,0,0,0,2", "line 2, RATE: is 10; expected 0 in a record that is no dose"),
        ("1,1,5,0,-3,0,0,0,1", "line 2, RATE: is -3; expected a rate of at least 0, or -1 (rate) or -2 (duration)"),
        ("1,1,5,0,0,0,2,0,1", "line 2, ADDL: is 2; expected an interval II above 0 beside further doses"),
        ("1,1,5,0,0,12,1.5,0,1", "line 2, ADDL: is 1.5; expected a whole number of further doses"),
        ("1,1,5,0,0,0,0,1,1", "line 2, SS: is 1; expected an interval II above 0 beside a steady state"),
        ("1,1,5,0,0,12,0,9,1", "line 2, SS: is 9; expected 0, 1, 2 or 3"),
        ("1,-1,0,7,0,0,0,0,0", "line 2, TIME: -1 follows 0 in the record before (line 1); expected times in order"),
    ],
)
def test_event_records_that_are_refused(tmp_path: Path, rows: str, fault: str):
    found = faults(tmp_path, f"1,0,100,0,0,0,0,0,1\n{rows}\n", f"{PK} RATE II ADDL SS EVID")
    assert fault in found[0]
    assert len(found) == 1


def test_a_cell_of_an_event_that_is_no_number_is_told_once(tmp_path: Path):
    found = faults(tmp_path, "1,0,100,0,x,y,z,NA,BQL\n1,1,0,7,0,0,0,0,0\n", f"{PK} RATE II ADDL SS EVID")
    assert [one.partition(": is “")[0].removeprefix("data.csv: ") for one in found] == [
        f"line 1, {name}" for name in ("RATE", "II", "ADDL", "SS", "EVID")
    ]
    assert "nan" not in "".join(found)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,1,9,0,1,0", "line 2, MDV: is 0; expected 1 in a record that is no observation"),
        ("1,1,0,7,0,3", "line 2, MDV: is 3; expected 0 or 1"),
    ],
)
def test_missing_values_that_contradict_the_event(tmp_path: Path, row: str, fault: str):
    assert fault in faults(tmp_path, f"1,0,100,0,1,1\n{row}\n", f"{PK} EVID MDV")[0]


def test_doses_need_the_item_amt(tmp_path: Path):
    assert faults(tmp_path, "1,0,0,1\n", "ID TIME DV EVID") == [
        "data.csv: line 1, EVID: is 1; expected the data item AMT beside doses"
    ]


def test_an_observed_value_of_a_dose_is_ignored_and_told(tmp_path: Path):
    found = reading(tmp_path, "1,0,100,5\n1,1,0,7\n")
    assert found.notes == ("DV is ignored in 1 record that is no observation (first: line 1).",)


def test_times_may_go_back_at_a_reset_and_at_a_new_id(tmp_path: Path):
    text = "1,0,100,0,1\n1,9,0,7,0\n1,5,0,0,3\n1,6,0,4,0\n2,0,50,0,4\n"
    assert column(tmp_path, text, "TIME", f"{PK} EVID") == [0.0, 9.0, 5.0, 6.0, 0.0]


def test_an_id_that_comes_back_is_another_individual(tmp_path: Path):
    found = reading(tmp_path, "7,0,100,0\n7,1,0,7\n8,0,100,0\n7,0,100,0\n7,1,0,5\n8.5,0,1,0\n7,0,1,0\n")
    assert found.dataset is not None
    assert found.dataset.individual.tolist() == [0, 0, 1, 2, 2, 3, 4]
    assert found.dataset.names == ("7", "8", "7#2", "8.5", "7#3")
    assert found.notes == ("2 individuals have an ID that was there before (first: 7#2); each counts as a new one.",)


def test_without_events_times_are_free(tmp_path: Path):
    found = dataset(tmp_path, "1,5,0\n1,4,1\n", "ID TIME DV", has_events=False)
    assert found.labels == ("ID", "TIME", "DV")


# -------------------------------------------------------------------------------------------------------------- reference


@pytest.mark.parametrize(
    ("file", "items", "options", "counts"),
    [
        ("pheno_focei/pheno.dta", "ID TIME AMT WGT APGR DV", {"comments": ("@",)}, (744, 155, 59)),
        (
            "inf1cpt_focei_N012/INFUSION_1CPT.csv",
            "ID TIME DV LNDV MDV AMT RATE EVID DOSE VI CLI SSX IIX SD CMT",
            {"comments": ("@",), "conditions": (Condition("SD", OPERATORS[".EQ."], "0"),)},
            (2400, 2276, 120),
        ),
        (
            "m3_laplace_ad3tr4/ad3tr4.csv",
            "C SET ID JID TIME CONC AMT RATE EVID MDV CMT DV",
            {"comments": ("C",)},
            (600, 500, 100),
        ),
        (
            "infliximab_map_foce/input.csv",
            "ID TIME AMT RATE WT ADA ALB P1 P2 P3 P4 DV EVID CMT MDV",
            {"comments": ("C",)},
            (9100, 300, 100),
        ),
    ],
)
def test_records_observations_and_individuals_are_as_many_as_nonmem_counted(
    reference_dir: Path, file: str, items: str, options: dict[str, Any], counts: tuple[int, int, int]
):
    named, _ = data_items((2, word) for word in items.split())
    found = read_dataset(str(reference_dir / "nonmem" / file), named, DataOptions(**options))
    assert found.problems == ()
    assert found.dataset is not None
    n_observed = int(np.sum(found.dataset.columns["MDV"] == 0))
    assert (found.dataset.lines.size, n_observed, len(found.dataset.names)) == counts


def test_records_without_events_of_a_reference_run(reference_dir: Path):
    named, _ = data_items((2, word) for word in ["ID", "TIME", "DV", "MDV", "EVID", "DOSE", "CAVG"])
    path = reference_dir / "nonmem" / "tte_exponential_tte100" / "tte-sim.csv"
    found = read_dataset(str(path), named, DataOptions(comments=("@",)), has_events=False)
    assert found.dataset is not None
    assert (found.dataset.lines.size, len(found.dataset.names)) == (600, 300)
