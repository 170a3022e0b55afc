"""`asuc vpc` from a file to tables, and its refusals."""

from __future__ import annotations

import csv
import errno
import json

import pytest

from asuc.cli import run

MODEL = "niyigena_2026_asuc"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "40", "--seed", "3"]) == 0
    return file


def check(cohort, out, *more):
    return run(["vpc", str(cohort), "--model", MODEL, "--out", str(out), "--n", "200", *more])


def test_tables_and_document_hold_the_same_numbers(cohort, tmp_path, capsys):
    assert check(cohort, tmp_path / "vpc") == 0
    shown = capsys.readouterr().out
    document = json.loads((tmp_path / "vpc" / "vpc.json").read_text())
    assert document["schema"] == "asuc-vpc/1"
    assert (document["n_replicates"], document["corrected"]) == (200, True)
    with (tmp_path / "vpc" / "vpc.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(document["bins"])
    for row, one in zip(rows, document["bins"], strict=True):
        assert float(row["above_uloq_pct_observed"]) == one["above_uloq_pct"]["observed"]
        assert row["p95_high"] == ("" if one["p95"]["high"] is None else repr(one["p95"]["high"]))
        assert str(one["n"]) in shown
    with (tmp_path / "vpc" / "vpc_points.csv").open() as stream:
        points = list(csv.DictReader(stream))
    assert len(points) == sum(one["n"] for one in document["bins"])
    assert {point["censored"] for point in points} <= {"", "below", "above"}
    with (tmp_path / "vpc" / "npc.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == len(document["npc"])


def test_the_same_seed_writes_the_same_bytes(cohort, tmp_path):
    for name in ("a", "b"):
        assert check(cohort, tmp_path / name) == 0
    for file in ("vpc.json", "vpc.csv", "vpc_points.csv", "npc.csv", "figures/vpc.svg", "figures/npc.html"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_estimates_of_a_fit_are_taken_and_init_comes_before_them(cohort, tmp_path):
    assert run(["fit", str(cohort), "--model", MODEL, "--out", str(tmp_path / "fit"), "--covariance", "none"]) == 0
    fitted = json.loads((tmp_path / "fit" / "fit.json").read_text())
    assert check(cohort, tmp_path / "vpc", "--fit", str(tmp_path / "fit"), "--init", "cl=0.5") == 0
    used = json.loads((tmp_path / "vpc" / "vpc.json").read_text())["values"]
    assert used["v"] == fitted["theta"]["v"]["estimate"]
    assert used["cl"] == 0.5


@pytest.mark.parametrize(
    ("name", "exit_code", "said"),
    [
        (
            "niyigena_2026_asuc_explog",
            2,
            f"is a fit of niyigena_2026_asuc_explog; expected one of {MODEL}, as --model says",
        ),
        (MODEL, 0, f"the file of {MODEL} is not the same as when it was fitted; its estimates are taken all the same"),
    ],
)
def test_estimates_of_another_model_are_not_taken_in_silence(cohort, tmp_path, capsys, name, exit_code, said):
    """Both models of the publication have the same parameters, but their effects of CRP have other forms."""
    document = {"model": {"name": name, "sha256": "0"}, "theta": {"cl": {"estimate": 0.5}}, "omega": {}, "sigma": {}}
    (tmp_path / "fit.json").write_text(json.dumps(document))
    assert check(cohort, tmp_path / "vpc", "--fit", str(tmp_path)) == exit_code
    assert said in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(cohort, tmp_path, capsys, monkeypatch):
    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("asuc.cli.cohort_source.write_json", write)
    assert check(cohort, tmp_path / "vpc") == 1
    said = "asuc: the results cannot be written: No space left on device. What was written before is left as it is.\n"
    assert capsys.readouterr().err.endswith(said)


def test_levels_as_they_are_and_time_after_the_dose(cohort, tmp_path):
    assert check(cohort, tmp_path / "vpc", "--plain", "--after-dose", "--bins", "3") == 0
    document = json.loads((tmp_path / "vpc" / "vpc.json").read_text())
    assert (document["corrected"], document["time"], len(document["bins"])) == (False, "after_dose", 3)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--fit", "nowhere"), "cannot be read as a fit; expected the folder that `asuc fit --out` wrote"),
        (("--init", "clx=1"), "clx: is not a parameter of this model"),
        (("--n", "5"), "greater than or equal to 100"),
        (("--n", "100000"), "{n}"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence_and_nothing_is_written(
    cohort, tmp_path, capsys, monkeypatch, more, said
):
    monkeypatch.setattr("pkpd.diagnostics.predictive_checks._MOST_LEVELS", 100_000)
    assert check(cohort, tmp_path / "vpc", *more) == 2
    expected = "do not fit into memory; expected at most" if said == "{n}" else said
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "vpc").exists()


def test_a_folder_that_exists_is_refused_without_force(cohort, tmp_path, capsys):
    (tmp_path / "vpc").mkdir()
    assert check(cohort, tmp_path / "vpc") == 2
    assert "exists" in capsys.readouterr().err
    assert check(cohort, tmp_path / "vpc", "--force") == 0


def test_a_cohort_without_levels_is_refused(tmp_path, capsys):
    file = tmp_path / "c.csv"
    file.write_text("ID,TIME,AMT,DV,WT,CRP\n1,0,300,.,60,20\n")
    assert check(file, tmp_path / "vpc") == 2
    assert "holds no level" in capsys.readouterr().err
