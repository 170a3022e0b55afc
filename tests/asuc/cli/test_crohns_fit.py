"""`asuc crohns fit`: what it writes and refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from crohns_srs.srs.schema import CrohnsFit
from tests.crohns_srs.trials import CONFIG, rows, written

if TYPE_CHECKING:
    from pathlib import Path


def test_a_fit_writes_a_document_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table, config = written(tmp_path, rows())
    out = tmp_path / "fit"
    assert run(["crohns", "fit", table, "--config", config, "--out", str(out), "--json"]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert said.err == ""
    CrohnsFit.model_validate(document)
    assert json.loads((out / "fit.json").read_text(encoding="utf-8")) == document
    assert list(document["models"]) == ["placebo", "old", "new"]
    assert document["models"]["placebo"]["terms"] == ["(Intercept)", "season", "age", "male"]
    assert document["models"]["new"]["terms"] == ["(Intercept)", "age", "male"]
    with (out / "coefficients.csv").open(encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    assert len(found) == 4 + 3 + 3
    assert float(found[4]["estimate"]) == document["models"]["old"]["estimate"][0]
    with (out / "trials.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 6 + 3 + 3
    assert any("3 trials: the variance between trials" in one for one in document["models"]["old"]["warnings"])


def test_a_fit_is_printed_with_its_caveats(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table, config = written(tmp_path, rows())
    assert run(["crohns", "fit", table, "--config", config, "--out", str(tmp_path / "fit")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Old drugs: 72 participants of 3 trials" in said
    assert "no difference between them is a proven benefit" in said
    assert "nan" not in said.lower().split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--level", "0.4"], "--level: 0.4 is not above 0.5 and below 1, such as 0.95"),
        (["--config", "none.toml"], "none.toml: no such file; expected a configuration"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str):
    table, _ = written(tmp_path, rows())
    assert run(["crohns", "fit", table, "--out", str(tmp_path / "fit"), *words]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "fit").exists()


def test_classes_without_covariates_are_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = CONFIG.replace('title = "age"\n', 'title = "age"\nstage = "placebo"\n')
    text = text.replace('title = "male"\n', 'title = "male"\nstage = "placebo"\n')
    table, config = written(tmp_path, rows(), text)
    assert run(["crohns", "fit", table, "--config", config, "--out", str(tmp_path / "fit")]) == 2
    said = capsys.readouterr().err
    message = "all are of stage 'placebo'; expected one or more of both stages, which tell patients apart."
    assert said.splitlines() == [f"{config}, covariates: {message}"]


def test_a_table_of_other_columns_and_a_folder_that_is_there_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    table, config = written(tmp_path, rows())
    assert run(["crohns", "fit", table, "--out", str(tmp_path / "fit")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 13  # the columns of trial, treatment, outcome and ten covariates
    assert all("has no column" in line for line in lines)
    assert run(["crohns", "fit", table, "--config", config, "--out", str(tmp_path)]) == 2
    assert "exists; nothing is written over without --force" in capsys.readouterr().err
