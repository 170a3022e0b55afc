"""Variables that keep what a data item was at the first record of an individual: the objective against plain NumPy, and what stays code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nonmem_ref.comparison.engine import cohort_of_run
from nonmem_ref.translation.translate import read_run, translate
from pkpd.errors import InputError
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate
from tests.nonmem_ref.test_translation_vs_formulas import focei, levels_of

if TYPE_CHECKING:
    from pathlib import Path

# WT changes; the first subject's first record is no dose.
DATA = """ID,TIME,AMT,DV,MDV,WT
1,0,.,9,1,60
1,0,100,.,1,61
1,2,.,4.1,0,75
1,12,100,.,1,80
1,20,.,4.4,0,75
2,0,100,.,1,50
2,6,.,3.2,0,55
2,12,100,.,1,70
2,30,.,2.4,0,90
"""
LEVELS = {60.0: ((2.0, 4.1), (20.0, 4.4)), 50.0: ((6.0, 3.2), (30.0, 2.4))}
CONTROL = """$PROBLEM first records
$INPUT ID TIME AMT DV MDV WT
$DATA data.csv IGNORE=@
$SUBROUTINES ADVAN1 TRANS2
$PK
{code}
CL = TVCL*EXP(ETA(1))
V = THETA(2)*EXP(ETA(2))
S1 = V
$ERROR
Y = F*(1+EPS(1))
$THETA (0,0.8) (0,20)
$OMEGA 0.1 0.05
$SIGMA 0.02
"""


def control(folder: Path, code: str) -> Path:
    (folder / "data.csv").write_text(DATA, encoding="utf-8")
    (folder / "run.ctl").write_text(CONTROL.format(code=code), encoding="utf-8")
    return folder / "run.ctl"


@pytest.mark.parametrize(
    "code",
    [
        "IF (NEWIND.NE.2) BWT=WT\nTVCL=THETA(1)*(BWT/70)",
        "IF (NEWIND.NE.2) THEN\n BWT=WT\n BTIME=TIME\nENDIF\nTVCL=THETA(1)*BWT/70",
        "IF (NEWIND.LE.1) SIZE=WT/70\nTVCL=THETA(1)*SIZE",
        "if(newind<2) bwt=wt\ntvcl=theta(1)*(bwt/70)",
        "IF (NEWIND.NE.2) OTIM=0\nIF (AMT.GT.0) OTIM=TIME\nTAD=TIME-OTIM\nIF (NEWIND.NE.2) BWT=WT\nTVCL=THETA(1)*(BWT/70)",
    ],
)
def test_objectives_are_those_of_plain_numpy(tmp_path: Path, code: str):
    run = translate(control(tmp_path, code))
    population = bind_population(run.model.spec, cohort_of_run(run))
    values = np.array([one.value for one in population.parameters])
    found = evaluate(population, values, Approximation.FOCEI).ofv_i
    expected: list[float] = []
    for weight, levels in LEVELS.items():
        times, level = np.array(levels).T

        def predicted(eta: np.ndarray, w: float = weight, t: np.ndarray = times) -> np.ndarray:
            return levels_of(t, 0.8 * w / 70.0 * np.exp(eta[0]), 20.0 * np.exp(eta[1]))

        expected.append(focei(predicted, lambda f: 0.02 * f**2, level, np.diag([0.1, 0.05]))[0])
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-8)


def test_what_becomes_a_data_item_is_noted_with_its_line(tmp_path: Path):
    run = read_run(control(tmp_path, "IF (NEWIND.NE.2) BWT=WT\nTVCL=THETA(1)*(BWT/70)"))
    note = "Line 6: BWT is what it is at the first record of each individual, like a data item."
    assert note in run.notes
    assert run.dataset.columns["BWT"].tolist() == [60.0] * 5 + [50.0] * 4


@pytest.mark.parametrize(
    "code",
    [
        "IF (NEWIND.EQ.1) BWT=WT\nTVCL=THETA(1)*(BWT/70)",
        "IF (NEWIND.NE.2) BWT=WT*THETA(1)\nTVCL=BWT/70",
        "X=BWT\nIF (NEWIND.NE.2) BWT=WT\nTVCL=THETA(1)*(X/70)",
        "IF (NEWIND.NE.2) BWT=WT\nIF (TIME.GT.10) BWT=BWT+1\nTVCL=THETA(1)*(BWT/70)",
    ],
)
def test_other_uses_of_newind_stay_code_and_are_refused(tmp_path: Path, code: str):
    run = read_run(control(tmp_path, code))
    assert "BWT" not in run.dataset.columns
    with pytest.raises(InputError):
        translate(tmp_path / "run.ctl")
