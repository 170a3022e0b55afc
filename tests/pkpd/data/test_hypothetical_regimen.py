"""Hypothetical regimens: the label's, and those of a file for each subject or for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pkpd.data.cohort import Cohort, cohort_of, subject_of
from pkpd.data.hypothetical_regimen import label_regimen, regimen_of_file
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

NONE = float("nan")


def patient(*days: float, weight: float) -> Subject:
    sample = Sample(5.0, 3.0, Censoring.NONE, NONE, NONE)
    return Subject(tuple(Dose(day, 111.0, 0.2) for day in days), (sample,), (CovariateRow(0.0, {"weight_kg": weight}),))


def cohort() -> Cohort:
    return cohort_of([patient(1.0, 4.0, weight=63.0), patient(weight=80.0), patient(0.0, weight=50.0)], "abc")


def doses(found: Cohort, place: int) -> list[tuple[float, float, float]]:
    own = subject_of(found, place).doses
    return [(dose.time_day, dose.amount_mg, round(dose.duration_day, 6)) for dose in own]


def file_of(folder: Path, text: str) -> str:
    file = folder / "r.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def problems(folder: Path, text: str, given: Cohort | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        regimen_of_file(given or cohort(), file_of(folder, text))
    return [str(problem).removeprefix(f"{folder}/r.csv: ") for problem in caught.value.problems]


def test_the_label_is_5_mg_per_kg_in_whole_vials_from_the_first_dose():
    found = label_regimen(cohort())
    assert doses(found, 0) == [(1.0, 400.0, 0.083333), (15.0, 400.0, 0.083333), (43.0, 400.0, 0.083333)]
    assert doses(found, 1)[0] == (0.0, 400.0, 0.083333)
    assert [dose[1] for dose in doses(found, 2)] == [300.0] * 3
    assert found.sample_time.tolist() == cohort().sample_time.tolist()


def test_a_file_without_names_is_for_all(tmp_path: Path):
    found = regimen_of_file(cohort(), file_of(tmp_path, "TIME,MG_PER_KG,DUR\n14,10,0.1\n0,5,0.1\n"))
    assert doses(found, 0) == [(0.0, 315.0, 0.1), (14.0, 630.0, 0.1)]
    assert doses(found, 2) == [(0.0, 250.0, 0.1), (14.0, 500.0, 0.1)]


def test_a_file_with_names_is_for_each(tmp_path: Path):
    found = regimen_of_file(
        cohort(), file_of(tmp_path, "ID,TIME,AMT,RATE\nc,0,300,3000\na,0,200,\nb,7,100,\na,3,50,\n")
    )
    assert doses(found, 0) == [(0.0, 200.0, 0.0), (3.0, 50.0, 0.0)]
    assert doses(found, 1) == [(7.0, 100.0, 0.0)]
    assert doses(found, 2) == [(0.0, 300.0, 0.1)]


def test_a_rate_in_mg_per_kg_is_a_duration(tmp_path: Path):
    found = regimen_of_file(cohort(), file_of(tmp_path, "TIME,MG_PER_KG,RATE\n0,5,50\n"))
    assert doses(found, 1) == [(0.0, 400.0, 0.1)]


def test_every_problem_is_named(tmp_path: Path):
    assert problems(tmp_path, "TIME,DOSE\n0,5\n") == [
        "has neither of AMT [mg] and MG_PER_KG [mg/kg]; expected one; it has TIME, DOSE"
    ]
    assert problems(tmp_path, "TIME,AMT,MG_PER_KG\n0,5,5\n") == [
        "has AMT and MG_PER_KG of AMT [mg] and MG_PER_KG [mg/kg]; expected one; it has TIME, AMT, MG_PER_KG"
    ]
    assert problems(tmp_path, "AMT\n5\n") == ["has no column TIME; it has AMT"]
    assert problems(tmp_path, "ID,TIME,AMT\na,0,300\nz,0,300\n") == [
        "holds subjects that are not in the cohort: z; expected the same names in both files",
        "has no dose of b, c; expected a regimen for every subject, or no column ID",
    ]
    assert problems(tmp_path, "TIME,MG_PER_KG\nx,0\n") == [
        "line 2, TIME: is “x”; expected a number",
        "line 2, MG_PER_KG: is 0; expected an amount above 0 [mg/kg]",
    ]


def test_a_weight_that_is_needed_and_not_known_is_named(tmp_path: Path):
    data = cohort_of([patient(0.0, weight=np.nan)], "a")
    assert problems(tmp_path, "TIME,MG_PER_KG\n0,5\n", data) == [
        "the weight of a is not known; its amounts are in mg/kg, expected WT [kg]"
    ]
    with pytest.raises(InputError, match="the label regimen is 5 mg/kg, expected WT"):
        label_regimen(data)
