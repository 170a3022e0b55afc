"""`asuc data check`: everything that is wrong with a file, with lines, in one go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ("--model", "niyigena_2026_asuc")
HEAD = "ID,TIME,AMT,DV,CENS,WT,CRP\n"


def checked(file: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    code = run(["data", "check", str(file), *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.requirement("DATA-01")
def test_problems_of_file_and_model_and_notes_are_told_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "cohort.csv"
    file.write_text(
        f"{HEAD}1,0,600,.,0,-55,30\n1,5,.,0.4,1,60,30\n1,5,.,0.4,1,60,30\n2,0\n2,x,.,5,0,60,0\n", encoding="utf-8"
    )

    code, document = checked(file, capsys, *MODEL)

    assert code == 2
    assert document["problems"] == [
        f"{file}: line 2, WT: is -55; expected at least 10 and at most 300 kg (weight_kg)",
        f"{file}: line 5: has 2 cells; expected 7, as many as the head has",
        f"{file}: line 6, TIME: “x” is not a number; expected one, or a point for none",
        f"{file}: line 6, CRP: is 0; expected more than 0 and at most 1000 mg/L (crp_mg_per_L)",
    ]
    assert document["notes"] == ["Line 4 is an exact copy of line 3 (subject 1); it counts as another sample."]
    assert run(["fit", str(file), *MODEL, "--out", str(tmp_path / "fit")]) == 2
    assert all(problem in capsys.readouterr().err for problem in document["problems"][:1])
    assert not (tmp_path / "fit").exists()


def test_copies_and_a_cohort_of_censored_levels_are_notes_and_no_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "cohort.csv"
    file.write_text(f"{HEAD}1,0,600,.,0,60,30\n1,5,.,0.4,1,60,30\n1,5,.,0.4,1,60,30\n", encoding="utf-8")

    code, document = checked(file, capsys, *MODEL)

    assert code == 0
    copies, censored = document["notes"]
    assert copies == "Line 4 is an exact copy of line 3 (subject 1); it counts as another sample."
    assert censored.startswith("Every level is censored (below a lower limit)")
    assert document["cohort"]["n_samples"] == 2


def test_subjects_of_each_category_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "cohort.csv"
    rows = [(1, 0, 1), (2, 1, "."), (3, 1, 0), (4, ".", 0)]
    lines = [f"{i},0,600,.,{sex},{ada},70\n{i},5,.,9,{sex},{ada},70\n" for i, sex, ada in rows]
    file.write_text("ID,TIME,AMT,DV,SEX,ADA,WT\n" + "".join(lines), encoding="utf-8")
    code, document = checked(file, capsys, "--model", "ternant_2008")
    assert code == 0
    covariates = document["cohort"]["covariates"]
    assert covariates["sex"] == {"counts": {"female": 1, "male": 2}, "n_missing": 1}
    assert covariates["ada_positive"]["counts"] == {"negative": 2, "positive": 1}
    assert run(["data", "check", str(file), "--model", "ternant_2008"]) == 0
    assert "sex: female 1, male 2, missing in 1" in capsys.readouterr().out
