"""Objectives of translated runs against formulas written out by hand: plain NumPy from the rows of the data, no part of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import minimize

from nonmem_ref.comparison.engine import cohort_of_run
from nonmem_ref.translation.translate import translate
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Boluses of 100 at 0 and 12; WT, whether female, and levels with their times and methods.
SUBJECTS = (
    (61.0, 0, ((1.0, 4.1, 1), (6.0, 3.0, 2), (20.0, 4.0, 1), (40.0, 1.9, 2))),
    (78.0, 1, ((2.0, 3.2, 2), (11.0, 2.2, 2), (23.0, 3.1, 1), (36.0, 2.2, 1))),
    (70.0, 0, ((0.5, 5.5, 1), (11.5, 2.6, 1), (30.0, 2.4, 2))),
    (55.0, 1, ((3.0, 5.2, 2), (24.0, 5.9, 1), (48.0, 2.8, 2))),
)
HEAD = "$PROBLEM p\n$INPUT ID TIME AMT DV WT SEX METH\n$DATA data.csv IGNORE=@\n$SUBROUTINES ADVAN1 TRANS2\n$PK\n"
CATEGORIES = f"""{HEAD}TVCL = THETA(1) + THETA(2)*(WT-70)
ECL = ETA(1)
IF (SEX.EQ.1) ECL = ETA(2)
CL = TVCL*EXP(ECL)
V = THETA(3)*WT/70*EXP(ETA(3)) + THETA(4)*EXP(ETA(4))
S1 = V
$ERROR
Y = F + F**THETA(5)*EPS(1)
$THETA (0,0.8) 0.01 (0,14) (0,6) (0,0.9)
$OMEGA 0.15 0.05 0.02 0.03
$SIGMA 0.03
"""
ASSAYS = f"""{HEAD}CL = THETA(1)*EXP(ETA(1))
V = THETA(2)*EXP(ETA(2))
S1 = V
$ERROR
IF (METH.EQ.1) THEN
  Y = F*(1+EPS(1)) + EPS(2)
ELSE
  Y = F + THETA(3)*EPS(3)
ENDIF
$THETA (0,0.8) (0,20) (0,0.5)
$OMEGA BLOCK(2) 0.1 0.02 0.05
$SIGMA 0.02 0.1 1.3
"""
SCALED = f"""{HEAD}CL = THETA(1)*EXP(THETA(3)*ETA(1))
V = THETA(2)*EXP(ETA(2)/4)
S1 = V
$ERROR
Y = F*(1+EPS(1))
$THETA (0,0.8) (0,20) (0,0.3)
$OMEGA 1 FIX 0.8
$SIGMA 0.02
"""


def written(folder: Path, control: str) -> Path:
    """Write data and control stream."""
    rows = ["ID,TIME,AMT,DV,WT,SEX,METH"]
    for i, (weight, sex, levels) in enumerate(SUBJECTS, start=1):
        records = [(time, f"{time},100,.", 0) for time in (0.0, 12.0)]
        records += [(time, f"{time},.,{level}", method) for time, level, method in levels]
        rows += [f"{i},{text},{weight},{sex},{method}" for _, text, method in sorted(records)]
    (folder / "data.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "run.ctl").write_text(control, encoding="utf-8")
    return folder / "run.ctl"


def levels_of(times: np.ndarray, cl: float, v: float) -> np.ndarray:
    """Return the levels after both boluses."""
    since = times[:, None] - np.array([0.0, 12.0])
    return np.where(since >= 0.0, 100.0 / v * np.exp(-cl / v * np.maximum(since, 0.0)), 0.0).sum(axis=1)


def slopes(f: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Return derivatives by differences of fourth order."""
    columns: list[np.ndarray] = []
    for i in range(at.size):
        e = np.zeros(at.size)
        e[i] = step
        columns.append((8.0 * (f(at + e) - f(at - e)) - (f(at + 2.0 * e) - f(at - 2.0 * e))) / (12.0 * step))
    return np.array(columns).T


def focei(
    predicted: Callable[[np.ndarray], np.ndarray],
    variance: Callable[[np.ndarray], np.ndarray],
    level: np.ndarray,
    omega: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return NONMEM's objective, ETA and ETC of one subject by METHOD=1 INTERACTION, written out."""
    inverse = np.linalg.inv(omega)

    def joint(eta: np.ndarray) -> float:
        f = predicted(eta)
        r = variance(f)
        return float(np.sum(np.log(r) + (level - f) ** 2 / r) + eta @ inverse @ eta)

    eta = minimize(
        joint, np.zeros(len(omega)), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 9999}
    ).x
    f = predicted(eta)
    r, a = variance(f), slopes(predicted, eta)
    c = slopes(lambda one: variance(predicted(one)), eta) / r[:, None]
    hessian = inverse + (a / r[:, None]).T @ a + 0.5 * c.T @ c
    objective = joint(eta) + float(np.linalg.slogdet(omega)[1] + np.linalg.slogdet(hessian)[1])
    return objective, eta, np.linalg.inv(hessian)


def by_category(weight: float, sex: int, times: np.ndarray, level: np.ndarray, _: np.ndarray) -> float:
    def predicted(eta: np.ndarray) -> np.ndarray:
        clearance = (0.8 + 0.01 * (weight - 70.0)) * np.exp(eta[0])
        return levels_of(times, clearance, 14.0 * weight / 70.0 * np.exp(eta[1]) + 6.0 * np.exp(eta[2]))

    omega = np.diag([0.05 if sex else 0.15, 0.02, 0.03])
    return focei(predicted, lambda f: 0.03 * f**1.8, level, omega)[0]


def by_assay(_weight: float, _sex: int, times: np.ndarray, level: np.ndarray, method: np.ndarray) -> float:
    def variance(f: np.ndarray) -> np.ndarray:
        return np.where(method == 1.0, 0.02 * f**2 + 0.1, 1.3 * 0.5**2)

    omega = np.array([[0.1, 0.02], [0.02, 0.05]])
    return focei(lambda eta: levels_of(times, 0.8 * np.exp(eta[0]), 20.0 * np.exp(eta[1])), variance, level, omega)[0]


def by_scale(_weight: float, _sex: int, times: np.ndarray, level: np.ndarray, _: np.ndarray) -> float:
    def predicted(eta: np.ndarray) -> np.ndarray:
        return levels_of(times, 0.8 * np.exp(0.3 * eta[0]), 20.0 * np.exp(eta[1] / 4.0))

    return focei(predicted, lambda f: 0.02 * f**2, level, np.diag([1.0, 0.8]))[0]


@pytest.mark.parametrize(("control", "by_hand"), [(SCALED, by_scale), (CATEGORIES, by_category), (ASSAYS, by_assay)])
def test_objectives_are_those_of_formulas_written_out(
    tmp_path: Path, control: str, by_hand: Callable[[float, int, np.ndarray, np.ndarray, np.ndarray], float]
):
    run = translate(written(tmp_path, control))
    population = bind_population(run.model.spec, cohort_of_run(run))
    values = np.array([one.value for one in population.parameters])
    found = evaluate(population, values, Approximation.FOCEI).ofv_i
    expected = [by_hand(weight, sex, *np.array(levels).T) for weight, sex, levels in SUBJECTS]
    # Differences give the derivatives of predictions to about 1e-11.
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-8)


def test_doses_of_addl_come_before_the_record_of_their_time(tmp_path: Path):
    control = SCALED.replace("WT SEX METH", "ADDL II WT")
    text = "ID,TIME,AMT,DV,ADDL,II,WT\n1,0,100,.,1,12,70\n1,2,.,4.2,.,.,70\n1,12,.,7.1,.,.,70\n1,20,.,5.6,.,.,70\n"
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    (tmp_path / "run.ctl").write_text(control, encoding="utf-8")
    run = translate(tmp_path / "run.ctl")
    population = bind_population(run.model.spec, cohort_of_run(run))
    values = np.array([one.value for one in population.parameters])
    found = evaluate(population, values, Approximation.FOCEI).ofv_i
    expected = by_scale(70.0, 0, np.array([2.0, 12.0, 20.0]), np.array([4.2, 7.1, 5.6]), np.empty(0))
    np.testing.assert_allclose(found, [expected], rtol=0.0, atol=1e-8)
