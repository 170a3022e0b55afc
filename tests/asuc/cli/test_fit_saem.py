"""`asuc fit --method saem`: what it writes and says, and which commands refuse it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ("--model", "niyigena_2026_asuc")
SAEM = (*MODEL, "--method", "saem", "--maxeval", "210", "--covariance", "none")


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the file of a small virtual cohort."""
    file = tmp_path / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "12", "--seed", "5"]) == 0
    capsys.readouterr()
    return file


def fitted(cohort: Path, out: Path, *more: str):
    assert run(["fit", str(cohort), *SAEM, "--out", str(out), *more]) == 0
    return json.loads((out / "fit.json").read_text(encoding="utf-8"))


def test_it_writes_how_it_came_about_its_path_and_a_figure_of_it(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    document = fitted(cohort, out, "--individuals", "0")
    assert "OFV" in (printed := capsys.readouterr().out)
    assert "by exact at the estimates of saem" in printed
    assert document["method"] == "saem"
    assert document["status"] == "evaluations"
    own = document["saem"]
    assert own["ofv_by"] == "exact"
    assert own["iterations"] == 210
    assert own["exploration"] == 200
    assert all(0.0 < share < 1.0 for share in own["acceptance"].values())

    with (out / "saem_path.csv").open(encoding="utf-8", newline="") as stream:
        path = list(csv.DictReader(stream))
    assert len(path) == 210
    assert [path[199]["phase"], path[200]["phase"]] == ["exploration", "smoothing"]
    assert all(float(row["cl"]) > 0.0 for row in path)
    listed = json.loads((out / "figures" / "figures.json").read_text(encoding="utf-8"))
    assert "saem-path" in {figure["name"] for figure in listed["figures"]}
    assert "<svg" in (out / "figures" / "saem-path.svg").read_text(encoding="utf-8")
    assert run(["report", str(out), "--out", str(tmp_path / "fit.html")]) == 0


def test_the_same_seed_writes_the_same_files_and_another_one_others(cohort: Path, tmp_path: Path):
    for name, seed in (("one", "3"), ("two", "3"), ("three", "4")):
        fitted(cohort, tmp_path / name, "--no-figures", "--seed", seed)
    for file in ("saem_path.csv", "etas.csv", "table.csv"):
        one, two, three = ((tmp_path / name / file).read_bytes() for name in ("one", "two", "three"))
        assert one == two
        assert one != three


def test_without_iterations_the_objective_is_evaluated(cohort: Path, tmp_path: Path):
    out = tmp_path / "fit"
    document = fitted(cohort, out, "--maxeval", "0", "--individuals", "0")
    assert document["status"] == "evaluated"
    assert document["saem"]["sampling_error"] is None
    left_out = json.loads((out / "figures" / "figures.json").read_text(encoding="utf-8"))["left_out"]
    assert "Path of SAEM: not drawn, since nothing was estimated." in left_out


@pytest.mark.parametrize("command", [("bootstrap",), ("scm", "--covariate", "albumin_g_per_L")])
def test_bootstrap_and_covariate_search_refuse_it(
    command: tuple[str, ...], cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    name, *more = command
    out = tmp_path / "out"
    assert run([name, str(cohort), *MODEL, *more, "--method", "saem", "--out", str(out)]) == 2
    assert "'saem' is not one of" in capsys.readouterr().err
    assert not out.exists()


def test_a_fit_by_another_method_leaves_no_path_of_saem_behind(cohort: Path, tmp_path: Path):
    out = tmp_path / "fit"
    words = ["fit", str(cohort), "--model", "niyigena_2026_asuc", "--no-figures", "--out", str(out)]
    assert run([*words, "--method", "saem", "--maxeval", "5"]) == 0
    assert (out / "saem_path.csv").exists()
    assert run([*words, "--maxeval", "0", "--force"]) == 0
    assert not (out / "saem_path.csv").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--impute", "multiple", "--method", "saem"], "multiple does not go with --method saem"),
        (["--impute", "multiple", "--maxeval", "0"], "multiple does not go with --maxeval 0"),
        (["--impute", "multiple", "--starts", "2"], "multiple does not go with --starts"),
        (["--starts", "2", "--method", "saem"], "2 starts of saem"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_read(
    words: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = ["fit", "not_there.csv", "--model", "niyigena_2026_asuc", "--out", str(tmp_path / "fit"), *words]
    assert run(line) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "fit").exists()
