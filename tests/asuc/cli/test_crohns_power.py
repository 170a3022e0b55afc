"""`asuc crohns power`: what it writes and refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from crohns_srs.power.schema import CrohnsPower
from tests.crohns_srs.trials import rows, written

if TYPE_CHECKING:
    from pathlib import Path

FEW = ["crohns", "power", "--patients", "200", "--n", "200", "--size", "50", "--size", "100"]


def test_a_report_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "power"
    assert run([*FEW, "--eligible", "age_year>=50", "--out", str(out), "--json"]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert said.err == ""
    assert "NaN" not in said.out
    assert document == json.loads((out / "power.json").read_text(encoding="utf-8"))
    CrohnsPower.model_validate(document, strict=True)
    assert [one["n_per_arm"] for one in document["sizes"]] == [50, 100]
    assert len(document["enrichment"]) == 10
    assert document["settings"]["eligible"] == ["age_year>=50"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "no power" in page
    assert (out / "figures" / "enrichment.svg").exists()
    with (out / "tables" / "power.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 2


def test_what_is_no_power_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run([*FEW, "--out", str(tmp_path / "power"), "--no-figures"]) == 0
    CrohnsPower.model_validate_json((tmp_path / "power" / "power.json").read_bytes(), strict=True)
    said = " ".join(capsys.readouterr().out.split())
    assert "Published procedure, no power (%)" in said
    assert "its figures are no power" in said
    assert "no proven benefit of either class" in said
    assert "No number up to 20,000 participants in each arm" in said  # anti-TNF is the better one for all patients


def test_patients_of_a_table_need_no_year(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    head = [
        "CDAI_baseline_Cent",
        "Age_Cent",
        "BMI_Cent",
        "CRP_Cent",
        "HxOfTNFi",
        "Sex_Male",
        "SteroidUse",
        "ImmUse",
        "Ileal",
    ]
    table = tmp_path / "patients.csv"
    table.write_text(",".join(head) + "\n0,20,0,5,1,0,1,0,0\n50,30,2,0,1,0,1,0,1\n", encoding="utf-8")
    assert run([*FEW, "--population", str(table), "--out", str(tmp_path / "power"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["population"]["n"] == 2
    table.write_text(",".join(head) + "\n0,20,0,5,1,2,1,0,\n", encoding="utf-8")
    assert run([*FEW, "--population", str(table), "--out", str(tmp_path / "other")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "Sex_Male" in said[0]
    assert "expected 0 or 1" in said[0]
    assert "Ileal" in said[1]
    table.write_text(",".join(head[1:]) + "\n20,0,5,1,0,1,0,0\n", encoding="utf-8")
    assert run([*FEW, "--population", str(table), "--out", str(tmp_path / "other")]) == 2
    assert "has no column CDAI_baseline_Cent" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--first", "tnf"], "--first: “tnf” is no class; expected one of anti_il12_23"),
        (
            ["--first", "placebo"],
            "--first: “placebo” is no class; expected one of anti_il12_23, anti_integrin, anti_tnf",
        ),
        (["--second", "tnf"], "anti_tnf, placebo"),
        (["--second", "anti_il12_23"], "--second: “anti_il12_23” is the first class too"),
        (["--alpha", "1"], "--alpha: 1 is not between 0 and 1, such as 0.05"),
        (["--target", "0"], "--target: 0 is not between 0 and 1, such as 0.8"),
        (["--size", "1"], "--size: 1 is not from 2 to 20,000 participants in each arm"),
        (["--response", "nan"], "--response: nan is not between -1100 and 1100 CDAI points"),
        (["--eligible", "sex=x"], "--eligible: “sex=x”; expected sex=female or sex=male"),
        (["--population", "none.csv"], "none.csv: cannot be read"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str):
    assert run([*FEW, "--out", str(tmp_path / "power"), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert expected in said.err
    assert len(said.err.splitlines()) == 1


def test_a_trial_against_placebo_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["--first", "anti_tnf", "--second", "placebo", "--out", str(tmp_path / "power"), "--no-figures"]
    assert run([*FEW, *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "anti-TNF against placebo in synthetic patients" in said
    assert "Type I error: both arms placebo." in said
    assert "which randomised a class against placebo" in said
    assert "of either class" not in said


def test_trials_are_simulated_from_models_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table, config = written(tmp_path, rows(4))
    fit = str(tmp_path / "fit")
    assert run(["crohns", "fit", table, "--config", config, "--out", fit]) == 0
    capsys.readouterr()
    own = [*FEW, "--fit", fit, "--first", "new", "--out", str(tmp_path / "power"), "--no-figures", "--json"]
    assert run([*own, "--second", "old"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["models"]["id"] == "two_classes"
    assert (document["first"]["class"], document["second"]["class"]) == ("new", "old")
    assert document["response"] == 10.0
    assert document["settings"]["fit"] == fit
    # Means of the fit's own participants, whom synthetic patients are like.
    assert document["population"]["title"] == "synthetic patients like the participants of two_classes"
    assert all(0.0 <= one["chi_square"]["exact"] <= 1.0 for one in document["sizes"])
    assert run([*own, "--force"]) == 2
    assert "--second: “anti_tnf” is no class; expected one of old, new" in capsys.readouterr().err
