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


def table_of(folder, name):
    with (folder / name).open() as stream:
        return list(csv.DictReader(stream))


def test_errors_coverage_and_limits_are_tables_as_well(cohort, tmp_path):
    out = tmp_path / "out"
    assert perform(cohort, out, "--no-figures") == 0
    document = json.loads((out / "performance.json").read_text())
    stages = ("a_priori", "a_priori_of_forecast", "forecast")

    errors = table_of(out, "errors.csv")
    assert [(row["predictions"], row["at"]) for row in errors] == [
        (stage, at) for stage in stages for at in ("point", "median")
    ]
    for row in errors:
        one = document[row["predictions"]]
        assert int(row["n_levels"]) == one["n_quantified"]
        for name, measured in one[row["at"]].items():
            cells = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
            assert cells == [
                "" if measured[part] is None else repr(measured[part]) for part in ("value", "low", "high")
            ]

    coverage = table_of(out, "coverage.csv")
    assert len(coverage) == sum(len(document[stage]["coverage"]) for stage in stages)
    expected = [repr(part["inside_pct"]["high"]) for stage in stages for part in document[stage]["coverage"]]
    assert [row["inside_pct_high"] for row in coverage] == expected

    above = next(row for row in table_of(out, "beyond_limits.csv") if row["limit"] == "above_uloq")
    told = document["a_priori"]["above_uloq"]
    assert (above["predictions"], int(above["seen"]), float(above["brier"])) == (
        "a_priori",
        told["seen"],
        told["brier"]["value"],
    )
    groups = [row for row in table_of(out, "calibration.csv") if row["limit"] == "above_uloq"]
    assert [int(row["n"]) for row in groups if row["predictions"] == "a_priori"] == [
        group["n"] for group in told["calibration"]
    ]
    by_samples = table_of(out, "errors_by_samples.csv")
    assert [int(row["n"]) for row in by_samples] == [one["n"] for one in document["by_samples_before"]]


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
