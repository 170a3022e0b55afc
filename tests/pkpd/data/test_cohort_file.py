"""Cohort files: what is read, and every problem with its line."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pkpd.data.censored import without_censored
from pkpd.data.cohort import cohort_of, subject_of
from pkpd.data.cohort_file import read_cohort
from pkpd.data.cohort_rows import COLUMNS, cohort_rows
from pkpd.errors import InputError, Problem
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.problem import bind
from pkpd.simulation.predict import predict_samples
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from pathlib import Path

NIYIGENA = load_model("niyigena_2026_asuc")
NAMES = {domain.column: name for name, domain in NIYIGENA.covariates.items()}


def written(folder: Path, text: str, name: str = "cohort.csv") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def read(folder: Path, text: str):
    return read_cohort(written(folder, text), NAMES)


def problems(folder: Path, text: str) -> list[str]:
    reading = read(folder, text)
    assert reading.cohort is None
    return [str(problem).removeprefix(f"{folder}/cohort.csv: ") for problem in reading.problems]


def problems_of(folder: Path, text: str) -> tuple[Problem, ...]:
    """Return what is wrong, with a file or with what stands in it."""
    try:
        return read(folder, text).problems
    except InputError as error:
        return error.problems


GOOD = "ID,TIME,AMT,DUR,DV,WT,CRP\na,0,300,0.1,.,60,30\na,14,.,.,5.5,60,30\nb,0,400,0,.,70,.\nb,20,.,.,2,70,.\n"


def test_doses_levels_and_covariates_are_read(tmp_path: Path):
    cohort = read(tmp_path, GOOD).cohort
    assert cohort is not None
    assert cohort.ids == ("a", "b")
    assert cohort.dose_amount.tolist() == [300.0, 400.0]
    assert cohort.dose_duration.tolist() == [0.1, 0.0]
    assert (cohort.sample_time.tolist(), cohort.level.tolist()) == ([14.0, 20.0], [5.5, 2.0])
    assert cohort.covariates["weight_kg"].tolist() == [60.0, 70.0]
    assert cohort.sample_line.tolist() == [3, 5]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_signs_between_cells_and_small_letters_are_read(tmp_path: Path, sign: str):
    cohort = read(tmp_path, GOOD.replace(",", sign).replace("TIME", "time")).cohort
    assert cohort is not None
    assert cohort.level.tolist() == [5.5, 2.0]


def test_parquet_is_read_like_csv(tmp_path: Path):
    columns = {
        "ID": ["a", "a"],
        "TIME": [0.0, 14.0],
        "AMT": [300.0, None],
        "DV": [None, 5.5],
        "WT": [60, 60],
        "CRP": [30.0, 30.0],
    }
    parquet.write_table(pa.table(columns), tmp_path / "cohort.parquet")
    cohort = read_cohort(str(tmp_path / "cohort.parquet"), NAMES).cohort
    assert cohort is not None
    assert cohort.level.tolist() == [5.5]


def test_types_of_parquet_that_are_neither_number_nor_text_are_problems_or_passed_over(tmp_path: Path):
    columns = {
        "ID": pa.array([2**62, 2**62]),
        "TIME": pa.array([0.0, 14.0], type=pa.float32()),
        "AMT": pa.array([300, None], type=pa.decimal128(9, 2)),
        "DV": pa.array([None, 5.5]),
        "WT": pa.array([2**60, 2**60], type=pa.uint64()),
        "PLACE": pa.array([{"x": 1}, None]),
        "DATES": pa.array([[1], [2, 3]]),
        "SCAN": pa.array([b"\xff", b"\xfe"]),
    }
    file = str(tmp_path / "cohort.parquet")
    parquet.write_table(pa.table(columns), file)
    reading = read_cohort(file, NAMES)
    assert reading.cohort is not None
    assert reading.cohort.ids == (str(2**62),)
    assert reading.cohort.covariates["weight_kg"].tolist() == [2.0**60]
    assert [note.split(" (")[0] for note in reading.notes] == [
        f"Column {n} holds text" for n in ("PLACE", "DATES", "SCAN")
    ]
    parquet.write_table(pa.table({**columns, "DV": pa.array([None, [5.5]])}), file)
    assert [problem.message for problem in read_cohort(file, NAMES).problems] == [
        "“[5.5]” is not a number; expected one, or a point for none"
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_lengths_of_time_of_parquet_are_no_days(tmp_path: Path, unit: str):
    per_day = 86_400 * 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    columns = {
        "ID": ["a", "a"],
        "TIME": pa.array([0, 14 * per_day + per_day // 2], type=pa.duration(unit)),
        "AMT": [300.0, None],
        "DV": [None, 5.5],
        "WT": [60, 60],
        "CRP": [30.0, 30.0],
    }
    file = str(tmp_path / "cohort.parquet")
    parquet.write_table(pa.table(columns), file)
    reading = read_cohort(file, NAMES)
    assert reading.cohort is None
    assert reading.problems[1].message.startswith(
        "“14 days, 12:00:00” is not a number; expected days since the first dose"
    )


def test_a_point_names_neither_assay_nor_centre(tmp_path: Path):
    text = "ID,TIME,AMT,DV,ASSAY,CENTRE\na,0,300,.,.,.\na,5,.,5,x,NA\na,6,.,5,.,p\nb,0,300,.,.,\nb,5,.,5,NA,.\n"
    reading = read(tmp_path, text)
    assert reading.cohort is not None
    assert [reading.cohort.assays[i] for i in reading.cohort.assay] == ["x", None, None]
    assert [reading.cohort.centres[i] for i in reading.cohort.centre] == ["p", ""]
    assert "1 subject has no centre, as if that were a centre of its own." in reading.notes


def test_further_doses_and_steady_state_are_written_out(tmp_path: Path):
    text = "ID,TIME,AMT,ADDL,II,SS,DV\na,0,300,2,14,0,.\na,30,.,.,.,.,5\nb,0,200,0,56,1,.\nb,9,.,.,.,.,5\n"
    cohort = read(tmp_path, text).cohort
    assert cohort is not None
    assert cohort.dose_time[:3].tolist() == [0.0, 14.0, 28.0]
    assert (np.diff(cohort.dose_start) == [3, 109]).all()
    assert cohort.dose_time[3:5].tolist() == [-108 * 56.0, -107 * 56.0]


@pytest.mark.parametrize("apart", [0.5, 1.0, 14.0, 56.0])
@pytest.mark.parametrize("half_life", [3.0, 18.0, 60.0])
def test_steady_state_is_that_of_the_closed_form(tmp_path: Path, apart: float, half_life: float):
    """Closed form: the geometric series of boluses of 300 mg, at the time of the last one, in a volume of 10 L."""
    text = f"ID,TIME,AMT,II,SS,DV,WT,CRP\na,0,300,{apart},1,.,63,30\na,0,.,.,.,5,63,30\na,7,.,.,.,5,63,30\n"
    cohort = read(tmp_path, text).cohort
    assert cohort is not None
    k = np.log(2.0) / half_life
    predicted = [
        (30.0 * np.exp(-k * (time - cohort.dose_time[cohort.dose_time <= time]))).sum() for time in cohort.sample_time
    ]
    first = 30.0 / -np.expm1(-k * apart)
    assert predicted == pytest.approx([first, first * np.exp(-7.0 * k)], rel=1e-5)


def test_rates_become_durations(tmp_path: Path):
    cohort = read(tmp_path, "ID,TIME,AMT,RATE,DV\na,0,300,3600,.\na,5,.,.,5\n").cohort
    assert cohort is not None
    assert cohort.dose_duration[0] == pytest.approx(1.0 / 12.0)


def test_censoring_of_both_kinds_and_intervals_are_read(tmp_path: Path):
    text = (
        "ID,TIME,AMT,DV,CENS,LIMIT,LLOQ,ULOQ\na,0,300,.,0,.,.,.\na,1,.,0.4,1,.,.,.\na,2,.,20,-1,.,.,.\n"
        "a,3,.,0.4,1,0.1,.,.\na,4,.,0.2,0,.,0.4,20\na,5,.,31,0,.,0.4,20\na,6,.,5,0,.,0.4,20\n"
    )
    cohort = read(tmp_path, text).cohort
    assert cohort is not None
    assert cohort.censoring.tolist() == [1, 2, 3, 1, 2, 0]
    assert cohort.lloq[[0, 2, 3]].tolist() == [0.4, 0.1, 0.4]
    assert cohort.uloq[[1, 2, 4]].tolist() == [20.0, 0.4, 20.0]
    assert [subject_of(cohort, 0).samples[i].level for i in (5,)] == [5.0]
    dropped, halved = without_censored(cohort, "drop"), without_censored(cohort, "half")
    assert dropped.level.tolist() == [5.0]
    assert halved.level.tolist() == [0.2, 0.2, 5.0]


WRONG = [
    ("ID,TIME,AMT\na,0,300\n", "has no column DV; it has ID, TIME, AMT"),
    ("ID,TIME,AMT,DV\na,0,3OO,.\na,5,.,5\n", "line 2, AMT: “3OO” is not a number; expected one, or a point for none"),
    ("ID,TIME,AMT,DV\na,0,300,.\na,x,.,5\n", "line 3, TIME: “x” is not a number; expected one, or a point for none"),
    (
        "ID,TIME,AMT,DV\na,5,300,.\na,4,.,5\n",
        "line 3, TIME: 4 is earlier than the row before; expected times in order within a subject",
    ),
    (
        "ID,TIME,AMT,DV\na,0,300,.\nb,0,300,.\na,5,.,5\n",
        "line 4, ID: subject a comes back after another one; expected its rows together",
    ),
    (
        "ID,TIME,AMT,DV,CENS\na,0,300,.,0\na,5,.,.,1\n",
        "line 3, DV: is . in a censored row; expected the limit that the level lies beyond [mg/L]",
    ),
    (
        "ID,TIME,AMT,DV,EVID\na,0,300,.,1\na,5,.,5,4\na,6,.,5,0\n",
        "line 3, EVID: 4 resets the amounts, which is not read here; give the time after it a subject of its own",
    ),
    (
        "ID,TIME,AMT,DV,EVID\na,0,-300,.,1\na,5,.,5,0\n",
        "line 2, AMT: is -300 in a dose; expected an amount above 0 [mg]",
    ),
    (
        "ID,TIME,AMT,DV,RATE\na,0,300,.,-2\na,5,.,5,0\n",
        "line 2, RATE: is -2, a rate or duration to be estimated; expected a rate above 0 [mg/day], or DUR",
    ),
    (
        "ID,TIME,AMT,DV,ADDL\na,0,300,.,2\na,5,.,5,0\n",
        "line 2, ADDL: is 2 without an interval; expected II above 0 [day]",
    ),
    (
        "ID,TIME,AMT,DV\na,0,300,.\na,5,.,0\n",
        "line 3, DV: is 0; expected a level above 0, or CENS 1 with the limit in DV",
    ),
    ("ID,TIME,AMT,DV\na,0,.,.\na,5,.,5\n", "holds no dose; expected rows with AMT above 0, or EVID 1"),
    ("ID,TIME,AMT,DV\na,0,300,.\n", "holds no level; expected rows of EVID 0 with DV, or with CENS and a limit"),
    (
        "ID,TIME,AMT,DV,LLOQ,ULOQ\na,0,300,.,.,.\na,5,.,5,20,0.4\n",
        "line 3, LLOQ: is 20, not below ULOQ; expected the lower limit first",
    ),
    ("ID,TIME,AMT,DV\na,0,inf,.\na,5,.,5\n", "line 2, AMT: is inf; expected a finite number [mg]"),
    ("ID,TIME,AMT,RATE,DV\na,0,300,inf,.\na,5,.,.,5\n", "line 2, RATE: is inf; expected a finite number [mg/day]"),
    ("ID,TIME,AMT,DUR,DV\na,0,300,Inf,.\na,5,.,.,5\n", "line 2, DUR: is Inf; expected a finite number [day]"),
    ("ID,TIME,AMT,ADDL,II,DV\na,0,300,2,inf,.\na,5,.,.,.,5\n", "line 2, II: is inf; expected a finite number [day]"),
    (
        "ID,TIME,AMT,DV,CENS\na,0,300,.,0\na,5,.,0,1\n",
        "line 3, DV: is 0 in a censored row; expected the limit that the level lies beyond, above 0 [mg/L]",
    ),
    (
        "ID,TIME,AMT,DV,CENTRE\na,0,300,.,.\na,5,.,5,x\na,6,.,5,y\n",
        "line 4, CENTRE: is y and another one in a row before; expected one centre for a subject",
    ),
    ("ID,TIME,AMT,DV\n.,0,300,.\n.,5,.,5\n", "line 2, ID: is .; expected the name of a subject"),
]


@pytest.mark.requirement("DATA-01")
@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_wrong_file_says_what_is_wrong_and_where(tmp_path: Path, text: str, said: str):
    assert said in problems(tmp_path, text)


@pytest.mark.requirement("DATA-01")
def test_every_problem_is_listed_in_the_order_of_the_lines(tmp_path: Path):
    found = problems(tmp_path, "ID,TIME,AMT,DV\na,0,-3,5\na,x,.,5\na,4,.,?\na,2,300,.\n")
    lines = [int(problem.split("line ")[1].split(",")[0]) for problem in found if problem.startswith("line")]
    assert lines == sorted(lines)
    assert len(found) >= 3


@pytest.mark.parametrize("text", ["", "ID,TIME\n", "ID,ID,TIME,DV\n1,2,3,4\n", 'ID,TIME,DV\n"1,2'])
def test_what_is_no_table_is_one_sentence(tmp_path: Path, text: str):
    assert problems_of(tmp_path, text)


def test_a_cohort_comes_back_from_its_file(tmp_path: Path):
    drawn = virtual_cohort(NIYIGENA, Design(40), np.random.default_rng(4))
    lines = [COLUMNS, *cohort_rows(drawn)]
    text = "\n".join(",".join(map(str, line)) for line in lines) + "\n"
    again = read(tmp_path, text).cohort
    assert again is not None
    assert again.ids == drawn.ids
    assert again.censoring.tolist() == drawn.censoring.tolist()
    assert again.level == pytest.approx(drawn.level, rel=1e-4, nan_ok=True)
    assert again.dose_time.tolist() == drawn.dose_time.tolist()
    assert again.covariates["crp_mg_per_L"] == pytest.approx(drawn.covariates["crp_mg_per_L"], nan_ok=True)


@pytest.mark.requirement("DATA-03")
def test_missing_covariates_take_the_last_value_and_then_the_median(tmp_path: Path):
    text = "ID,TIME,AMT,DV,WT,CRP\na,0,300,.,60,30\na,5,.,5,.,30\nb,0,300,.,.,10\nb,5,.,5,.,10\nc,0,300,.,80,.\nc,5,.,5,80,.\n"
    reading = read(tmp_path, text)
    assert reading.cohort is not None
    ready = with_model_covariates(reading.cohort, NIYIGENA)
    assert subject_of(ready.cohort, 0).covariates[-1].values["weight_kg"] == 60.0
    assert subject_of(ready.cohort, 1).covariates[0].values["weight_kg"] == 70.0
    assert subject_of(ready.cohort, 2).covariates[0].values["crp_mg_per_L"] == 20.0
    assert "weight_kg is missing in 1 subject; 70 kg, the cohort's median, stands for it." in ready.notes


def test_impossible_covariates_are_named_with_their_subject(tmp_path: Path):
    reading = read(tmp_path, GOOD.replace(",60,30", ",600,30"))
    assert reading.cohort is not None
    with pytest.raises(InputError, match="subject a, WT: is 600; expected at least 10 and at most 300 kg"):
        with_model_covariates(reading.cohort, NIYIGENA)


def test_subjects_go_into_a_cohort_and_come_back():
    drawn = virtual_cohort(NIYIGENA, Design(10), np.random.default_rng(4))
    again = cohort_of([subject_of(drawn, i) for i in range(10)])
    assert again.sample_time.tolist() == drawn.sample_time.tolist()
    assert [subject_of(again, i).doses for i in range(10)] == [subject_of(drawn, i).doses for i in range(10)]


@pytest.mark.requirement("DATA-01", "BAD-01")
@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('IDTMEAV,;\t\n"0123.-xe '), max_size=120), st.booleans())
def test_no_text_ends_in_anything_but_a_cohort_or_sentences(tmp_path_factory, text: str, has_head: bool):  # noqa: FBT001
    folder = tmp_path_factory.mktemp("fuzz")
    whole = ("ID,TIME,AMT,DV\n" if has_head else "") + text
    assert problems_of(folder, whole) or read(folder, whole).cohort is not None


def test_a_sample_after_a_bolus_of_the_same_time_counts_as_drawn_after_it(tmp_path: Path):
    text = (
        "ID,TIME,AMT,DV,WT,CRP\na,0,300,.,60,30\na,0,.,20,60,30\na,7,.,5,60,30\na,7,200,.,60,30\n"
        "b,0,.,0.1,60,30\nb,0,300,.,60,30\nb,0,.,22,60,30\n"
    )
    reading = read(tmp_path, text)
    assert reading.cohort is not None
    time = reading.cohort.sample_time
    assert (time == [np.nextafter(0.0, 1.0), 7.0, 0.0, np.nextafter(0.0, 1.0)]).all()
    assert "2 samples stand after a bolus of the same time, and count as drawn right after it." in reading.notes
    found = predict_samples(bind(NIYIGENA, [subject_of(reading.cohort, 1)]), np.zeros(2))
    volume = 13.2 * 60.0 / 63.0
    assert found == pytest.approx([0.0, 300.0 / volume], rel=1e-12)


def test_further_doses_have_the_covariates_of_the_record_that_follows_as_in_nonmem(tmp_path: Path):
    # NONMEM calls $PK at records alone: what lies between two of them goes by the later one, doses of ADDL included.
    head = "ID,TIME,AMT,ADDL,II,EVID,DV,WT,CRP,OCC\n"
    text = f"{head}a,0,300,3,10,1,.,60,80,1\na,3,.,.,.,0,20,60,50,1\na,10,.,.,.,0,9,60,40,1\na,25,.,.,.,2,.,60,10,2\na,35,.,.,.,0,3,60,5,2\n"
    cohort = read(tmp_path, text).cohort
    assert cohort is not None
    varying = {name: replace(one, time_varying=True) for name, one in NIYIGENA.covariates.items()}
    model = replace(NIYIGENA, covariates=varying)
    found = predict_samples(bind(model, [subject_of(cohort, 0)]), np.zeros(2))
    volume = 13.2 * 60.0 / 63.0
    rate = {
        crp: 0.49 * (60.0 / 63.0) ** 0.75 * (np.log(crp) / np.log(30.0)) ** 0.56 / volume for crp in (50, 40, 10, 5)
    }
    first = 300.0 * np.exp(-3.0 * rate[50])
    second = first * np.exp(-7.0 * rate[40]) + 300.0
    amount = (second * np.exp(-10.0 * rate[10]) + 300.0) * np.exp(-5.0 * rate[10])
    last = (amount * np.exp(-5.0 * rate[5]) + 300.0) * np.exp(-5.0 * rate[5])
    assert found == pytest.approx(np.array([first, second, last]) / volume, rel=1e-12)
    # The occasion likewise: the dose of day 20 belongs to the one that the record of day 25 opens.
    begin = cohort.row_time[cohort.occasion == 1]
    assert 10.0 < begin[0] < 10.0 + 1e-12


def test_a_sample_at_the_time_of_a_further_bolus_is_drawn_after_it_as_in_nonmem(tmp_path: Path):
    # NONMEM gives doses of ADDL before the record of their time: mrgsolve agrees with it where its recsort says the same.
    head = "ID,TIME,AMT,DUR,ADDL,II,DV,WT,CRP\n"
    text = f"{head}a,0,300,0,2,7,.,60,30\na,7,.,.,.,.,20,60,30\na,13,.,.,.,.,9,60,30\na,14,.,.,.,.,30,60,30\nb,0,300,0.1,2,7,.,60,30\nb,7,.,.,.,.,5,60,30\n"
    cohort = read(tmp_path, text).cohort
    assert cohort is not None
    assert (cohort.sample_time == [np.nextafter(7.0, 8.0), 13.0, np.nextafter(14.0, 15.0), 7.0]).all()
    rows = "a,0,300,0,,,.,60,30\na,7,300,0,,,.,60,30\na,7,.,.,.,.,20,60,30\na,13,.,.,.,.,9,60,30\na,14,300,0,,,.,60,30\na,14,.,.,.,.,30,60,30\n"
    written_out = read(tmp_path, f"{head}{rows}").cohort
    assert written_out is not None
    found, expected = (
        predict_samples(bind(NIYIGENA, [subject_of(one, 0)]), np.array([0.1, -0.2])) for one in (cohort, written_out)
    )
    np.testing.assert_array_equal(found, expected)
    # Nothing that can stand in these columns ends in an error of ours.
    for addl, ii in itertools.product(("1e300", "-1", "0.5", "inf", "x", "2"), ("0", "-7", "inf", "1e-300", ".")):
        text = f"{head}a,0,300,0,{addl},{ii},.,60,30\na,7,.,.,.,.,20,60,30\n"
        assert bool(problems_of(tmp_path, text)) == ((addl, ii) != ("2", "1e-300"))


def test_a_sample_after_the_start_of_an_infusion_is_where_it_is(tmp_path: Path):
    reading = read(tmp_path, "ID,TIME,AMT,DUR,DV,WT,CRP\na,0,300,0.1,.,60,30\na,0,.,.,2,60,30\n")
    assert reading.cohort is not None
    assert reading.cohort.sample_time.tolist() == [0.0]


def test_a_row_without_an_event_says_until_when_its_covariates_held(tmp_path: Path):
    """As in NONMEM a change holds from the record before on, whatever that is; rows that say nothing are not kept."""
    text = (
        "ID,TIME,AMT,DUR,EVID,MDV,DV,WT\n1,0,300,0.1,1,1,.,70\n1,5,.,.,2,1,.,70\n1,10,.,.,2,1,.,70\n1,20,.,.,2,1,.,60\n1,30,.,.,0,0,5,60\n"
        "1,40,.,.,0,0,4,50\n2,0,300,0.1,1,1,.,70\n2,9,.,.,0,0,5,70\n"
    )
    cohort = read(tmp_path, text).cohort
    assert cohort is not None
    assert cohort.row_time[: cohort.row_start[1]].tolist() == [0.0, 10.0, 20.0, 40.0]
    assert cohort.covariates["weight_kg"][: cohort.row_start[1]].tolist() == [70.0, 70.0, 60.0, 50.0]
    assert cohort.row_time[cohort.row_start[1] :].tolist() == [0.0]


def test_levels_of_zero_or_less_are_levels_where_the_caller_says_so(tmp_path: Path):
    text = "ID,TIME,AMT,DUR,EVID,MDV,DV\n1,0,300,0.1,1,1,.\n1,5,.,.,0,0,-0.5\n1,6,.,.,0,0,0\n"
    assert len(problems(tmp_path, text)) == 2
    cohort = read_cohort(written(tmp_path, text), NAMES, takes_any_level=True).cohort
    assert cohort is not None
    assert cohort.level.tolist() == [-0.5, 0.0]


def test_a_code_stands_for_missing_codes_by_its_name(tmp_path: Path):
    model = load_model("fasanmade_2009")
    columns = {domain.column: name for name, domain in model.covariates.items()}
    head = "ID,TIME,AMT,DV," + ",".join(columns)
    rows = ("a,0,300,.", "a,5,.,5", "b,0,300,.", "b,5,.,5")
    cells = {one: ["1" if model.covariates[name].categories else "40"] * 4 for one, name in columns.items()}
    cells["SEX"][2:] = [".", "."]
    lines = [",".join((row, *(cells[one][i] for one in columns))) for i, row in enumerate(rows)]
    reading = read_cohort(written(tmp_path, "\n".join((head, *lines)) + "\n"), columns)
    assert reading.cohort is not None
    notes = with_model_covariates(reading.cohort, model).notes
    assert notes == ("sex is missing in 1 subject; 1 (male), the cohort's most frequent code, stands for it.",)


@pytest.mark.parametrize("day", ["2024-01-05", "5/1/2024", "05.01.2024", "8:30", "2024-01-05 08:30"])
def test_dates_and_clock_times_are_told_to_be_none(tmp_path: Path, day: str):
    (said,) = problems(tmp_path, f"ID,TIME,AMT,DV\na,0,300,.\na,5,.,7\na,{day},.,6\n")
    assert said == (
        f"line 4, TIME: “{day}” is not a number; expected days since the first dose, as a number: dates and clock times are not read"
    )


def test_an_interval_does_not_begin_below_zero(tmp_path: Path):
    (said,) = problems(tmp_path, "ID,TIME,AMT,DV,CENS,LIMIT\na,0,300,.,0,.\na,5,.,0.4,1,-1\n")
    assert said == "line 3, LIMIT: is -1; expected the lower end of the interval, at least 0 [mg/L]"


@pytest.mark.parametrize(("values", "is_noted"), [("44,-99,31", True), ("44,.,31", False), ("-3,-99,2", False)])
def test_a_negative_code_in_a_column_that_no_model_reads_is_noted(tmp_path: Path, values: str, is_noted: bool):  # noqa: FBT001
    rows = "".join(f"{name},0,300,.,{x}\n{name},5,.,7,{x}\n" for name, x in zip("abc", values.split(","), strict=True))
    notes = read(tmp_path, f"ID,TIME,AMT,DV,ALB\n{rows}").notes
    said = "Column ALB holds -99 in line 4, and else no value below 0; a missing value is an empty cell, a point or NA."
    assert (said in notes) is is_noted
