"""Planned doses: what a file of them says, what the label still gives, and that nothing given is altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pkpd.data.cohort import Cohort, cohort_of, subject_of
from pkpd.data.planned_doses import PlannedDoses, add_planned_doses, label_doses, last_record, read_planned_doses
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

NO_LIMIT = float("nan")


def patient(*days: float, sample: float, weight: float = 63.0) -> Subject:
    return Subject(
        tuple(Dose(day, 300.0, 0.1) for day in days),
        (Sample(sample, 5.0, Censoring.NONE, NO_LIMIT, NO_LIMIT),),
        (CovariateRow(days[0], {"weight_kg": weight}),),
    )


def cohort() -> Cohort:
    return cohort_of([patient(0.0, 3.0, sample=8.0), patient(2.0, sample=23.0), patient(0.0, sample=1.0)], "abc")


def read(folder: Path, text: str) -> PlannedDoses:
    file = folder / "planned.csv"
    file.write_text(text, encoding="utf-8")
    return read_planned_doses(str(file))


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    return [str(problem).removeprefix(f"{folder}/planned.csv: ") for problem in caught.value.problems]


def test_a_rate_is_a_duration_and_nothing_is_a_bolus(tmp_path: Path):
    found = read(tmp_path, "id;time;amt;dur;rate;note\na;14;300;0.1;.;x\na;42;400;;800;\nb;14;500;.;0;\n")
    assert found.ids == ("a", "a", "b")
    assert found.time.tolist() == [14.0, 42.0, 14.0]
    assert found.amount.tolist() == [300.0, 400.0, 500.0]
    assert found.duration.tolist() == [0.1, 0.5, 0.0]


def test_every_problem_is_named_with_its_line(tmp_path: Path):
    text = "ID,TIME,AMT,DUR,RATE\n,14,300,,\na,x,0,,\na,14,-1,-0.1,\na,15,300,0.1,20\na,16,.,,high\n"
    assert sorted(problems(tmp_path, text)) == [
        "line 2, ID: is nothing; expected the name of a subject",
        "line 3, AMT: is 0; expected an amount above 0 [mg]",
        "line 3, TIME: is “x”; expected a number",
        "line 4, AMT: is -1; expected an amount above 0 [mg]",
        "line 4, DUR: is -0.1; expected a duration of at least 0 [day], or none",
        "line 5, RATE: is 20; expected either RATE or DUR",
        "line 6, AMT: is “.”; expected a number",
        "line 6, RATE: is “high”; expected a number",
    ]
    assert problems(tmp_path, "ID,DAY\na,1\n") == [
        "has no column TIME; it has ID, DAY",
        "has no column AMT; it has ID, DAY",
    ]


def test_planned_doses_stand_behind_the_given_ones_and_alter_none():
    given = cohort()
    planned = PlannedDoses(("b", "a", "a", "a"), np.array([30.0, 42.0, 3.0, 14.0]), np.full(4, 500.0), np.zeros(4))
    found = add_planned_doses(given, planned, np.array([-np.inf, 25.0, -np.inf]))
    doses = [[(dose.time_day, dose.amount_mg) for dose in subject_of(found.cohort, i).doses] for i in range(3)]
    assert doses == [[(0, 300), (3, 300), (14, 500), (42, 500)], [(2, 300), (30, 500)], [(0, 300)]]
    assert found.n_left_out.tolist() == [1, 0, 0]
    assert found.first.tolist() == [14.0, 30.0, np.inf]
    assert found.changed_before(28.0).tolist() == [True, False, False]
    for i in range(3):
        assert subject_of(found.cohort, i).samples[0].time_day == subject_of(given, i).samples[0].time_day


def test_what_lies_before_the_end_of_the_records_is_left_out():
    planned = PlannedDoses(("a", "a"), np.array([9.0, 10.0]), np.full(2, 500.0), np.zeros(2))
    found = add_planned_doses(cohort(), planned, np.array([10.0, 0.0, 0.0]))
    assert found.first[0] == 10.0
    assert found.n_left_out.tolist() == [1, 0, 0]


def test_subjects_that_the_cohort_does_not_have_are_named():
    planned = PlannedDoses(("a", "x", "y", "x"), np.full(4, 50.0), np.full(4, 1.0), np.zeros(4))
    with pytest.raises(InputError, match="not in the cohort: x, y"):
        add_planned_doses(cohort(), planned, np.zeros(3))


def test_the_label_goes_on_after_the_last_record():
    given = cohort()
    assert last_record(given).tolist() == [8.0, 23.0, 1.0]
    found = label_doses(given, last_record(given))
    # The second has its first dose on day 2 and passed day 16 without one; 5 mg/kg of 63 kg are 4 vials.
    assert list(zip(found.ids, found.time.tolist(), strict=True)) == [
        ("a", 14.0),
        ("a", 42.0),
        ("b", 23.0),
        ("b", 44.0),
        ("c", 14.0),
        ("c", 42.0),
    ]
    assert set(found.amount.tolist()) == {400.0}
    assert found.duration.tolist() == [pytest.approx(2.0 / 24.0)] * 6


def test_the_label_needs_a_weight():
    without = cohort_of([patient(0.0, sample=1.0, weight=float("nan"))], ["a"])
    with pytest.raises(InputError, match="the weight of a is not known; the label plan is 5 mg/kg, expected WT"):
        label_doses(without, np.zeros(1))
