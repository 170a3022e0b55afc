"""`asuc tte scm`: what it writes and refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LINE = ["tte", "scm", str(ROOT / "examples" / "virtual_events.csv"), "--hazard", "weibull", "--covariate", "LOG_AUC_CL"]


def test_it_writes_trace_document_and_a_model_that_fits_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "search"
    line = [*LINE, "--covariate", "all:CRP", "--form", "linear", "--backward", "0.05", "--out", str(out)]
    assert run([*line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "tte-scm/1"
    assert [one["covariate"] for one in document["selected"]] == ["LOG_AUC_CL"]
    with (out / "trace.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    own = [row for row in rows if row["set"] == "all"]
    assert len(own) == len(document["trace"]) == 3 + 2 + 1
    assert len(rows) == len(own) + len(document["beside"]["search"]["trace"])
    assert (out / "model-landmark-28.toml").exists()
    model, again = str(out / "model.toml"), str(tmp_path / "again")
    more = ["--model", model, "--maxeval", "0", "--out", again, "--no-figures", "--no-profile", "--json"]
    assert run(["tte", "fit", LINE[2], *more]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["log_likelihood"] == pytest.approx(document["final"]["log_likelihood"], rel=1e-10)
    # A final model with a form that the file has no column of is no model file.
    assert run([*LINE, "--form", "threshold", "--out", str(out), "--force"]) == 0
    said = capsys.readouterr().out
    assert "they are associations" in said
    assert not (out / "model.toml").exists()
    # The search at the landmark selects nothing, which every file has the columns for.
    assert (out / "model-landmark-28.toml").exists()


def test_it_refuses_levels_forms_and_names_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = ["--out", str(tmp_path / "search")]
    for more, said in (
        (["--forward", "1.5"], "1.5 is not above 0 and below 1"),
        (["--form", "cubic"], "“cubic” is none; expected one of linear, log, threshold, hockey_stick"),
        (["--covariate", "width:CRP"], "names no parameter; expected one of lambda, shape, or all"),
        (["--covariate", "WEIGHT"], "has no column WEIGHT"),
    ):
        assert run([*LINE, *more, *out]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "search").exists()
