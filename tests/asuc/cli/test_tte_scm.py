"""`asuc tte scm`: what it writes and refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from asuc.cli import run
from tests.asuc.shell import ROOT
from tte.estimation import covariate_search as module
from tte.estimation.fit import EventFit

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


MANY = [*LINE, "--covariate", "all:CRP", "--covariate", "all:AGE", "--form", "linear", "--form", "threshold"]


def test_a_search_that_is_stopped_goes_on_and_ends_with_the_same_bits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    make, made, at_once = module.fit_candidates, list[EventFit](), list[int]()
    with monkeypatch.context() as patched:
        patched.setattr(module, "fit_candidates", lambda *given: at_once.append(1) or make(*given))
        assert run([*MANY, "--backward", "0.05", "--no-figures", "--out", str(whole)]) == 0
    line = [*MANY, "--backward", "0.05", "--no-figures", "--out", str(parted)]

    def stopped_after_twelve(*given: Any) -> EventFit:
        if len(made) == 12:
            raise KeyboardInterrupt
        made.append(make(*given))
        return made[-1]

    with monkeypatch.context() as patched:
        patched.setattr(module, "fit_candidates", stopped_after_twelve)
        run(line)
    assert "12 fits are kept; the same command with --resume goes on from there" in capsys.readouterr().err
    assert not (parted / "scm.json").exists()
    # A line that was cut off is made again.
    kept = (parted / "fits.csv").read_bytes()
    (parted / "fits.csv").write_bytes(kept[:-40])
    again = list[int]()
    with monkeypatch.context() as patched:
        patched.setattr(module, "fit_candidates", lambda *given: again.append(1) or make(*given))
        assert run([*line, "--resume"]) == 0
    assert len(again) == len(at_once) - 11
    for name in ("scm.json", "trace.csv", "model-landmark-28.toml"):
        assert (parted / name).read_bytes() == (whole / name).read_bytes()
    assert not (parted / "fits.csv").exists()


def test_a_finished_search_is_not_made_again_and_other_settings_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "search"
    line = [*LINE, "--out", str(out)]
    assert run([*line, "--no-figures", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert not (out / "figures").exists()
    with monkeypatch.context() as patched:
        patched.setattr(module, "fit_candidates", None)
        assert run([*line, "--no-figures", "--resume", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == document
    assert "holds this result already; nothing was computed again" in said.err
    # The figures that are asked for now are drawn.
    assert run([*line, "--resume"]) == 0
    assert {file.name for file in (out / "figures").glob("*.svg")} == {"survival.svg", "survival-landmark-28.svg"}
    for more, sentence in (
        (["--forward", "0.1"], "forward is 0.05 there and 0.1 now"),
        (["--covariate", "CRP"], "covariate is ['LOG_AUC_CL'] there"),
        (["--hazard", "surge"], "hazard is 'weibull' there and 'surge' now"),
    ):
        assert run([*line, "--resume", *more]) == 2
        assert sentence in capsys.readouterr().err
    assert run([*LINE, "--out", str(tmp_path / "none"), "--resume"]) == 2
    assert "there is nothing to go on with" in capsys.readouterr().err


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
