"""`asuc influence` from a file to tables: interrupted, gone on with, and refused."""

from __future__ import annotations

import csv
import json

import pytest

from asuc.cli import run

MODEL = "niyigena_2026_asuc"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "60", "--seed", "4", "--missing", "0"]) == 0
    return file


def influence(cohort, out, *more):
    return run(["influence", str(cohort), "--model", MODEL, "--out", str(out), "--no-figures", *more])


def test_an_interrupted_run_is_gone_on_with_to_the_last_byte(cohort, tmp_path, capsys):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert influence(cohort, whole, "--by", "centre", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "asuc-influence/1"
    assert sum(document["statuses"].values()) == document["n"] == 7
    assert sum(one["n_subjects"] for one in document["cases"]) == 60
    cut.mkdir()
    (cut / "settings.json").write_bytes((whole / "settings.json").read_bytes())
    lines = (whole / "deletions.csv").read_bytes().splitlines(keepends=True)
    (cut / "deletions.csv").write_bytes(b"".join(lines[:5]) + lines[5][:20])
    assert influence(cohort, cut, "--by", "centre", "--resume") == 0
    for file in ("deletions.csv", "influence.csv", "influence.json"):
        assert (cut / file).read_bytes() == (whole / file).read_bytes()
    assert influence(cohort, cut, "--resume") == 2
    assert "by is 'centre' there" in capsys.readouterr().err


def test_one_step_needs_no_fits_and_figures_are_drawn(cohort, tmp_path):
    out = tmp_path / "out"
    assert run(["influence", str(cohort), "--model", MODEL, "--out", str(out), "--approximate"]) == 0
    with (out / "influence.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 60
    assert not (out / "deletions.csv").exists()
    names = {one["name"] for one in json.loads((out / "figures" / "figures.json").read_text())["figures"]}
    assert names == {"influence", "influence-shifts"}


def test_ratios_of_no_fits_and_a_single_subject_are_refused(cohort, tmp_path, capsys):
    assert influence(cohort, tmp_path / "out", "--approximate", "--ratio") == 2
    assert "--approximate makes none" in capsys.readouterr().err
    single = tmp_path / "single.csv"
    assert run(["cohort", "simulate", "--out", str(single), "--n", "1", "--missing", "0"]) == 0
    capsys.readouterr()
    assert influence(single, tmp_path / "out") == 2
    assert "expected at least two" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
