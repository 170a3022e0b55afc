"""`asuc exposure` and `asuc simulate` from a file to tables, and their refusals."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from asuc.cli import run

MODEL = ["--model", "niyigena_2026_asuc"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "30", "--seed", "3"]) == 0
    return str(file)


def table(file):
    with file.open() as stream:
        return list(csv.DictReader(stream))


def test_each_subject_has_its_parameters_and_its_area(cohort, tmp_path, capsys):
    assert run(["exposure", cohort, *MODEL, "--out", str(tmp_path / "e")]) == 0
    assert "30 subjects; area from day 14 to 28" in capsys.readouterr().out
    rows = table(tmp_path / "e" / "exposure.csv")
    assert len(rows) == 30
    for row in rows:
        for name in ("cl", "v", "half_life", "auc", "ln_auc_cl"):
            low, middle, high = (float(row[f"{name}_{part}"]) for part in ("q05", "q50", "q95"))
            assert low < middle < high
        assert float(row["ln_auc_cl_map"]) == pytest.approx(
            math.log(float(row["auc_map"]) / float(row["cl_map"])), abs=1e-9
        )
    document = json.loads((tmp_path / "e" / "exposure.json").read_text())
    medians = [float(row["auc_q50"]) for row in rows]
    assert document["subjects"]["auc"]["median"] == pytest.approx(np.median(medians), rel=1e-12)


def test_a_window_without_drug_has_no_area(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("ID,TIME,AMT,DUR,DV,WT,CRP\n1,40,300,0.083,.,60,20\n1,54,.,.,8,60,20\n")
    assert run(["exposure", str(file), *MODEL, "--out", str(tmp_path / "e")]) == 0
    (row,) = table(tmp_path / "e" / "exposure.csv")
    assert (row["auc_map"], row["auc_q95"], row["ln_auc_cl_map"]) == ("0.0", "0.0", "")
    document = json.loads((tmp_path / "e" / "exposure.json").read_text())
    assert document["n_without_drug_in_window"] == 1
    assert document["subjects"]["auc"]["median"] == 0.0


def test_another_window_is_another_area(cohort, tmp_path):
    assert run(["exposure", cohort, *MODEL, "--out", str(tmp_path / "e"), "--window", "0", "14"]) == 0
    assert run(["exposure", cohort, *MODEL, "--out", str(tmp_path / "l"), "--window", "0", "28"]) == 0
    early, both = (table(tmp_path / name / "exposure.csv") for name in ("e", "l"))
    assert all(float(a["auc_map"]) < float(b["auc_map"]) for a, b in zip(early, both, strict=True))


@pytest.mark.parametrize("window", [("28", "14"), ("-1", "14"), ("14", "14"), ("14", "inf"), ("nan", "3")])
def test_a_wrong_window_is_refused(cohort, tmp_path, capsys, window):
    assert run(["exposure", cohort, *MODEL, "--out", str(tmp_path / "e"), "--window", *window]) == 2
    assert "is no window; expected two days, the earlier first" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_simulated_levels_are_censored_at_the_limits_of_their_sample(cohort, tmp_path, capsys):
    assert run(["simulate", cohort, *MODEL, "--out", str(tmp_path / "s"), "--n", "20", "--seed", "4"]) == 0
    rows = table(tmp_path / "s" / "simulated.csv")
    document = json.loads((tmp_path / "s" / "simulate.json").read_text())
    assert len(rows) == 20 * document["n_levels"]
    for row in rows:
        dv, cens = float(row["dv"]), int(row["cens"])
        lloq, uloq = float(row["lloq"]), float(row["uloq"])
        assert dv == {1: lloq, -1: uloq}.get(cens, dv)
        assert lloq <= dv <= uloq
    censored = sum(row["cens"] != "0" for row in rows) / len(rows)
    assert document["censored_pct"] == pytest.approx(100.0 * censored, abs=1e-9)
    assert "of them censored" in capsys.readouterr().out


def test_the_same_seed_draws_the_same_levels_and_more_replicates_are_no_error(cohort, tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run(["simulate", cohort, *MODEL, "--out", str(tmp_path / name), "--seed", seed]) == 0
    first, again, other = ((tmp_path / name / "simulated.csv").read_bytes() for name in "abc")
    assert first == again
    assert first != other


@pytest.mark.parametrize("command", ["exposure", "simulate"])
def test_a_folder_that_exists_is_refused(cohort, tmp_path, capsys, command):
    assert run([command, cohort, *MODEL, "--out", str(tmp_path)]) == 2
    assert "exists" in capsys.readouterr().err
