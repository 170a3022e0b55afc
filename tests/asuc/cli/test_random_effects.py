"""Cohorts with occasions and centres, end to end: what `asuc fit` and the commands after it make of a model that has effects of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from asuc.cli import run

LIBRARY = Path(__file__).parents[3] / "pkpd" / "library"
EFFECTS = """
[iov.cl]
omega2 = 0.1

[centre.cl]
omega2 = 0.1

[parameters.cl]
"""
STARTS = (0, 28)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the file of a model with effects of occasions and centres, and a Box-Cox shape held at its value."""
    text = (LIBRARY / "niyigena_2026_asuc.toml").read_text(encoding="utf-8")
    text = text.replace("\n[parameters.cl]\n", EFFECTS, 1)
    text = text.replace(
        "[iiv.cl]\ncv_pct = 72.1", '[iiv.cl]\nomega2 = 0.2\nshape = "box_cox"\nlambda = 0.2\nshape_fixed = true'
    )
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Return the file of twelve patients of three centres, each with two occasions."""
    rng = np.random.default_rng(2)
    lines = ["ID,TIME,AMT,DV,OCC,CENTRE,WT,CRP"]
    for i in range(12):
        who = f"{('north', 'south', 'west')[i % 3]},{60 + i},{20 + 3 * i}"
        for occasion, start in enumerate(STARTS, start=1):
            lines.append(f"{i + 1},{start},400,.,{occasion},{who}")
            for after in (1, 10):
                level = 30.0 * np.exp(-0.03 * after + 0.3 * rng.standard_normal())
                lines.append(f"{i + 1},{start + after},.,{level:.3f},{occasion},{who}")
    file = tmp_path / "cohort.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_fit_with_occasions_and_centres_goes_through_to_simulation_and_bootstrap(
    cohort: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    given = [str(cohort), "--model", str(model)]
    assert run(["fit", *given, "--method", "focei", "--out", str(out), "--individuals", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"omega2_cl", "omega2_v", "omega2_iov_cl", "omega2_centre_cl"} <= set(document["omega"])
    assert document["theta"]["lambda_cl"]["fixed"]
    assert document["covariance"] in (None, "r")
    etas = rows_of(out / "etas.csv")
    assert len(etas) == 12
    assert {"eta_cl", "eta_iov_cl_1", "eta_iov_cl_2", "se_iov_cl_2"} <= set(etas[0])
    centres = rows_of(out / "centres.csv")
    assert [row["centre"] for row in centres] == ["north", "south", "west"]
    assert sum(float(row["ofv"]) for row in centres) == pytest.approx(document["ofv"], abs=1e-6)
    assert sum(float(row["ofv_i"]) for row in etas) == pytest.approx(document["ofv"], abs=1e-6)
    table = rows_of(out / "table.csv")
    assert len(table) == 48
    assert all(row["npde"] for row in table)

    after = [*given, "--fit", str(out)]
    assert run(["vpc", *after, "--n", "100", "--out", str(tmp_path / "vpc")]) == 0
    assert run(["simulate", *after, "--n", "3", "--out", str(tmp_path / "drawn")]) == 0
    assert len(rows_of(tmp_path / "drawn" / "simulated.csv")) == 3 * 48
    boot = ["bootstrap", *given, "--method", "focei", "--n", "2", "--workers", "1", "--out", str(tmp_path / "boot")]
    assert run(boot) == 0
    capsys.readouterr()

    assert run(["exposure", *after, "--out", str(tmp_path / "exposure")]) == 0
    said = capsys.readouterr()
    assert "Effects of occasions and centres are 0" in said.err
    assert len(rows_of(tmp_path / "exposure" / "exposure.csv")) == 12


def test_exact_samples_a_model_with_occasions(cohort: Path, model: Path, tmp_path: Path):
    words = [
        "fit",
        str(cohort),
        "--model",
        str(model),
        "--maxeval",
        "0",
        "--no-figures",
        "--out",
        str(tmp_path / "fit"),
    ]
    assert run(words) == 0
    document = json.loads((tmp_path / "fit" / "fit.json").read_text(encoding="utf-8"))
    assert document["integration"]["kind"] == "importance_sampling"
    assert document["ofv"] is not None


def test_a_cohort_without_the_columns_is_refused_with_their_names(
    cohort: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    text = cohort.read_text(encoding="utf-8")
    for name in ("OCC", "CENTRE"):
        file = tmp_path / f"no_{name}.csv"
        file.write_text(text.replace(name, "OTHER", 1), encoding="utf-8")
        arguments = ["fit", str(file), "--model", str(model), "--method", "focei", "--out", str(tmp_path / "fit")]
        assert run(arguments) == 2
        assert f"column {name}" in capsys.readouterr().err
        drawn = ["simulate", str(file), "--model", str(model), "--out", str(tmp_path / f"drawn_{name}")]
        assert run(drawn) == 0
