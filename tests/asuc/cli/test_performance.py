"""`asuc performance` from a file to tables, and its refusals."""

from __future__ import annotations

import csv
import json

import pytest

from asuc.cli import run

MODEL = "niyigena_2026_asuc"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "12", "--seed", "5"]) == 0
    return file


def perform(cohort, out, *more):
    return run(["performance", str(cohort), "--model", MODEL, "--out", str(out), "--n", "50", *more])


def test_document_and_table_hold_every_level(cohort, tmp_path, capsys):
    assert perform(cohort, tmp_path / "out", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "out" / "performance.json").read_text())
    assert document["schema"] == "asuc-performance/1"
    with (tmp_path / "out" / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    with cohort.open() as stream:
        levels = [row for row in csv.DictReader(stream) if row["MDV"] == "0"]
    assert len(rows) == len(levels) == document["n_samples"] == document["a_priori"]["n"]
    assert sum(row["censored"] == "above" for row in rows) == document["n_above"]
    assert document["a_priori"]["above_uloq"]["seen"] == document["n_above"]
    assert sum(int(row["samples_before"]) > 0 for row in rows) == document["forecast"]["n"]
    assert [one["samples_before"] for one in document["by_samples_before"]] == [0, 1, 2, 3]
    assert sum(one["n"] for one in document["by_samples_before"]) == document["n_samples"]
    names = {one["name"] for one in json.loads((tmp_path / "out" / "figures" / "figures.json").read_text())["figures"]}
    assert names == {"performance-a-priori", "performance-forecast", "performance-coverage", "performance-places"}


def test_the_same_seed_writes_the_same_bytes(cohort, tmp_path):
    for name in ("a", "b"):
        assert perform(cohort, tmp_path / name) == 0
    for file in ("performance.json", "predictions.csv", "figures/performance-places.svg"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_values_come_from_a_fit_and_single_ones_from_init(cohort, tmp_path):
    fitted = {
        "theta": {"cl": {"estimate": 0.6}, "v": {"estimate": 11.0}},
        "omega": {},
        "sigma": {"sigma_proportional": {"estimate": 0.3}},
    }
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit" / "fit.json").write_text(json.dumps(fitted))
    assert perform(cohort, tmp_path / "out", "--fit", str(tmp_path / "fit"), "--init", "v=12", "--no-figures") == 0
    values = json.loads((tmp_path / "out" / "performance.json").read_text())["values"]
    assert (values["cl"], values["v"], values["sigma_proportional"]) == (0.6, 12.0, 0.3)
    assert not (tmp_path / "out" / "figures").exists()


def test_a_folder_that_exists_and_a_cohort_without_a_level_are_refused(cohort, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    assert perform(cohort, tmp_path / "out") == 2
    assert "exists" in capsys.readouterr().err
    bare = tmp_path / "bare.csv"
    lines = cohort.read_text().splitlines()
    bare.write_text("\n".join(lines[:1] + [line for line in lines[1:] if line.split(",")[5] == "1"]) + "\n")
    assert perform(bare, tmp_path / "other") == 2
    assert "holds no level" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
