"""Which parameter of the engine is which element of NONMEM's: values there and back, slopes, and control streams at other values."""

from __future__ import annotations

import numpy as np
import pytest

from nonmem_ref.comparison.check import Verdict, compared, compared_all
from nonmem_ref.comparison.correspondence import Correspondence, Scale, correspondences, with_values
from nonmem_ref.control.read import parse_control
from nonmem_ref.recognition.recognize import recognize
from tests.nonmem_ref.test_recognition import data

STREAM = """$PROBLEM p
$INPUT ID TIME AMT DV WT
$DATA d.csv
$SUBROUTINES ADVAN1 TRANS2
$PK
CL = EXP(THETA(1)+ETA(1))
V = 2*THETA(2)*(WT/70)**THETA(3)*EXP(ETA(2))
S1 = V
$ERROR
Y = F + F*EPS(1) + THETA(4)*EPS(2)
$THETA -1 5 0.8 0.3
$OMEGA BLOCK(2) 0.1 0.03 0.2
$SIGMA 0.04 1 FIX
"""


def read():
    (control,) = parse_control(enumerate(STREAM.splitlines(), start=1)).problems_read
    found = recognize(control, data()).model
    assert found is not None
    return control, found


def test_elements_follow_from_the_engine_s_parameters():
    control, model = read()
    found = {one.name: one for one in correspondences(control, model)}
    engine = {
        "cl": np.exp(-1.0),
        "v": 10.0,
        "v_wt": 0.8,
        "omega2_cl": 0.1,
        "omega2_v": 0.2,
        "omega2_v_cl": 0.03,
        "sigma_proportional": 0.2,
        "sigma_additive": 0.3,
    }
    elements = {found[name].element: found[name].element_value(value) for name, value in engine.items()}
    assert elements == pytest.approx(
        {
            "THETA1": -1.0,
            "THETA2": 5.0,
            "THETA3": 0.8,
            "OMEGA(1,1)": 0.1,
            "OMEGA(2,2)": 0.2,
            "OMEGA(2,1)": 0.03,
            "SIGMA(1,1)": 0.04,
            "THETA4": 0.3,
        }
    )
    for name, value in engine.items():
        one, step = found[name], 1e-6 * value
        slope = (one.element_value(value + step) - one.element_value(value - step)) / (2.0 * step)
        assert one.slope(value) == pytest.approx(slope, rel=1e-6)


def test_errors_by_assay_follow_from_elements_of_their_own():
    text = STREAM.replace("WT\n", "WT RACE\n").replace(
        "Y = F + F*EPS(1) + THETA(4)*EPS(2)",
        "W = F**THETA(4)\nIF (RACE.EQ.1) W = THETA(5)*F**THETA(4)\nY = F + W*EPS(1)",
    )
    text = text.replace("0.8 0.3", "0.8 0.7 1.3").replace("1 FIX", "")
    (control,) = parse_control(enumerate(text.splitlines(), start=1)).problems_read
    model = recognize(control, data()).model
    assert model is not None
    found = {one.name: (one.element, one.element_value(0.5)) for one in correspondences(control, model)}
    assert found["sigma_proportional"] == ("SIGMA(1,1)", pytest.approx(0.25))
    assert found["sigma_exponent"] == ("THETA4", pytest.approx(0.5))
    # Two elements make this one.
    assert "sigma_RACE_1_proportional" not in found


def test_variances_of_scaled_random_effects_follow_from_their_scale():
    text = STREAM.replace("EXP(THETA(1)+ETA(1))", "EXP(THETA(1)+THETA(5)*ETA(1))").replace(
        "EXP(ETA(2))", "EXP(2*ETA(2))"
    )
    text = text.replace("0.8 0.3", "0.8 0.3 0.4").replace("$OMEGA BLOCK(2) 0.1 0.03 0.2", "$OMEGA 0.5 FIX 0.2")
    (control,) = parse_control(enumerate(text.splitlines(), start=1)).problems_read
    model = recognize(control, data()).model
    assert model is not None
    found = {one.name: one for one in correspondences(control, model)}
    # omega2 = THETA(5)² · 0.5, and 2² · OMEGA(2,2).
    assert (found["omega2_cl"].element, found["omega2_cl"].element_value(0.5 * 0.7**2)) == (
        "THETA5",
        pytest.approx(0.7),
    )
    assert (found["omega2_v"].element, found["omega2_v"].element_value(4.0 * 0.3)) == ("OMEGA(2,2)", pytest.approx(0.3))
    one, value = found["omega2_cl"], 0.245
    slope = (one.element_value(value + 1e-6) - one.element_value(value - 1e-6)) / 2e-6
    assert one.slope(value) == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize(
    ("code", "factor"),
    [
        ("CL = (2*THETA(1) + THETA(5)*(WT-55)/10)*EXP(ETA(1))", 2.0),
        ("CL = THETA(1)*EXP(ETA(1))\nIF (SEX.EQ.1) CL = THETA(5)*EXP(ETA(1))", 1.0),
    ],
)
def test_a_theta_that_is_a_quotient_in_the_engine_follows_from_both_parameters(code: str, factor: float):
    text = STREAM.replace("CL = EXP(THETA(1)+ETA(1))", code).replace("$THETA -1", "$THETA 1.5")
    text = text.replace("0.8 0.3", "0.8 0.3 0.7").replace("DV WT", "DV WT SEX")
    (control,) = parse_control(enumerate(text.splitlines(), start=1)).problems_read
    model = recognize(control, data()).model
    assert model is not None
    found = {one.element: one for one in correspondences(control, model)}
    typical, quotient = found["THETA1"], found["THETA5"]
    assert quotient.times == typical
    effect = model.parameters["cl"].effects[0].coefficient
    # At THETA(1) = 1.7 and THETA(5) = 0.9.
    values = {typical.name: factor * 1.7, quotient.name: effect.factor * 0.9 / 1.7}
    assert (typical.value_of(values), quotient.value_of(values)) == (pytest.approx(1.7), pytest.approx(0.9))
    for name, slope in quotient.slopes_of(values).items():
        moved = [quotient.value_of({**values, name: values[name] + step}) for step in (1e-6, -1e-6)]
        assert slope == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-8)


def test_a_control_stream_at_other_values_is_recognized_there():
    control, model = read()
    moved = with_values(control, {"THETA1": -0.5, "THETA4": 0.6, "OMEGA(2,1)": 0.05, "SIGMA(1,1)": 0.09})
    found = recognize(moved, data()).model
    assert found is not None
    assert found.thetas == (-0.5, 5.0, 0.8, 0.6)
    assert found.omega.tolist() == [[0.1, 0.05], [0.05, 0.2]]
    assert (found.residual.general.proportional, found.residual.general.additive) == pytest.approx((0.3, 0.6))
    assert model.thetas == (-1.0, 5.0, 0.8, 0.3)


def test_a_slope_has_the_sign_of_its_factor():
    assert Correspondence("x", "THETA1", Scale.RATIO, -2.0).slope(3.0) == -0.5


def test_comparisons_of_many_numbers_are_of_those_that_differ_most():
    def why(difference) -> str:
        return f"{int((abs(difference) > 0.1).sum())} differ"

    theirs = np.array([1.0, 2.0, np.nan])
    close = compared_all("x", theirs, np.array([1.01, 2.05, 7.0]), 0.1, explain=why)
    assert (close.verdict, close.nonmem, close.ours, close.why) == (Verdict.PASS, 2.0, 2.05, "")
    far = compared_all("x", theirs, np.array([1.2, 2.05, 7.0]), 0.1, explain=why)
    assert (far.verdict, far.nonmem, far.why) == (Verdict.FAIL, 1.0, "1 differ")
    lost = compared_all("x", theirs, np.array([np.nan, 2.0, 7.0]), 0.1, explain=why)
    assert (lost.verdict, lost.nonmem, lost.ours, lost.difference) == (Verdict.FAIL, 1.0, None, None)
    none = compared_all("x", np.array([np.nan]), np.array([1.0]), 0.1, explain=why)
    assert none.verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("ours", "verdict"), [(100.9, Verdict.PASS), (101.1, Verdict.FAIL), (float("nan"), Verdict.FAIL)]
)
def test_a_relative_tolerance_is_of_nonmem_s_number(ours: float, verdict: Verdict):
    assert compared("x", 100.0, ours, 0.01, is_relative=True).verdict is verdict
