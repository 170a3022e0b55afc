"""Covariates that a model rules out: told with line, column and value, among everything else that is wrong with a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from pkpd.errors import InputError
from pkpd.model import load_model
from pkpd.model.spec import Parameterization
from pkpd.model_cohort_file import read_model_cohort
from pkpd.model_covariates import with_model_covariates

if TYPE_CHECKING:
    from pathlib import Path

NIYIGENA = load_model("niyigena_2026_asuc")
WEIGHT = "expected at least 10 and at most 300 kg (weight_kg)"
CRP = "expected more than 0 and at most 1000 mg/L (crp_mg_per_L)"


def problems(folder: Path, text: str, model=NIYIGENA) -> list[str]:
    file = folder / "cohort.csv"
    file.write_text(text, encoding="utf-8")
    reading = read_model_cohort(str(file), model)
    assert (reading.cohort is None) == bool(reading.problems)
    return [str(problem).removeprefix(f"{file}: ") for problem in reading.problems]


def test_impossible_values_stand_among_the_other_problems_in_the_order_of_the_lines(tmp_path: Path):
    text = (
        "ID,TIME,AMT,DV,WT,crp\na,0,300,.,-55,30\na,14,.,x,60,30\nb,0,400,.,70,1001\nb,20,.,-2,70,0\nb,21,.,1\n"
        "b,22,.,2,heavy,.\n"
    )
    assert problems(tmp_path, text) == [
        f"line 2, WT: is -55; {WEIGHT}",
        "line 3, DV: “x” is not a number; expected one, or a point for none",
        f"line 4, CRP: is 1001; {CRP}",
        "line 5, DV: is -2; expected a level of at least 0 [mg/L]",
        f"line 5, CRP: is 0; {CRP}",
        "line 6: has 4 cells; expected 6, as many as the head has",
        "line 7, WT: “heavy” is not a number; expected one, or a point for none",
    ]


def test_a_value_that_stands_in_rows_on_end_is_told_once(tmp_path: Path):
    text = (
        "ID,TIME,AMT,DV,WT,CRP\na,0,300,.,-55,30\na,14,.,5,-55,30\n\na,15,.,5,-55,30\nb,0,400,.,-55,30\n"
        "b,2,.,2,-56,30\nb,3,.,2,70,30\nb,4,.,2,-56,30\n"
    )
    assert problems(tmp_path, text) == [
        f"line 2, WT: is -55, and so down to line 5 (subject a); {WEIGHT}",
        f"line 6, WT: is -55; {WEIGHT}",
        f"line 7, WT: is -56; {WEIGHT}",
        f"line 9, WT: is -56; {WEIGHT}",
    ]


def test_codes_that_a_model_does_not_know_are_told_with_those_it_knows(tmp_path: Path):
    domain = replace(NIYIGENA.covariates["crp_mg_per_L"], categories=(("absent", 0.0), ("present", 1.0)))
    coded = replace(NIYIGENA, covariates={"crp_mg_per_L": domain})
    assert problems(tmp_path, "ID,TIME,AMT,DV,CRP\na,0,300,.,1\na,5,.,5,2\n", coded) == [
        "line 3, CRP: is 2; expected 0 (absent) or 1 (present) (crp_mg_per_L)"
    ]


def test_a_missing_column_is_told_beside_other_problems(tmp_path: Path):
    assert problems(tmp_path, "ID,TIME,AMT,DV,WT\na,0,300,.,60\na,5,.,-5,60\n") == [
        "has no column CRP, which niyigena_2026_asuc reads crp_mg_per_L from",
        "line 3, DV: is -5; expected a level of at least 0 [mg/L]",
    ]
    assert len(problems(tmp_path, "ID,TIME,AMT,WT\na,0,300,600\n")) == 3


def test_what_need_not_be_there_is_not_asked_for(tmp_path: Path):
    file = tmp_path / "cohort.csv"
    file.write_text("ID,TIME,AMT,DV,WT\na,0,300,.,60\na,5,.,5,60\n", encoding="utf-8")
    assert read_model_cohort(str(file), NIYIGENA, needed=()).problems == ()


def test_missing_values_and_possible_ones_are_no_problem(tmp_path: Path):
    assert problems(tmp_path, "ID,TIME,AMT,DV,WT,CRP\na,0,300,.,10,.\na,5,.,5,300,1000\n") == []


def test_rows_of_parquet_are_counted_from_one(tmp_path: Path):
    file = tmp_path / "cohort.parquet"
    columns = {"ID": ["a", "a"], "TIME": [0.0, 5.0], "AMT": [300.0, None], "DV": [None, 5.0], "WT": [60, 600]}
    parquet.write_table(pa.table({**columns, "CRP": [30.0, 30.0]}), file)
    (problem,) = read_model_cohort(str(file), NIYIGENA).problems
    assert str(problem) == f"{file}: line 2, WT: is 600; {WEIGHT}"


def test_what_is_no_table_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        read_model_cohort(str(tmp_path / "none.csv"), NIYIGENA)


def test_a_compartment_that_the_model_has_not_is_told(tmp_path: Path):
    text = (
        "ID,TIME,AMT,RATE,EVID,CMT,DV,WT,CRP\na,0,300,.,1,1,.,60,30\na,1,300,.,1,2,.,60,30\na,2,.,.,0,2,3,60,30\n"
        "a,3,.,.,0,0,3,60,30\na,4,.,.,0,.,3,60,30\na,5,.,.,2,9,.,60,30\n"
    )
    assert problems(tmp_path, text) == [
        "line 3, CMT: is 2 of a dose; expected 1, the central compartment",
        "line 4, CMT: is 2 of a level; expected 1, the central compartment",
    ]


def test_the_compartments_of_an_oral_model(tmp_path: Path):
    oral = replace(NIYIGENA, parameterization=Parameterization.CL_V_KA)
    text = (
        "ID,TIME,AMT,RATE,EVID,CMT,DV,WT,CRP\na,0,300,.,1,1,.,60,30\na,1,300,.,1,2,.,60,30\na,2,.,.,0,2,3,60,30\n"
        "a,3,.,.,0,1,3,60,30\na,4,300,100,1,2,.,60,30\na,5,300,100,1,.,.,60,30\na,6,300,.,1,.,.,60,30\n"
    )
    assert problems(tmp_path, text, oral) == [
        "line 3, CMT: is 2 of a dose; expected 1, the depot",
        "line 5, CMT: is 1 of a level; expected 2, the central compartment",
        "line 7, CMT: is . of an infusion; expected 2, the central compartment",
    ]
    without = "ID,TIME,AMT,DUR,DV,WT,CRP\na,0,300,0.1,.,60,30\na,1,300,.,.,60,30\na,2,.,.,3,60,30\n"
    assert problems(tmp_path, without, oral) == [
        "line 2, CMT: is missing of an infusion; expected 2, the central compartment"
    ]


@pytest.mark.requirement("DATA-03")
def test_levels_before_any_dose_are_problems_where_the_error_is_a_share_of_the_prediction(tmp_path: Path):
    text = (
        "ID,TIME,AMT,DUR,DV,CENS,LLOQ,WT,CRP\na,-1,.,.,3,0,.,60,30\na,0,.,.,4,0,.,60,30\na,0,300,0.1,.,.,.,60,30\n"
        "a,5,.,.,5,0,.,60,30\nb,-1,.,.,0.4,1,.,60,30\nb,-0.5,.,.,0.1,0,0.4,60,30\nb,0,300,0,.,.,.,60,30\n"
        "b,0,.,.,9,0,.,60,30\nc,3,.,.,7,-1,.,60,30\n"
    )
    lines = ["line 2, DV: is 3", "line 3, DV: is 4", "line 10, DV: is 7"]
    assert [one.split(" before any dose")[0] for one in problems(tmp_path, text)] == lines
    additive = replace(NIYIGENA, residual=replace(NIYIGENA.residual, additive_sd=0.5))
    assert problems(tmp_path, text, additive) == []


def test_rows_without_an_occasion_are_told_where_a_model_reads_it(tmp_path: Path):
    with_occasions = replace(NIYIGENA, terms=(replace(NIYIGENA.terms[0], occasion_eta="iov_cl"), *NIYIGENA.terms[1:]))
    text = "ID,TIME,AMT,DV,WT,CRP,OCC\na,0,300,.,60,30,.\na,5,.,5,60,30,1\na,9,.,3,60,30,2\n"
    assert problems(tmp_path, text) == []
    assert problems(tmp_path, text, with_occasions) == [
        "line 2, OCC: is .; expected the occasion in every row, doses as well"
    ]


def test_assays_that_a_model_does_not_know_are_told_with_their_lines(tmp_path: Path):
    by_assay = replace(
        NIYIGENA, residual=replace(NIYIGENA.residual, by_assay={"elisa": (0.0, 0.3), "rapid": (0.0, 0.5)})
    )
    text = "ID,TIME,AMT,DV,WT,CRP,ASSAY\na,0,300,.,60,30,x\na,5,.,5,60,30,rapid\na,6,.,5,60,30,new\na,7,.,4,60,30,NA\n"
    text += "a,8,.,4,60,30,Rapid\n"
    assert problems(tmp_path, text) == []
    assert problems(tmp_path, text, by_assay) == [
        "line 4, ASSAY: is new, which niyigena_2026_asuc has no residual error of; expected elisa, rapid, or nothing for its general error"
    ]


def test_an_assay_that_many_levels_have_is_one_problem_with_its_lines(tmp_path: Path):
    by_assay = replace(NIYIGENA, residual=replace(NIYIGENA.residual, by_assay={"elisa": (0.0, 0.3)}))
    assays = ["new", "Elisa", "other", *["new"] * 5, ".", "other", "new"]
    rows = "".join(f"a,{t},.,5,60,30,{assay},0\n" for t, assay in enumerate(assays, start=1))
    text = f"ID,TIME,AMT,DV,WT,CRP,ASSAY,MDV\na,0,300,.,60,30,x,1\n{rows}a,90,.,5,60,30,left out,1\n"
    rest = "which niyigena_2026_asuc has no residual error of; expected elisa, or nothing for its general error"
    assert problems(tmp_path, text, by_assay) == [
        f"line 3, ASSAY: is new in 7 levels (lines 3, 6, 7, 8, 9, and 2 more), {rest}",
        f"line 5, ASSAY: is other in 2 levels (lines 5, 12), {rest}",
    ]


def test_assays_of_a_file_without_levels_are_no_fault_of_ours(tmp_path: Path):
    by_assay = replace(NIYIGENA, residual=replace(NIYIGENA.residual, by_assay={"elisa": (0.0, 0.3)}))
    (found,) = problems(tmp_path, "ID,TIME,AMT,WT,CRP,ASSAY\na,0,300,60,30,new\n", by_assay)
    assert found.endswith("has no column DV; it has ID, TIME, AMT, WT, CRP, ASSAY")


def test_centres_without_an_error_of_their_own_are_noted(tmp_path: Path):
    by_centre = replace(NIYIGENA, residual=replace(NIYIGENA.residual, by_centre={"Lille": (0.0, 0.3)}))
    rows = [
        f"{name},0,300,.,60,30,{centre}\n{name},5,.,5,60,30,{centre}\n"
        for name, centre in zip("abcd", ("Lille", "lille", "", "lille"), strict=True)
    ]
    file = tmp_path / "cohort.csv"
    file.write_text(
        "ID,TIME,AMT,DV,WT,CRP,CENTRE\n"
        + "".join(rows)
        + "e,0,300,.,60,30,Ghent\ne,5,.,5,60,30,\ne,9,.,4,60,30,Ghent\n",
        encoding="utf-8",
    )
    reading = read_model_cohort(str(file), by_centre)
    assert reading.cohort is not None
    rest = "which niyigena_2026_asuc has no residual error of: it has the general one (errors of their own: Lille)."
    assert [one for one in reading.notes if "residual error" in one] == [
        f"CENTRE is Ghent in 2 rows (lines 10, 12), {rest}",
        f"CENTRE is lille in 4 rows (lines 4, 5, 8, 9), {rest}",
    ]


def test_a_baseline_value_that_changes_is_noted(tmp_path: Path):
    file = tmp_path / "cohort.csv"
    rows = "a,0,300,.,60,30\na,14,.,5,60,12\nb,0,400,.,70,20\nb,20,.,9,70,.\n"
    file.write_text(f"ID,TIME,AMT,DV,WT,CRP\n{rows}", encoding="utf-8")
    cohort = read_model_cohort(str(file), NIYIGENA).cohort
    assert cohort is not None
    assert with_model_covariates(cohort, NIYIGENA).notes == (
        "crp_mg_per_L changes within 1 subject, and the model has it as a baseline value: here the value of each row counts.",
    )
    varying = replace(NIYIGENA.covariates["crp_mg_per_L"], time_varying=True)
    assert not with_model_covariates(
        cohort, replace(NIYIGENA, covariates={**NIYIGENA.covariates, "crp_mg_per_L": varying})
    ).notes
