"""`asuc profile`, `asuc sir` and `asuc fit --starts`: what they write, refuse, and go on from."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ["--model", "niyigena_2026_asuc"]
SAMPLES = ["--samples", "100", "--resamples", "50", "--iterations", "2"]


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = str(tmp_path / "cohort.csv")
    assert run(["cohort", "simulate", "--out", file, "--n", "40", "--seed", "5"]) == 0
    capsys.readouterr()
    return file


def document_of(file: Path) -> dict[str, object]:
    found = json.loads(file.read_text(encoding="utf-8"))
    return {key: value for key, value in found.items() if key != "n_resumed"}


def cut(file: Path, n_lines: int) -> None:
    """Leave what a stop in the middle of a line leaves."""
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:n_lines]) + lines[n_lines][:-9])


def test_a_profile_goes_on_to_the_same_result(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out, names = tmp_path / "profile", ["--parameter", "cl", "--parameter", "sigma_proportional"]
    line = ["profile", cohort, *OPTIONS, *names, "--out", str(out)]
    assert run([*line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], list(document["parameters"])) == ("asuc-profile/1", ["cl", "sigma_proportional"])
    for one in document["parameters"].values():
        assert one["lower"]["value"] < one["estimate"] < one["upper"]["value"]
    before = {name: (out / name).read_bytes() for name in ("fits.csv", "profile.csv", "intervals.csv")}
    with (out / "intervals.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["parameter"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["cl", "sigma_proportional"]
    for name, one in document["parameters"].items():
        for key in ("estimate", "se", "wald_lower", "wald_upper", "interval_ratio"):
            assert float(rows[name][key]) == one[key]
        for side in ("lower", "upper"):
            assert (float(rows[name][side]), rows[name][f"{side}_status"]) == (one[side]["value"], "found")
    whole = document_of(out / "profile.json")
    with (out / "profile.csv").open(encoding="utf-8") as stream:
        assert sum(row["status"] == "estimate" for row in csv.DictReader(stream)) == 2
    assert {file.name for file in (out / "figures").iterdir()} >= {"profiles.svg", "profiles.html", "profiles.csv"}

    cut(out / "fits.csv", 4)
    assert run(line) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
    assert run([*line, "--resume"]) == 0
    assert json.loads((out / "profile.json").read_text(encoding="utf-8"))["n_resumed"] == 3
    assert document_of(out / "profile.json") == whole
    assert {name: (out / name).read_bytes() for name in before} == before


def test_wrong_words_of_a_profile_are_refused_and_nothing_is_written(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = ["profile", cohort, *OPTIONS, "--out", str(tmp_path / "out")]
    assert run([*line, "--level", "1"]) == 2
    assert "--level: 1 is not above 0.5 and below 1" in capsys.readouterr().err
    assert run([*line, "--parameter", "clearance"]) == 2
    assert "--parameter: clearance is not a parameter of this model" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_resampling_goes_on_to_the_same_result(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "sir"
    line = ["sir", cohort, *OPTIONS, *SAMPLES, "--out", str(out)]
    assert run([*line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], len(document["iterations"])) == ("asuc-sir/1", 2)
    for one in document["parameters"].values():
        assert one["fixed"] or one["q025"] < one["q50"] < one["q975"]
    whole, samples = document_of(out / "sir.json"), (out / "samples.csv").read_bytes()
    with (out / "sir.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            one = document["parameters"][row["parameter"]]
            assert row["fixed"] == str(int(one["fixed"]))
            assert row["q975"] == ("" if one["fixed"] else repr(one["q975"]))
    with (out / "iterations.csv").open(encoding="utf-8", newline="") as stream:
        steps = list(csv.DictReader(stream))
    assert [row["iteration"] for row in steps] == ["1", "2"]
    assert [float(row["effective_size"]) for row in steps] == [one["effective_size"] for one in document["iterations"]]
    with (out / "samples.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert (len(rows), sum(row["kept"] == "1" for row in rows)) == (200, 100)
    assert {file.name for file in (out / "figures").iterdir()} >= {"sir-dofv.svg", "sir-dofv.html", "sir-dofv.csv"}

    cut(out / "evaluations.csv", 150)
    assert run([*line, "--resume"]) == 0
    assert json.loads((out / "sir.json").read_text(encoding="utf-8"))["n_resumed"] == 149
    assert document_of(out / "sir.json") == whole
    assert (out / "samples.csv").read_bytes() == samples


def test_more_resamples_than_half_are_refused(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    line = ["sir", cohort, *OPTIONS, "--out", str(tmp_path / "out"), "--samples", "100", "--resamples", "60"]
    assert run(line) == 2
    assert "--resamples: 60 is more than half of 100 samples" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_several_starts_stand_in_the_fit(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out, alone = tmp_path / "fit", tmp_path / "alone"
    line = ["fit", cohort, *OPTIONS, "--no-figures", "--out"]
    assert run([*line, str(out), "--starts", "3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    starts = document["starts"]
    assert (starts["n"], starts["n_finite"], starts["n_agree"], starts["best"]) == (3, 3, 3, 1)
    with (out / "starts.csv").open(encoding="utf-8") as stream:
        assert [row["agrees"] for row in csv.DictReader(stream)] == ["1", "1", "1"]
    # Where the given start is the best, the fit is the one that a single start gives.
    assert run([*line, str(alone), "--json"]) == 0
    single = json.loads(capsys.readouterr().out)
    assert (single["ofv"], single["theta"]) == (document["ofv"], document["theta"])
    assert not (alone / "starts.csv").exists()
    assert run([*line, str(out), "--force", "--starts", "2", "--maxeval", "0"]) == 2
    assert "--starts: 2 starts with --maxeval 0, which searches nothing" in capsys.readouterr().err
