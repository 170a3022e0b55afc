"""`asuc nonmem compare` of times to an event, and of runs whose control stream is given beside the folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import optimize, stats

from asuc.cli import run
from asuc.qualification.reference_folders import control_stream_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pkpd.arrays import FloatArray


@pytest.fixture
def compared(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def of(folder: Path, *words: str) -> dict[str, Any]:
        assert run(["nonmem", "compare", str(folder), "--json", *words]) == 0
        document = json.loads(capsys.readouterr().out)
        return {**document, "by_quantity": {one["quantity"]: one for one in document["checks"]}}

    return of


def test_a_reference_run_of_event_times_agrees_in_every_quantity(reference_dir: Path, compared):
    folder = reference_dir / "nonmem" / "tte_exponential_tte100"
    document = compared(folder, "--control", str(control_stream_of(folder.name)))
    assert document["verdict"] == "agree"
    checks = document["by_quantity"]
    promised = {
        "ofv at NONMEM's estimates": 1e-6,
        "ofv of a free fit": 1e-5,
        "THETA1": 5e-4,
        "THETA2": 5e-4,
        "SE of THETA1 (sandwich)": 1e-3,
        "SE of THETA2 (sandwich)": 1e-3,
        "condition number": 1e-3,
    }
    assert {name for name, one in checks.items() if one["verdict"] == "pass"} == set(promised)
    for name, tolerance in promised.items():
        assert abs(checks[name]["difference"]) <= tolerance, name
    assert checks["ofv at NONMEM's estimates"]["nonmem"] == 1297.0157895421612
    assert checks["objective of each subject"]["why"] == "There is no .phi file."


def test_a_run_of_infliximab_agrees_subject_by_subject(reference_dir: Path, compared):
    """Levels below 0 count as in NONMEM, and covariates change right after the record before, also where that is no event."""
    folder = reference_dir / "nonmem" / "infliximab_map_foce"
    document = compared(folder, "--control", str(control_stream_of(folder.name)))
    assert document["verdict"] == "agree"
    checks = document["by_quantity"]
    for name, tolerance in (
        ("ofv at NONMEM's estimates", 1e-5),
        ("objective of each subject", 1e-5),
        ("eta", 1e-5),
        ("conditional variances of eta (ETC)", 1e-4),
    ):
        assert checks[name]["verdict"] == "pass", name
        assert abs(checks[name]["difference"]) <= tolerance, name
    assert checks["optimum"]["why"] == "NONMEM evaluated the objective and searched nothing (MAXEVAL=0)."


# ------------------------------------------------------------------------------------- a run that SciPy makes in place of NONMEM

WEIBULL = """$PROBLEM weibull
$INPUT ID TIME DV CRP
$DATA data.csv IGNORE=@
$PRED
LAM = EXP(THETA(1)+THETA(3)*(CRP-30))
GAM = THETA(2)
CHZ = (LAM*TIME)**GAM
HAZ = GAM*CHZ/TIME
Y = EXP(-CHZ)*HAZ**DV
$THETA -4 (0,1.2) 0.02
$OMEGA 0 FIX
$ESTIMATION METHOD=1 LAPLACE LIKELIHOOD
$COVARIANCE MATRIX=R
"""
NAMES = ("THETA1", "THETA2", "THETA3", "SIGMA(1,1)", "OMEGA(1,1)")


def data() -> dict[str, Any]:
    rng = np.random.default_rng(4)
    crp: FloatArray = np.round(rng.uniform(5.0, 80.0, 60), 1).astype(np.float64)
    time: FloatArray = np.round(60.0 * rng.weibull(1.2, 60) * np.exp(-0.015 * (crp - 30.0)) + 0.5, 3).astype(np.float64)
    return {"TIME": np.minimum(time, 90.0), "DV": (time < 90.0) * 1.0, "CRP": crp}


def by_subject(theta: FloatArray) -> FloatArray:
    """Return -2 log likelihood of each subject by SciPy's distribution."""
    of = data()
    one = stats.weibull_min(theta[1], scale=np.exp(-theta[0] - theta[2] * (of["CRP"] - 30.0)))
    return -2.0 * np.where(of["DV"] == 1.0, one.logpdf(of["TIME"]), one.logsf(of["TIME"]))


def second_derivatives(theta: FloatArray) -> FloatArray:
    """Return those of the objective, by central differences."""
    step = 1e-4 * np.maximum(np.abs(theta), 0.05)
    at = np.diag(step)

    def objective(x: FloatArray) -> float:
        return float(by_subject(x).sum())

    return np.array(
        [
            [
                (
                    objective(theta + at[i] + at[j])
                    - objective(theta + at[i] - at[j])
                    - objective(theta - at[i] + at[j])
                    + objective(theta - at[i] - at[j])
                )
                / (4.0 * step[i] * step[j])
                for j in range(3)
            ]
            for i in range(3)
        ]
    )


@pytest.fixture(scope="module")
def optimum() -> FloatArray:
    found = optimize.minimize(
        lambda x: by_subject(x).sum(),
        [-4.0, 1.2, 0.02],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 5000},
    )
    return np.array(found.x)


@pytest.fixture
def folder(tmp_path: Path, optimum: FloatArray) -> Path:
    """Return the folder of a run that ended at SciPy's optimum."""
    of, objective = data(), by_subject(optimum)
    rows = zip(range(1, 61), of["TIME"], of["DV"], of["CRP"], strict=True)
    lines = ["ID,TIME,DV,CRP", *(",".join(f"{value:g}" for value in row) for row in rows)]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "run.ctl").write_text(WEIBULL, encoding="utf-8")
    se = np.sqrt(np.diag(np.linalg.inv(0.5 * second_derivatives(optimum))))
    table = [
        "TABLE NO.     1: Laplacian Conditional Estimation: Problem=1 Subproblem=0",
        f" ITERATION {' '.join(NAMES)} OBJ",
        f" 0 -4 1.2 0.02 0 0 {by_subject(np.array([-4.0, 1.2, 0.02])).sum():.10f}",
        *(
            f" {code} {' '.join(f'{value:.8E}' for value in values)} {total:.10f}"
            for code, values, total in (
                (-1000000000, (*optimum, 0.0, 0.0), objective.sum()),
                (-1000000001, (*se, 1e10, 1e10), 0.0),
                (-1000000006, (0.0, 0.0, 0.0, 1.0, 1.0), 0.0),
                (-1000000007, (0.0, 37.0, 0.0, 0.0, 0.0), 0.0),
            )
        ),
    ]
    (tmp_path / "run.ext").write_text("\n".join(table) + "\n", encoding="utf-8")
    phi = [
        "TABLE NO.     1: Laplacian Conditional Estimation: Problem=1 Subproblem=0",
        " SUBJECT_NO ID ETA(1) ETC(1,1) OBJ",
        *(f" {i} {i} 0.0 0.0 {value:.8f}" for i, value in enumerate(objective, start=1)),
    ]
    (tmp_path / "run.phi").write_text("\n".join(phi) + "\n", encoding="utf-8")
    return tmp_path


def changed(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_parameters_that_the_engine_has_otherwise_are_compared_as_theta(folder: Path, compared):
    """A logarithm, a shape, and an effect inside the power: each of the engine's numbers is made of several THETA."""
    document = compared(folder)
    assert document["verdict"] == "agree", document["runs"]
    checks = document["by_quantity"]
    assert abs(checks["objective of each subject"]["difference"]) < 1e-6
    for name in ("THETA1", "THETA2", "THETA3"):
        assert abs(checks[name]["difference"]) < 1e-5
        assert abs(checks[f"SE of {name} (R)"]["difference"]) < 1e-3


def test_the_matrix_is_the_one_that_the_run_asks_for(folder: Path, optimum: FloatArray, compared):
    step = 1e-6 * np.maximum(np.abs(optimum), 0.05)
    score = np.array([(by_subject(optimum + s) - by_subject(optimum - s)) / (2.0 * s.sum()) for s in np.diag(step)]).T
    r, s = 0.5 * second_derivatives(optimum), 0.25 * score.T @ score
    for words, name, matrix in (
        ("MATRIX=S", "S", np.linalg.inv(s)),
        ("UNCONDITIONAL", "sandwich", np.linalg.inv(r) @ s @ np.linalg.inv(r)),
    ):
        changed(folder / "run.ctl", "MATRIX=R", words)
        checks = compared(folder)["by_quantity"]
        ours = [checks[f"SE of THETA{i} ({name})"]["ours"] for i in (1, 2, 3)]
        assert ours == pytest.approx(np.sqrt(np.diag(matrix)), rel=1e-4)
        changed(folder / "run.ctl", words, "MATRIX=R")


def test_subjects_whose_objectives_differ_are_named(folder: Path, compared):
    lines = (folder / "run.phi").read_text(encoding="utf-8").splitlines()
    lines[4] = f"{lines[4].rpartition(' ')[0]} 99.0"
    (folder / "run.phi").write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = compared(folder)
    assert document["verdict"] == "differ"
    assert document["by_quantity"]["objective of each subject"]["why"] == "1 of 60 subjects differ: 3."


@pytest.mark.parametrize(
    ("before", "after", "quantity", "why"),
    [
        ("LIKELIHOOD", "LIKELIHOOD MAXEVAL=0", "optimum", "NONMEM evaluated the objective"),
        ("METHOD=1 LAPLACE", "METHOD=IMP", "run", "is METHOD=IMP, whose objective is sampled"),
        (" 0.02\n", " 0.02 1 FIX 2 FIX\n", "run", "has 3 elements of THETA, but the control stream 5"),
    ],
)
def test_what_is_not_compared_says_why(folder: Path, compared, before: str, after: str, quantity: str, why: str):
    changed(folder / "run.ctl", before, after)
    assert why in compared(folder)["by_quantity"][quantity]["why"]


def test_elements_that_tie_parameters_are_not_compared_with_a_fit_that_does_not(folder: Path, compared):
    changed(folder / "run.ctl", "LAM = EXP(THETA(1)+THETA(3)*(CRP-30))", "LAM = EXP(THETA(1)+0.02*THETA(2)*(CRP-30))")
    checks = compared(folder)["by_quantity"]
    assert checks["estimates"]["why"] == "2 elements of THETA make the 3 parameters that our fit estimates freely."


def test_a_control_stream_is_of_one_run(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "other.ext").write_text((folder / "run.ext").read_text(encoding="utf-8"), encoding="utf-8")
    words = ["nonmem", "compare", str(folder), "--control", str(folder / "run.ctl")]
    assert run(words) == 2
    assert (
        "--run: is missing; expected the run that the control stream or the data are of: other, run"
        in capsys.readouterr().err
    )
    assert run([*words, "--run", "other"]) == 0
    assert "other: agree" in capsys.readouterr().out


def test_the_page_of_a_run_of_event_times_has_its_estimates(folder: Path, tmp_path: Path):
    out = tmp_path / "page"
    assert run(["nonmem", "compare", str(folder), "--out", str(out)]) == 0
    rows = (out / "tables" / "run-elements.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["THETA1", "THETA2", "THETA3"]
    assert "THETA3" in (out / "report.html").read_text(encoding="utf-8")
