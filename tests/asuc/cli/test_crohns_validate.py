"""`asuc crohns validate`: what it writes, goes on with and refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from asuc.cli import run
from crohns_srs.evaluation import resampling
from crohns_srs.evaluation.schema import CrohnsValidation
from tests.crohns_srs.trials import CONFIG, rows, written

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ["--bootstrap", "20", "--exchanges", "6", "--folds", "4", "--workers", "1"]


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def without_time(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "seconds"}


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    table, config = written(tmp_path, rows())
    return ["crohns", "validate", table, "--config", config]


def test_a_report_with_every_part_is_written(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "validation"
    words = [
        *given,
        "--out",
        str(out),
        *SMALL,
        "--learner",
        "boosting",
        "--learner-draws",
        "20",
        "--ablate",
        "age,male",
        "--json",
    ]
    assert run(words) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document == read(out / "validation.json")
    assert "NaN" not in said.out
    CrohnsValidation.model_validate(document, strict=True)
    assert set(document["labels"]) == {"coherent", "paper", "dashboard"}
    assert len(document["held_out_trials"]) == 12
    assert document["held_out"]["trials"]["active"]["n"] == 144
    assert document["null"]["exchange"] == "between_trials"
    assert (document["null"]["n"], document["stability"]["n"]) == (6, 20)
    assert set(document["learners"]) == {"linear", "boosting"}
    assert [one["without"] for one in document["ablations"]] == [["season"], ["age"], ["male"], ["age", "male"]]
    assert [one["policy"] for one in document["rule"]["outcome"]] == ["rule", "old", "new", "observed"]
    page = (out / "report.html").read_text(encoding="utf-8")
    for heading in (
        "Outcomes that no model has seen",
        "Labels where classes do not differ",
        "Stability of labels",
        "Value of the rule",
    ):
        assert heading in page
    assert "nan" not in page.lower().replace("finance", "").split()
    assert page.count("<svg") == len(read(out / "figures" / "figures.json")["figures"]) == 7
    with (out / "tables" / "participants.csv").open(encoding="utf-8") as stream:
        people = list(csv.DictReader(stream))
    assert len(people) == 240
    assert 0.0 <= float(people[0]["coherent_same"]) <= 1.0
    assert not (out / "replicates").exists()


@pytest.mark.requirement("OPS-01")
def test_numbers_do_not_depend_on_the_number_of_processes(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    few = ["--bootstrap", "5", "--exchanges", "3", "--folds", "3", "--no-figures", "--json"]
    documents: list[dict[str, Any]] = []
    for workers in ("1", "2"):
        assert run([*given, "--out", str(tmp_path / workers), *few, "--workers", workers]) == 0
        documents.append(without_time(json.loads(capsys.readouterr().out)))
    assert documents[0] == documents[1]


def test_an_interrupted_command_goes_on(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole, part = tmp_path / "whole", tmp_path / "part"
    assert run([*given, "--out", str(whole), *SMALL, "--no-figures"]) == 0
    compute = resampling.replicate
    done: list[object] = []

    def stopped(shared: resampling.Resampling, task: resampling.Task) -> object:
        if len(done) == 8:
            raise KeyboardInterrupt
        done.append(task)
        return compute(shared, task)

    monkeypatch.setattr(resampling, "replicate", stopped)
    assert run([*given, "--out", str(part), *SMALL, "--no-figures"]) == 1
    assert "8 of 26 replicates are kept; the same command with --resume goes on" in capsys.readouterr().err
    assert len(list((part / "replicates").iterdir())) == 8
    assert not (part / "validation.json").exists()
    (part / "replicates" / "bootstrap-2.npz").write_bytes(b"cut")
    again: list[object] = []

    def counted(shared: resampling.Resampling, task: resampling.Task) -> object:
        again.append(task)
        return compute(shared, task)

    monkeypatch.setattr(resampling, "replicate", counted)
    assert run([*given, "--out", str(part), *SMALL, "--no-figures", "--resume"]) == 0
    assert len(again) == 26 - 7
    assert without_time(read(part / "validation.json")) == without_time(read(whole / "validation.json"))
    capsys.readouterr()
    assert run([*given, "--out", str(part), *SMALL, "--no-figures", "--resume"]) == 0
    assert "holds this result already" in capsys.readouterr().err
    assert run([*given, "--out", str(part), *SMALL, "--seed", "2", "--resume"]) == 2
    assert "seed is 1 there and 2 now" in capsys.readouterr().err


def test_outcomes_of_any_unit_have_their_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table, config = written(
        tmp_path,
        [one | {"fall": one["fall"] / 1000.0} for one in rows()],
        CONFIG.replace("response = [10]", "response = [0.01]"),
    )
    out = tmp_path / "validation"
    assert run(["crohns", "validate", table, "--config", config, "--out", str(out), *SMALL]) == 0
    said = capsys.readouterr().out
    document = read(out / "validation.json")
    assert f"RMSE (points): {document['held_out']['folds']['active']['rmse']:.4f}" in said
    assert f"Outcome (points): {document['held_out_trials'][0]['observed']:.4f}" in said


def test_a_class_that_cannot_be_held_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    few = [one for one in rows() if one["study"] != "S5"]
    table, config = written(tmp_path, few)
    out = tmp_path / "validation"
    assert run(["crohns", "validate", table, "--config", config, "--out", str(out), *SMALL]) == 0
    CrohnsValidation.model_validate(read(out / "validation.json"), strict=True)
    said = " ".join(capsys.readouterr().out.split())
    assert "Not evaluated. new drugs: study is S" in said
    assert "have no prediction, since models could not be fitted without them" in said
    assert "nan" not in said.lower().split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--exchange", "within-trials"], "--exchange: is within-trials, but some trial has one class alone"),
        (["--ablate", "agee"], "--ablate: “agee” is no covariate; did you mean 'age'?"),
        (["--ablate", "season,age,male"], "--ablate: “season,age,male” leaves no covariate; expected fewer"),
        (["--learner", "nets"], "--learner: “nets” is no learner; expected forest or boosting"),
        (["--learner", "forest", "--bootstrap", "5"], "--bootstrap: 5 draws are too few"),
        (["--folds", "999"], "--folds: is 999; expected 2 to 240, the number of participants"),
    ],
)
def test_wrong_words_are_refused(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
):
    out = tmp_path / "validation"
    assert run([*given, "--out", str(out), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert expected in said.err
    assert len(said.err.splitlines()) == 1
    assert not (out / "validation.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            CONFIG[CONFIG.index('[[classes]]\nid = "new"') : CONFIG.index("[[covariates]]")],
            "",
            "classes: holds old alone; expected two or more",
        ),
        (
            'title = "age"\n',
            'title = "age"\nstage = "placebo"\n',
            "covariates: all are of stage 'placebo'; expected one or more",
        ),
    ],
)
def test_what_has_nothing_to_label_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, expected: str
):
    text = CONFIG.replace(old, new)
    if new:
        text = text.replace('title = "male"\n', 'title = "male"\nstage = "placebo"\n')
    table, config = written(tmp_path, rows(), text)
    assert run(["crohns", "validate", table, "--config", config, "--out", str(tmp_path / "out")]) == 2
    assert expected in capsys.readouterr().err


def test_a_folder_is_not_written_over(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "there").mkdir()
    assert run([*given, "--out", str(tmp_path / "there")]) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
