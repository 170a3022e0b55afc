"""Shrinkage of a run whose categories have an ETA each: NONMEM's four ETA of every subject in plain NumPy, by both values of ETASTYPE."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from asuc.cli import run
from tests.nonmem_ref.test_translation_vs_formulas import ASSAYS, CATEGORIES, SUBJECTS, focei, levels_of, written

if TYPE_CHECKING:
    from pathlib import Path

OMEGA2 = np.array([0.15, 0.05, 0.02, 0.03])
NAMES = [f"THETA{i}" for i in range(1, 6)] + ["SIGMA(1,1)"]
NAMES += [f"OMEGA({i},{j})" for i in range(1, 5) for j in range(1, i + 1)]
VALUES = [0.8, 0.01, 14.0, 6.0, 0.9, 0.03, 0.15, 0.0, 0.05, 0.0, 0.0, 0.02, 0.0, 0.0, 0.0, 0.03]


@cache
def modes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ETA and the diagonal of ETC, (5, 4), and the standardized residuals: the fifth subject has no level."""
    eta, etc, residuals = [np.zeros(4)], [OMEGA2], []
    for weight, sex, levels in SUBJECTS:
        times, level, _ = np.array(levels).T

        def predicted(one: np.ndarray, w: float = weight, s: int = sex, t: np.ndarray = times) -> np.ndarray:
            clearance = (0.8 + 0.01 * (w - 70.0)) * np.exp(one[1] if s else one[0])
            return levels_of(t, clearance, 14.0 * w / 70.0 * np.exp(one[2]) + 6.0 * np.exp(one[3]))

        _, own, conditional = focei(predicted, lambda f: 0.03 * f**1.8, level, np.diag(OMEGA2))
        own[0 if sex else 1] = 0.0  # the search by a simplex leaves 1e-7 of the ETA that changes nothing
        eta.append(own)
        etc.append(np.diag(conditional))
        f = predicted(own)
        residuals.append((level - f) / np.sqrt(0.03 * f**1.8))
    return np.array(eta), np.array(etc), np.concatenate(residuals)


def shrinkage_of(etastype: int) -> dict[int, list[float]]:
    """Return rows of a .shk file by their type."""
    eta, etc, residuals = modes()
    rows: dict[int, list[float]] = {kind: [] for kind in (4, 6, 8, 9)}
    for k in range(4):
        counts = np.ones(5, dtype=bool) if etastype == 0 else eta[:, k] != 0.0
        spread, mean = eta[counts, k].var(ddof=1), etc[counts, k].mean()
        rows[4].append(100.0 * (1.0 - np.sqrt(spread / OMEGA2[k])))
        rows[6].append(100.0 * (1.0 - np.sqrt(1.0 - mean / OMEGA2[k])))
        rows[8].append(100.0 * (1.0 - spread / OMEGA2[k]))
        rows[9].append(100.0 * mean / OMEGA2[k])
    rows[5] = [100.0 * (1.0 - np.sqrt(np.mean(residuals**2))), 0.0, 0.0, 0.0]
    return rows


def folder_of(tmp_path: Path, option: str, shrinkage: dict[int, list[float]]) -> Path:
    written(tmp_path, f"{CATEGORIES}$ESTIMATION METHOD=1 INTER MAXEVAL=0 {option}\n")
    with (tmp_path / "data.csv").open("a", encoding="utf-8") as stream:
        stream.write("5,0,100,.,60,1,0\n")
    head = "TABLE NO.     1: First Order Conditional Estimation with Interaction: Problem=1 Subproblem=0\n"
    numbers = "".join(f" {value:12.5E}" for value in VALUES)
    text = f"{head} ITERATION {' '.join(NAMES)} OBJ\n {-1000000000:12d}{numbers} 1.0\n {-1000000007:12d}{' 0' * 17}\n"
    (tmp_path / "run.ext").write_text(text, encoding="utf-8")
    rows = [
        f" {kind} 1{''.join(f' {max(one, 1e-10):12.5E}' for one in row)}" for kind, row in sorted(shrinkage.items())
    ]
    lines = [head.rstrip(), "TYPE SUBPOP ETA(1) ETA(2) ETA(3) ETA(4)", *rows]
    (tmp_path / "run.shk").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def checks_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert run(["nonmem", "compare", str(folder), "--json"]) == 0
    return {one["quantity"]: one for one in json.loads(capsys.readouterr().out)["checks"]}


KINDS = ("ETASHRINKSD", "ETASHRINKVR", "EBVSHRINKSD", "EBVSHRINKVR", "EPSSHRINKSD")


@pytest.mark.requirement("NM-05")
@pytest.mark.parametrize(("option", "etastype"), [("", 0), ("ETASTYPE=0", 0), ("ETASTYPE=1", 1), ("etastype = 1", 1)])
def test_every_eta_of_a_category_has_its_column(tmp_path: Path, capsys, option: str, etastype: int):
    checks = checks_of(folder_of(tmp_path, option, shrinkage_of(etastype)), capsys)
    assert "shrinkage" not in checks
    for kind in KINDS:
        assert checks[kind]["verdict"] == "pass", checks[kind]
        assert abs(checks[kind]["difference"]) < 1e-3


def test_the_other_etastype_differs(tmp_path: Path, capsys):
    checks = checks_of(folder_of(tmp_path, "", shrinkage_of(1)), capsys)
    assert {checks[kind]["verdict"] for kind in KINDS[:4]} == {"fail"}
    assert checks["EPSSHRINKSD"]["verdict"] == "pass"


def test_a_file_without_an_eta_is_no_shrinkage_to_compare(tmp_path: Path, capsys):
    folder = folder_of(tmp_path, "", shrinkage_of(0))
    text = (folder / "run.shk").read_text(encoding="utf-8")
    (folder / "run.shk").write_text(text.replace("ETA(4)", "ETA(9)"), encoding="utf-8")
    check = checks_of(folder, capsys)["shrinkage"]
    assert (check["verdict"], check["why"]) == ("skipped", "The .shk file has no column of ETA(4).")


def test_an_eps_for_each_assay_has_a_shrinkage_of_its_own_observations(tmp_path: Path, capsys):
    written(tmp_path, f"{ASSAYS}$ESTIMATION METHOD=1 INTER MAXEVAL=0\n")
    names = ["THETA1", "THETA2", "THETA3", *(f"SIGMA({i},{j})" for i in (1, 2, 3) for j in range(1, i + 1))]
    names += ["OMEGA(1,1)", "OMEGA(2,1)", "OMEGA(2,2)"]
    values = (0.8, 20.0, 0.5, 0.02, 0.0, 0.1, 0.0, 0.0, 1.3, 0.1, 0.02, 0.05)
    text = (
        f"TABLE NO. 1: x: Problem=1\n ITERATION {' '.join(names)} OBJ\n -1000000000 {' '.join(map(str, values))} 1.0\n"
    )
    (tmp_path / "run.ext").write_text(text, encoding="utf-8")
    (tmp_path / "run.shk").write_text(
        "TABLE NO. 1: x\nTYPE SUBPOP ETA(1) ETA(2)\n 4 1 9 9\n 5 1 9 9\n", encoding="utf-8"
    )
    check = checks_of(tmp_path, capsys)["EPSSHRINKSD"]
    assert (check["verdict"], check["why"]) == ("skipped", "NONMEM counts each EPS over the observations that have it.")
