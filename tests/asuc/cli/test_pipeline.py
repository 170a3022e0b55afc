"""`asuc pipeline`: its steps, that it goes on where it ended, and what it refuses before the first step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from asuc.cli.pipeline_steps import Asked, first_steps, later_steps, markers_of
from tests.asuc.shell import ROOT
from tte import load_event_model

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / "examples" / "virtual_colectomy"
FILES = [str(EXAMPLE / "cohort.csv"), str(EXAMPLE / "events.csv")]
PLANNED = ["--planned", str(EXAMPLE / "planned.csv")]


def test_every_step_is_a_command_whose_words_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = Asked("c.csv", "e.csv", "m", "n", ["--plan", "label"], "weibull", "bayes", "own", 3, 50, has_figures=False)
    steps = [*first_steps(asked, tmp_path), *later_steps(asked, tmp_path, ["--marker", "AUC:lower"], threshold=5.79)]
    assert [one.name for one in steps] == [
        "fit", "exposure", "hazards", "hazard", "threshold", "joint", "validation", "event_model",
    ]  # fmt: skip
    for one in steps:
        names = [word for word in one.words if word.startswith("--")]
        command = one.words[: 2 if one.words[0] == "tte" else 1]
        assert run([*command, "--help"]) == 0
        text = capsys.readouterr().out
        assert [name for name in names if name not in text] == []
    # The app knows the published pharmacokinetics, not those of the fit.
    assert steps[-1].words[2] == str(tmp_path / "validation" / "exposure" / "events_with_exposure.csv")


def test_every_step_that_draws_is_told_how_often(tmp_path: Path):
    words = ("c.csv", "e.csv", "m", "n", [], "weibull", "bayes", "own", 3)
    told, untold = (
        [
            " ".join(one.words)
            for one in later_steps(
                Asked(*words, n, has_figures=True), tmp_path, ["--marker", "AUC:lower"], threshold=5.79
            )
        ]
        for n in (50, None)
    )
    drawing = [one for one in told if " --n 50" in one or " --bootstrap 50" in one]
    assert [one.split()[:2] for one in drawing] == [["tte", "threshold"], ["validate", "c.csv"], ["tte", "recalibrate"]]
    assert [one for one in untold if " --n " in one or " --bootstrap " in one] == []


def test_markers_are_those_with_a_value(tmp_path: Path):
    file = tmp_path / "events.csv"
    file.write_text(
        "ID,TIME,EVENT,LOG_AUC_CL,CL,CL_DAY7,AT_RISK_28\na,5,1,5.1,0.5,,1\nb,90,0,6.1,,,1\n", encoding="utf-8"
    )
    assert markers_of(file) == ["--marker", "LOG_AUC_CL:lower", "--marker", "CL:higher"]


@pytest.mark.slow
def test_the_way_ends_at_an_event_model_and_goes_on_where_it_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "study"
    words = ["pipeline", *FILES, *PLANNED, "--out", str(out), "--no-figures", "--n", "40", "--id", "ours"]
    assert run([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((out / "pipeline.json").read_text(encoding="utf-8"))
    assert [one["exit_code"] for one in document["steps"]] == [0] * 8
    found = document["found"]
    low, high = found["joint"]["profile_interval"]
    assert low < found["joint"]["estimate"] < high < 0.0
    assert found["threshold"]["LOG_AUC_CL"]["landmark"]["auroc"][0] > 0.5
    later = found["landmark"]
    for name in ("hazard", "joint"):
        assert later[name]["profile_interval"][0] < later[name]["estimate"] < later[name]["profile_interval"][1]
    assert later["hazards"][0]["aic"] < found["hazards"][0]["aic"]
    assert {"AUC_0_7", "LOG_AUC_CL_28_42", "CL", "TROUGH_14", "CL_A_PRIORI_BATTAT"} <= found["threshold"].keys()
    model = load_event_model(found["event_model"])
    assert model.id == "ours"
    assert (out / "validation" / "report.html").stat().st_size > 0
    # Nothing is computed twice; a step that is asked otherwise is, with all behind it.
    assert run([*words, "--resume"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("done before") == 8
    # Long paths are broken into lines.
    assert f"asucapp--event-model{out / 'event_model' / 'ours.toml'}" in "".join(captured.out.split())
    assert run([*words, "--resume", "--id", "others"]) == 0
    assert capsys.readouterr().err.count("done before") == 7


def test_wrong_files_are_refused_before_the_first_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    times = tmp_path / "times.csv"
    times.write_text("ID,TIME,EVENT\n1,-4,1\n1,5,2\n", encoding="utf-8")
    out = tmp_path / "study"
    assert run(["pipeline", FILES[0], str(times), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "times.csv" in said
    assert not out.exists()
    times.write_text("ID,TIME,EVENT\n1,40,1\nnobody,90,0\n", encoding="utf-8")
    assert run(["pipeline", FILES[0], str(times), "--out", str(out)]) == 2
    assert "holds subjects that stand in no row of" in capsys.readouterr().err
    times.write_text("ID,TIME,EVENT,TIME2\n1,40,1,50\n2,90,0,\n", encoding="utf-8")
    assert run(["pipeline", FILES[0], str(times), "--out", str(out)]) == 2
    assert "TIME2: gives 1 event by an interval alone (1)" in capsys.readouterr().err
    assert run(["pipeline", *FILES, *PLANNED, "--plan", "label", "--out", str(out)]) == 2
    assert "--plan: label is given beside --planned" in capsys.readouterr().err
    assert not out.exists()


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["pipeline", *FILES, "--out", str(tmp_path)]) == 2
    assert "exists; nothing is written over without --force or --resume" in capsys.readouterr().err


def test_data_that_changed_are_not_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    before = {"data": {"cohort": {"file": "c", "sha256": "0"}}, "steps": []}
    (tmp_path / "pipeline.json").write_text(json.dumps(before), encoding="utf-8")
    assert run(["pipeline", *FILES, "--out", str(tmp_path), "--resume"]) == 2
    assert "is not the one that" in capsys.readouterr().err
