"""Models recognized in control streams: what each way of writing means, what is refused, and that numbers are those of the code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonmem_ref.control.read import parse_control, read_control
from nonmem_ref.dataset.read import Dataset, read_dataset
from nonmem_ref.recognition.parameter import Coefficient, Covariate, CovariateEffect, OccasionEffect, RandomEffect
from nonmem_ref.recognition.recognize import recognize
from nonmem_ref.recognition.values import covariate_values
from pkpd.model.spec import EffectForm, RandomEffectShape, ResidualKind

if TYPE_CHECKING:
    from pathlib import Path

    from nonmem_ref.recognition.recognize import Recognition

N = 12


def data(**columns: Any) -> Dataset:
    """Return two subjects with a dose first and five levels each."""
    rows = np.arange(N)
    known = {
        "ID": np.repeat([1.0, 2.0], N // 2),
        "TIME": np.tile(np.arange(N // 2, dtype=float), 2),
        "AMT": np.where(rows % 6 == 0, 100.0, 0.0),
        "DV": np.where(rows % 6 == 0, 0.0, 5.0 - 0.3 * rows),
        "WT": 60.0 + rows,
        "AGE": 30.0 + 2.0 * rows,
        "SEX": (rows >= 6) * 1.0,
        "OCC": 1.0 + (rows % 6 > 2),
        "RACE": 1.0 + rows % 3,
        "BLQ": np.where(rows % 6 == 5, 1.0, 0.0),
        "EVID": np.where(rows % 6 == 0, 1.0, 0.0),
        "MDV": np.where(rows % 6 == 0, 1.0, 0.0),
    }
    known |= {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    return Dataset("d.csv", known, tuple(known), rows + 2, rows // 6, ("1", "2"))


def recognition(
    pk: str = "CL=THETA(1)*EXP(ETA(1))\nV=THETA(2)*EXP(ETA(2))",
    error: str = "Y=F*(1+EPS(1))",
    *,
    sub: str = "ADVAN1 TRANS2",
    scale: str = "S1=V",
    omega: str = "$OMEGA 0.1 0.2 0.3 0.4",
    sigma: str = "$SIGMA 0.04 0.25",
    rest: str = "",
    may_have_unsupported: bool = False,
    **columns: Any,
) -> Recognition:
    theta = "$THETA (0,2) (0,20) 0.3 -0.4 0.5 1.5"
    text = f"$PROBLEM p\n$INPUT ID TIME AMT DV WT AGE SEX OCC RACE BLQ\n$DATA d.csv\n$SUBR {sub}\n$PK\n{pk}\n{scale}\n$ERROR\n{error}\n{theta}\n{omega}\n{sigma}\n{rest}\n"
    found = parse_control(enumerate(text.splitlines(), start=1))
    assert found.problems == () or may_have_unsupported
    return recognize(found.problems_read[0], data(**columns))


def model(*args: Any, **options: Any):
    found = recognition(*args, **options)
    assert found.problems == ()
    assert found.model is not None
    return found.model


def clearance(code: str, **options: Any):
    return model(f"{code}\nV=THETA(2)", **options).parameters["cl"]


def problems(*args: Any, **options: Any) -> str:
    found = recognition(*args, **options)
    assert found.model is None
    return "\n".join(map(str, found.problems))


def near(number: float) -> Any:
    return pytest.approx(number)


def effect(
    item: str, form: str, coefficient: Coefficient, reference: float = 0.0, relation: Any = None, value: float = 0.0
):
    return CovariateEffect(Covariate(item, relation, value), EffectForm(form), coefficient, near(reference))


THETA_3 = Coefficient(1.0, 3)


# ---------------------------------------------------------------------------------------------------------- typical values


@pytest.mark.parametrize(
    ("code", "factor", "is_log"),
    [
        ("CL=THETA(1)*EXP(ETA(1))", 1.0, False),
        ("TVCL=THETA(1)\nCL=TVCL*EXP(ETA(1))", 1.0, False),
        ("CL=EXP(THETA(1)+ETA(1))", 1.0, True),
        ("MU_1=THETA(1)\nCL=EXP(MU_1+ETA(1))", 1.0, True),
        ("MU_1=LOG(THETA(1))\nCL=EXP(MU_1+ETA(1))", 1.0, False),
        ("CL=24*THETA(1)*EXP(ETA(1))/2", 12.0, False),
        ("CL=EXP(ETA(1))*EXP(THETA(1))*EXP(0)", 1.0, True),
    ],
)
def test_typical_values(code: str, factor: float, is_log: Any):
    found = clearance(code)
    assert (found.typical, found.is_log, found.effects) == (Coefficient(factor, 1), is_log, ())
    assert found.random == RandomEffect(1)


def test_a_constant_is_a_typical_value():
    assert clearance("CL=2.5*EXP(ETA(1))").typical == Coefficient(2.5)


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("CL=THETA(1)*(1+ETA(1))", RandomEffectShape.PROPORTIONAL),
        ("CL=THETA(1)+ETA(1)", RandomEffectShape.ADDITIVE),
        ("TVCL=THETA(1)*(WT/70)**0.75\nCL=ETA(1)+TVCL", RandomEffectShape.ADDITIVE),
    ],
)
def test_other_shapes_of_random_effects(code: str, shape: RandomEffectShape):
    assert clearance(code).random == RandomEffect(1, shape)


@pytest.mark.parametrize(
    ("code", "scale", "value"),
    [
        ("EXP(ETA(1)*THETA(3))", Coefficient(1.0, 3), 0.3),
        ("EXP(2*ETA(1))", Coefficient(2.0), 2.0),
        ("EXP(ETA(1)/4*THETA(5))", Coefficient(0.25, 5), 0.125),
    ],
)
def test_random_effects_that_are_scaled(code: str, scale: Coefficient, value: float):
    found = model(f"CL=THETA(1)*{code}\nV=THETA(2)*EXP(ETA(2))", omega="$OMEGA 0.1 0.2")
    assert found.parameters["cl"].random == RandomEffect(1, scale=scale)
    np.testing.assert_allclose(found.omega, np.diag([0.1 * value**2, 0.2]), rtol=1e-15)


def test_a_scaled_random_effect_keeps_its_correlation_where_the_scale_is_a_number():
    block = "$OMEGA BLOCK(2) 0.1 0.05 0.2"
    found = model("CL=THETA(1)*EXP(3*ETA(1))\nV=THETA(2)*EXP(ETA(2)/2)", omega=block)
    np.testing.assert_allclose(found.omega, [[0.9, 0.075], [0.075, 0.05]], rtol=1e-15)
    text = problems("CL=THETA(1)*EXP(THETA(3)*ETA(1))\nV=THETA(2)*EXP(ETA(2))", omega=block)
    assert "CL has ETA(1) times THETA(3), and $OMEGA covariances of it; expected none of a scaled ETA" in text


def test_a_parameter_without_random_effect():
    assert model("CL=THETA(1)*EXP(ETA(1))\nV=THETA(2)").parameters["v"].random is None


def test_labels_of_thetas_and_etas():
    text = "$PROBLEM p\n$INPUT ID TIME AMT DV\n$DATA d.csv\n$SUBR ADVAN1 TRANS2\n$THETA CL=(0,2) V=20\n$OMEGA ECL=0.1\n$SIGMA 0.1\n"
    text += "$PK\nCL=THETA(CL)*EXP(ETA(ECL))\nV=THETA(V)\nS1=V\n$ERROR\nY=F+EPS(1)\n"
    found = recognize(parse_control(enumerate(text.splitlines(), start=1)).problems_read[0], data())
    assert found.model is not None
    assert found.model.parameters["v"].typical == Coefficient(1.0, 2)
    assert found.model.parameters["cl"].random == RandomEffect(1)


# --------------------------------------------------------------------------------------------------------------- effects


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        ("*(WT/70)**THETA(3)", effect("WT", "power", THETA_3, 70)),
        ("*(70/WT)**THETA(3)", effect("WT", "power", Coefficient(-1.0, 3), 70)),
        ("*(WT/70)**(-THETA(3))", effect("WT", "power", Coefficient(-1.0, 3), 70)),
        ("*(WT/70)**0.75", effect("WT", "power", Coefficient(0.75), 70)),
        ("*WT", effect("WT", "power", Coefficient(1.0), 1)),
        ("*(WT/70)", effect("WT", "power", Coefficient(1.0), 1)),
        ("/WT", effect("WT", "power", Coefficient(-1.0), 1)),
        ("*EXP(THETA(3)*LOG(WT/70))", effect("WT", "power", THETA_3, 70)),
        ("*EXP(THETA(3)*(LOG(WT)-LOG(70)))", effect("WT", "power", THETA_3, 70)),
        ("*(1+THETA(3)*(AGE-40)/100)", effect("AGE", "linear_fraction", Coefficient(0.01, 3), 40)),
        ("*(1-(40-AGE)*THETA(3)/10)", effect("AGE", "linear_fraction", Coefficient(0.1, 3), 40)),
        ("*(1+THETA(3)*SEX)", effect("SEX", "linear_fraction", THETA_3)),
        ("*(2+2*THETA(3)*SEX)", effect("SEX", "linear_fraction", THETA_3)),
        ("*(1+THETA(3)*LOG(WT/70))", effect("WT", "linear_log", THETA_3, 70)),
        ("*EXP(THETA(3)*(AGE-40))", effect("AGE", "exponential", THETA_3, 40)),
        ("*EXP(THETA(3)*SEX)", effect("SEX", "exponential", THETA_3)),
        ("*EXP(0.1*AGE)", effect("AGE", "exponential", Coefficient(0.1))),
        ("*THETA(5)**SEX", effect("SEX", "factor", Coefficient(1.0, 5))),
        ("*THETA(5)**(AGE-40)", effect("AGE", "factor", Coefficient(1.0, 5), 40)),
    ],
)
def test_effects_of_covariates(factor: str, expected: Any):
    found = clearance(f"CL=THETA(1){factor}*EXP(ETA(1))")
    assert found.effects == (expected,)


def test_effects_in_the_exponent_of_a_mu():
    found = clearance("MU_1=THETA(1)+THETA(3)*LOG(WT/70)+THETA(4)*(AGE-40)+THETA(5)*SEX\nCL=EXP(MU_1+ETA(1))")
    assert (found.typical, found.is_log) == (Coefficient(1.0, 1), True)
    assert set(found.effects) == {
        CovariateEffect(Covariate("AGE"), EffectForm.EXPONENTIAL, Coefficient(1.0, 4), 40.0),
        CovariateEffect(Covariate("SEX"), EffectForm.EXPONENTIAL, Coefficient(1.0, 5), 0.0),
        CovariateEffect(Covariate("WT"), EffectForm.POWER, THETA_3, 70.0),
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("IF (SEX.EQ.1) TVCL=TVCL*THETA(3)", effect("SEX", "factor", THETA_3, 0, ".EQ.", 1)),
        ("IF (1==SEX) TVCL=TVCL*(1+THETA(3))", effect("SEX", "linear_fraction", THETA_3, 0, ".EQ.", 1)),
        ("IF (AGE.LT.40) TVCL=TVCL*EXP(-THETA(3))", effect("AGE", "exponential", Coefficient(-1.0, 3), 0, ".LT.", 40)),
        ("IF (40<AGE) TVCL=TVCL*1.5", effect("AGE", "factor", Coefficient(1.5), 0, ".GT.", 40)),
        (
            "IF (SEX.EQ.1) THEN\nFS=1\nELSE\nFS=THETA(3)\nENDIF\nTVCL=TVCL*FS",
            effect("SEX", "factor", THETA_3, 0, ".NE.", 1),
        ),
        (
            "FS=0\nIF (SEX.EQ.1) FS=1\nTVCL=TVCL*(1+THETA(3)*FS)",
            effect("SEX", "linear_fraction", THETA_3, 0, ".EQ.", 1),
        ),
        ("FS=0\nIF (SEX.EQ.1) FS=1\nTVCL=TVCL*THETA(3)**FS", effect("SEX", "factor", THETA_3, 0, ".EQ.", 1)),
        ("COV=0\nIF (SEX.EQ.1) COV=THETA(3)\nTVCL=TVCL*EXP(COV)", effect("SEX", "exponential", THETA_3, 0, ".EQ.", 1)),
    ],
)
def test_effects_of_categories_and_thresholds(code: str, expected: Any):
    assert clearance(f"TVCL=THETA(1)\n{code}\nCL=TVCL*EXP(ETA(1))").effects == (expected,)


def test_effects_of_several_categories():
    code = "FR=1\nIF (RACE.EQ.2) FR=THETA(3)\nIF (RACE.EQ.3) FR=THETA(5)\nCL=THETA(1)*FR*EXP(ETA(1))"
    assert set(clearance(code).effects) == {
        CovariateEffect(Covariate("RACE", ".EQ.", 2.0), EffectForm.FACTOR, THETA_3),
        CovariateEffect(Covariate("RACE", ".EQ.", 3.0), EffectForm.FACTOR, Coefficient(1.0, 5)),
    }


def test_a_category_of_its_own_for_every_record_leaves_nothing_over():
    code = "IF (RACE.EQ.1) FR=1\nIF (RACE.EQ.2) FR=1+THETA(3)\nIF (RACE.EQ.3) FR=1+THETA(5)\nCL=THETA(1)*FR*EXP(ETA(1))"
    assert clearance(code).effects == (
        CovariateEffect(Covariate("RACE", ".EQ.", 3.0), EffectForm.LINEAR_FRACTION, Coefficient(1.0, 5)),
        CovariateEffect(Covariate("RACE", ".EQ.", 2.0), EffectForm.LINEAR_FRACTION, THETA_3),
    )
    assert problems("IF (RACE.EQ.1) FR=1\nIF (RACE.EQ.2) FR=1+THETA(3)\nCL=THETA(1)*FR*EXP(ETA(1))\nV=THETA(2)")


@pytest.mark.parametrize(
    ("code", "theta", "effects"),
    [
        ("IF (SEX.EQ.1) THEN\nTVCL=THETA(1)\nELSE\nTVCL=THETA(6)\nENDIF", 6, [(("SEX", ".EQ.", 1.0), (1, 6))]),
        ("TVCL=THETA(1)\nIF (SEX.EQ.1) TVCL=THETA(6)", 1, [(("SEX", ".EQ.", 1.0), (6, 1))]),
        ("IF (SEX.EQ.0) TVCL=THETA(1)\nIF (SEX.EQ.1) TVCL=THETA(6)", 1, [(("SEX", ".EQ.", 1.0), (6, 1))]),
        ("TVCL=THETA(1)\nIF (AGE.GT.40) TVCL=THETA(6)", 1, [(("AGE", ".GT.", 40.0), (6, 1))]),
        (
            "IF (RACE.EQ.1) TVCL=THETA(1)\nIF (RACE.EQ.2) TVCL=THETA(5)\nIF (RACE.EQ.3) TVCL=THETA(6)",
            1,
            [(("RACE", ".EQ.", 3.0), (6, 1)), (("RACE", ".EQ.", 2.0), (5, 1))],
        ),
    ],
)
def test_typical_values_of_categories_are_multiples_of_one_of_them(code: str, theta: int, effects: Any):
    found = clearance(f"{code}\nCL=TVCL*(WT/70)**0.75*EXP(ETA(1))")
    assert found.typical == Coefficient(1.0, theta)
    by_category = [(one.covariate, one.coefficient) for one in found.effects if one.covariate.relation is not None]
    assert by_category == [(Covariate(*covariate), Coefficient(1.0, *thetas)) for covariate, thetas in effects]
    assert len(found.effects) == len(effects) + 1


def test_categories_that_leave_records_over_are_refused():
    text = problems("IF (RACE.EQ.1) TVCL=THETA(1)\nIF (RACE.EQ.2) TVCL=THETA(5)\nCL=TVCL\nV=THETA(2)")
    assert "CL is not understood: the code gives 0.5 at a record where 2 was recognized" in text


@pytest.mark.parametrize(
    ("code", "item", "form", "reference"),
    [
        ("W=70\nIF (WT.GT.0) W=WT\nCL=THETA(1)*(W/70)**THETA(3)", "WT_IF_WT_GT_0_ELSE_70", "power", 70.0),
        ("W=WT\nIF (WT.EQ.-99) W=70\nCL=THETA(1)*(W/70)**THETA(3)", "WT_BUT_70_IF_WT_EQ_m99", "power", 70.0),
        (
            "IF (WT.EQ.-99) X=1\nIF (WT.NE.-99) X=(WT/70)**THETA(3)\nCL=THETA(1)*X",
            "WT_IF_WT_NE_m99_ELSE_70",
            "power",
            70.0,
        ),
        (
            "X=1\nIF (AGE.GT.0) X=1+THETA(3)*(AGE-40.5)\nCL=THETA(1)*X",
            "AGE_IF_AGE_GT_0_ELSE_40p5",
            "linear_fraction",
            40.5,
        ),
        (
            "IF (AGE.EQ.-99) THEN\nX=0\nELSE\nX=THETA(3)*(AGE-40)\nENDIF\nCL=THETA(1)*EXP(X)",
            "AGE_BUT_40_IF_AGE_EQ_m99",
            "exponential",
            40.0,
        ),
        (
            "A=AGE\nIF (AGE.LT.0) A=40\nCL=EXP(LOG(THETA(1))+THETA(3)*(A-40))",
            "AGE_BUT_40_IF_AGE_LT_0",
            "exponential",
            40.0,
        ),
    ],
)
def test_covariates_that_may_be_missing(code: str, item: str, form: str, reference: float):
    missing = np.where(np.arange(N) < 6, -99.0, 61.0 + np.arange(N))
    (found,) = clearance(code, WT=missing, AGE=missing).effects
    assert (found.covariate.item, found.form, found.coefficient) == (item, EffectForm(form), THETA_3)
    assert found.reference == near(reference)
    values = covariate_values(found.covariate, {"WT": missing, "AGE": missing})
    np.testing.assert_array_equal(values, np.where(missing < 0.0, reference, missing))


@pytest.mark.parametrize("code", ["W=WT\nIF (WT.LE.0) W=70\n", "W=70\nIF (WT.GT.0) W=WT\n"])
def test_a_plain_factor_that_may_be_missing(code: str):
    missing = np.where(np.arange(N) < 6, -99.0, 61.0 + np.arange(N))
    found = clearance(f"{code}CL=THETA(1)*(W/70)", WT=missing)
    (effect_of,) = found.effects
    assert (effect_of.form, effect_of.coefficient, found.typical) == (
        EffectForm.POWER,
        Coefficient(1.0),
        Coefficient(near(1.0 / 70.0), 1),
    )
    values = covariate_values(effect_of.covariate, {"WT": missing})
    np.testing.assert_array_equal(values, np.where(missing < 0.0, 70.0, missing))


@pytest.mark.parametrize(
    ("code", "form", "expected"),
    [
        ("B=SQRT(WT*AGE/3600)\nCL=THETA(1)*(B/1.8)**THETA(3)", "power", lambda wt, age: np.sqrt(wt * age / 3600.0)),
        ("B=(140-AGE)*WT/72\nIF (SEX.EQ.1) B=B*0.85\nCL=THETA(1)*(1+THETA(3)*(B-90)/90)", "linear_fraction", None),
        ("CL=THETA(1)*EXP(THETA(3)*(MIN(WT,65)-63))", "exponential", lambda wt, _: np.minimum(wt, 65.0)),
        ("CL=THETA(1)*(1+THETA(3)*(WT/AGE-2))", "linear_fraction", lambda wt, age: wt / age),
    ],
)
def test_what_formulas_make_of_items_is_a_covariate(code: str, form: str, expected: Any):
    (effect,) = clearance(code).effects
    columns = data().columns
    found = covariate_values(effect.covariate, columns)
    if expected is None:
        factor = np.where(columns["SEX"] == 1.0, 0.85, 1.0)
        np.testing.assert_allclose(found, (140.0 - columns["AGE"]) * columns["WT"] / 72.0 * factor, rtol=1e-14)
    else:
        np.testing.assert_allclose(found, expected(columns["WT"], columns["AGE"]), rtol=1e-14)
    assert effect.form is EffectForm(form)
    assert effect.coefficient.theta == 3


@pytest.mark.parametrize(
    "code",
    [
        "CL=(THETA(1)*(1-SEX)+THETA(3)*SEX)*EXP(ETA(1))",
        "CL=(THETA(1)+(THETA(3)-THETA(1))*SEX)*EXP(ETA(1))",
        "M=0\nIF (SEX.EQ.1) M=1\nTVCL=M*THETA(3)+(1-M)*THETA(1)\nCL=TVCL*EXP(ETA(1))",
    ],
)
def test_sums_with_1_and_0_are_choices(code: str):
    found = clearance(code)
    assert found.typical == Coefficient(1.0, 1)
    assert found.effects == (effect("SEX", "factor", Coefficient(1.0, 3, 1), relation=".EQ.", value=1.0),)


def test_a_slope_that_changes_at_some_value_is_two_effects():
    found = clearance("IF (WT.LE.65) C=1+THETA(3)*(WT-65)/10\nIF (WT.GT.65) C=1+THETA(5)*(WT-65)/10\nCL=THETA(1)*C")
    columns = data().columns
    above, below = (covariate_values(one.covariate, columns) for one in found.effects)
    np.testing.assert_array_equal(above, np.maximum(columns["WT"], 65.0))
    np.testing.assert_array_equal(below, np.minimum(columns["WT"], 65.0))
    assert [one.coefficient.theta for one in found.effects] == [5, 3]


def test_a_square_root_is_a_power():
    assert clearance("CL=THETA(1)*SQRT(WT/70)").effects == (effect("WT", "power", Coefficient(0.5), 70.0),)


def test_what_takes_long_to_say_has_a_short_name_of_its_own():
    missing = np.where(np.arange(N) % 6 < 3, -99.0, 61.0 + np.arange(N))
    names: set[str] = set()
    for low in (55, 56):
        code = (
            f"W=WT\nIF (WT.EQ.-99.AND.SEX.EQ.1) W=80\nIF (WT.EQ.-99.AND.SEX.EQ.0) W={low}\nCL=THETA(1)*(W/70)**THETA(3)"
        )
        (found,) = clearance(code, WT=missing).effects
        names.add(found.covariate.item)
        values = covariate_values(found.covariate, {"WT": missing, "SEX": data().columns["SEX"]})
        np.testing.assert_array_equal(values, np.where(missing > 0.0, missing, np.where(np.arange(N) < 6, low, 80.0)))
    assert len(names) == 2
    assert all(len(name) <= 40 for name in names)


@pytest.mark.parametrize(
    ("code", "item"),
    [
        ("CL=THETA(1)\nIF (SEX.EQ.1.AND.AGE.GT.40) CL=CL*THETA(3)", "SEX_EQ_1_AND_AGE_GT_40"),
        ("CL=THETA(1)\nIF (SEX.EQ.1) THEN\nIF (AGE.GT.40) CL=CL*THETA(3)\nENDIF", "SEX_EQ_1_AND_AGE_GT_40"),
        ("X=0\nIF (SEX.EQ.1.AND.AGE.GT.40) X=1\nCL=THETA(1)*THETA(3)**X", "SEX_EQ_1_AND_AGE_GT_40"),
        (
            "IF (SEX.EQ.1.OR.RACE.EQ.2) THEN\nCL=THETA(1)\nELSE\nCL=THETA(1)*THETA(3)\nENDIF",
            "NOT_SEX_EQ_1_OR_RACE_EQ_2",
        ),
    ],
)
def test_conditions_of_several_items(code: str, item: str):
    (found,) = clearance(code).effects
    assert (found.covariate.item, found.coefficient) == (item, THETA_3)
    columns = data().columns
    sex, age, race = (columns[name] for name in ("SEX", "AGE", "RACE"))
    holds = (sex == 1) & (age > 40) if "AND" in item else ~((sex == 1) | (race == 2))
    np.testing.assert_array_equal(covariate_values(found.covariate, columns), holds)


def test_what_code_makes_of_items_has_a_name_of_its_own():
    taken = problems(
        "W=WT\nIF (WT.LT.0) W=70\nCL=THETA(1)*(W/70)**THETA(3)\nV=THETA(2)", WT_BUT_70_IF_WT_LT_0=np.ones(N)
    )
    assert "makes two different things of data items that would both be called WT_BUT_70_IF_WT_LT_0" in taken


def test_several_effects_are_multiplied():
    found = clearance("CL=THETA(1)*(WT/70)**0.75*(1+THETA(3)*SEX)*EXP(THETA(4)*(AGE-40))*EXP(ETA(1))")
    assert {one.covariate.item for one in found.effects} == {"WT", "SEX", "AGE"}


@pytest.mark.parametrize(
    "code",
    [
        "IOV=0\nIF (OCC.EQ.1) IOV=ETA(3)\nIF (OCC.EQ.2) IOV=ETA(4)\nCL=THETA(1)*EXP(ETA(1)+IOV)",
        "IF (OCC.EQ.1) IOV=ETA(3)\nIF (OCC.EQ.2) IOV=ETA(4)\nCL=THETA(1)*EXP(ETA(1))*EXP(IOV)",
        "IF (OCC.EQ.1) THEN\nIOV=ETA(3)\nELSE\nIOV=ETA(4)\nENDIF\nCL=THETA(1)*EXP(ETA(1)+IOV)",
        "O1=0\nO2=0\nIF (OCC.EQ.1) O1=1\nIF (OCC.EQ.2) O2=1\nCL=THETA(1)*EXP(ETA(1)+O1*ETA(3)+ETA(4)*O2)",
        "IF (OCC.EQ.1) THEN\nIOV=ETA(3)\nELSEIF (OCC.EQ.2) THEN\nIOV=ETA(4)\nENDIF\nCL=EXP(LOG(THETA(1))+ETA(1)+IOV)",
    ],
)
def test_random_effects_of_occasions(code: str):
    found = clearance(code, omega="$OMEGA 0.1 0.2\n$OMEGA BLOCK(1) 0.3\n$OMEGA BLOCK(1) SAME")
    assert found.random == RandomEffect(1)
    assert found.occasion == OccasionEffect("OCC", ((1.0, 3), (2.0, 4)))


@pytest.mark.parametrize(
    "code",
    [
        "OC1=0\nIF (OCC.EQ.1) OC1=1\nOC2=1-OC1\nCL=THETA(1)*EXP(ETA(1)+OC1*ETA(3)+OC2*ETA(4))",
        "OC2=1\nIF (OCC.EQ.1) OC2=0\nOC1=-OC2+1\nCL=THETA(1)*EXP(ETA(1)+(OC2+0)*ETA(4))*EXP((1-OC2)*ETA(3))",
    ],
)
def test_occasions_as_what_is_left_of_one(code: str):
    same = "$OMEGA 0.1 0.2\n$OMEGA BLOCK(1) 0.3\n$OMEGA BLOCK(1) SAME"
    if "-OC2" in code:
        code = code.replace("OC1=-OC2+1\n", "")
    assert clearance(code, omega=same).occasion == OccasionEffect("OCC", ((1.0, 3), (2.0, 4)))


def test_occasions_of_the_data_without_a_random_effect_are_refused():
    code = "IOV=0\nIF (OCC.EQ.1) IOV=ETA(3)\nCL=THETA(1)*EXP(ETA(1)+IOV)\nV=THETA(2)"
    assert "CL has no ETA where OCC is 2; the engine has one for each occasion of the data" in problems(code)


def test_an_else_that_stands_for_two_occasions_is_refused():
    code = "IF (OCC.EQ.1) THEN\nIOV=ETA(3)\nELSE\nIOV=ETA(4)\nENDIF\nCL=THETA(1)*EXP(ETA(1)+IOV)\nV=THETA(2)"
    assert "CL is different where OCC.EQ.1" in problems(code, OCC=1.0 + np.arange(N) % 3)


def test_occasions_need_one_variance():
    code = "IF (OCC.EQ.1) IOV=ETA(3)\nIF (OCC.EQ.2) IOV=ETA(4)\nCL=THETA(1)*EXP(ETA(1)+IOV)\nV=THETA(2)"
    assert "line 6, $PK: CL has random effects of occasions without SAME" in problems(code).replace("line 5", "line 6")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("CL=THETA(1)*THETA(2)*EXP(ETA(1))", "line 6, $PK: CL has both THETA(1) and THETA(2) as its typical value"),
        ("CL=THETA(1)*EXP(ETA(1)+ETA(2))", "CL has both ETA(1) and ETA(2)"),
        ("CL=THETA(1)*EXP(-2*ETA(1))", "CL has ETA(1) times -2; expected more than 0"),
        ("CL=THETA(1)*EXP(ETA(1)*THETA(4))", "CL has ETA(1) times -0.4; expected more than 0"),
        (
            "CL=THETA(1)*EXP(ETA(1)*WT)",
            "CL has ETA(1)*WT in an exponent; expected an ETA alone, or times a number or THETA",
        ),
        ("CL=THETA(1)*EXP(ETA(1)*ETA(2))", "in an exponent; expected an ETA alone, or times a number or THETA"),
        (
            "CL=(THETA(1)+ETA(2))*WT",
            "CL has the factor THETA(1)+ETA(2); expected such a sum of THETA(n) and THETA(m)*(x - reference), of one",
        ),
        (
            "CL=THETA(1)*(1+THETA(3)*WT+THETA(4)*AGE)",
            "CL has the factor 1+THETA(3)*WT+THETA(4)*AGE, which is not recognized",
        ),
        ("CL=THETA(1)*SIN(THETA(3))", "CL has the factor SIN(THETA(3)), which is not recognized"),
        ("CL=THETA(1)*TIME", "CL has the factor TIME, which is not recognized"),
        ("CL=-THETA(1)", "CL has the constant -1 before it; expected one above 0"),
        ("CL=THETA(1)/(1+THETA(3)*SEX)", "which is not recognized"),
        (
            "CL=THETA(1)\nIF (SEX.EQ.1.AND.TIME.GT.3) CL=CL*THETA(3)",
            "CL depends on SEX.EQ.1.AND.TIME.GT.3; expected a data item compared",
        ),
        (
            "IF (SEX.EQ.1) THEN\nCL=THETA(1)\nELSE\nCL=THETA(5)*WT\nENDIF",
            "CL is different where SEX.EQ.1 in a way that is not recognized",
        ),
        (
            "IF (SEX.EQ.1) CL=THETA(1)\nIF (AGE.GT.40) CL=THETA(5)",
            "CL is 0 at a record; expected parameters above 0",
        ),
        ("IF (AMT.GT.0) B=TIME\nCL=THETA(1)*(TIME-B)", "CL has the factor TIME-MERGE(TIME, B, AMT.GT.0)"),
        ("CL=THETA(1)*(1+THETA(3)*(AGE-40))", "CL is -4 at a record; expected parameters above 0"),
        ("CL=EXP(2*THETA(1))", "CL has 2*THETA(1) in an exponent; expected THETA(1) without a factor"),
        ("CL=1+ETA(1)*2", "expected 1 + ETA(n)"),
    ],
)
def test_parameters_that_are_refused(code: str, reason: str):
    assert reason in problems(f"{code}\nV=THETA(2)")


def test_one_random_effect_on_two_parameters_is_refused():
    assert "V and CL share ETA(1)" in problems("CL=THETA(1)*EXP(ETA(1))\nV=THETA(2)*EXP(ETA(1))")


def test_random_effects_that_omega_has_not():
    assert "CL has ETA(4), but $OMEGA has 2 rows" in problems(
        "CL=THETA(1)*EXP(ETA(4))\nV=THETA(2)", omega="$OMEGA 0.1 0.2"
    )


def test_unused_random_effects_are_noted():
    assert recognition().notes == ("ETA(3), ETA(4) are on no parameter, without any effect.",)
    assert recognition(omega="$OMEGA 0.1 0.2 0.3").notes == ("ETA(3) is on no parameter, without any effect.",)


@pytest.mark.parametrize(
    ("pk", "error", "omega"),
    [
        ("CL=THETA(1)*EXP(ETA(1)+ETA(3))\nV=THETA(2)*EXP(ETA(2))", "Y=F*(1+EPS(1))", "$OMEGA 0.1 0.2\n$OMEGA 0 FIX"),
        (
            "CL=THETA(1)*EXP(ETA(3))*EXP(ETA(1))\nV=(THETA(2)+ETA(3))*EXP(ETA(2))",
            "Y=F*(1+EPS(1))",
            "$OMEGA 0.1 0.2 (0 FIX)",
        ),
        (
            "CL=THETA(1)*EXP(ETA(1))\nV=THETA(2)*EXP(ETA(2))",
            "Y=F+F*EPS(1)*EXP(ETA(3))",
            "$OMEGA 0.1 0.2\n$OMEGA BLOCK(1) FIX\n0",
        ),
        (
            "CL=THETA(1)*EXP(ETA(ECL))\nV=THETA(2)*EXP(ETA(2)-ETA(EZ))",
            "Y=F*(1+EPS(1))",
            "$OMEGA ECL=0.1 0.2 EZ=(0 FIX)",
        ),
    ],
)
def test_random_effects_with_a_variance_held_at_0_are_nothing(pk: str, error: str, omega: str):
    found, plain = recognition(pk, error, omega=omega), recognition(omega="$OMEGA 0.1 0.2")
    assert found.problems == ()
    assert found.notes == ("ETA(3) is held at 0 by $OMEGA.",)
    assert found.model is not None
    assert plain.model is not None
    assert (found.model.parameters, found.model.residual) == (plain.model.parameters, plain.model.residual)


def test_a_variance_that_is_held_elsewhere_is_another_random_effect():
    assert "CL has both ETA(1) and ETA(3)" in problems(
        "CL=THETA(1)*EXP(ETA(1))*EXP(ETA(3))\nV=THETA(2)*EXP(ETA(2))", omega="$OMEGA 0.1 0.2\n$OMEGA 0.1 FIX"
    )


# -------------------------------------------------------------------------------------------------------------- structure

TWO = "CL=THETA(1)*EXP(ETA(1))\nV1=THETA(2)\nQ=THETA(5)\nV2=THETA(6)"


@pytest.mark.parametrize(
    ("sub", "pk", "scale", "names", "columns"),
    [
        ("ADVAN1 TRANS2", "CL=THETA(1)\nV=THETA(2)", "S1=V", {"cl": "CL", "v": "V"}, {}),
        ("ADVAN1", "K=THETA(1)\nV=THETA(2)", "S1=V", {"ke": "K", "v": "V"}, {}),
        ("ADVAN1 TRANS1", "CL=THETA(1)\nVD=THETA(2)\nK=CL/VD", "S1=VD", {"cl": "CL", "v": "VD"}, {}),
        ("ADVAN1 TRANS1", "K=THETA(1)\nVOL=THETA(2)", "S1=VOL", {"ke": "K", "v": "VOL"}, {}),
        ("ADVAN3 TRANS4", TWO, "S1=V1", {"cl": "CL", "v1": "V1", "q": "Q", "v2": "V2"}, {}),
        (
            "ADVAN3",
            f"{TWO}\nK=CL/V1\nK12=Q/V1\nK21=Q/V2",
            "S1=V1",
            {"cl": "CL", "v1": "V1", "q": "Q", "v2": "V2"},
            {},
        ),
        (
            "ADVAN4 TRANS1",
            "CL=THETA(1)\nVC=THETA(2)\nQ=THETA(5)\nVP=THETA(6)\nKA=1\nK=CL/VC\nK23=Q/VC\nK32=Q/VP",
            "S2=VC",
            {"cl": "CL", "v1": "VC", "q": "Q", "v2": "VP"},
            {"CMT": np.full(N, 2.0)},
        ),
        (
            "ADVAN2 TRANS2",
            "CL=THETA(1)\nV=THETA(2)\nKA=THETA(3)",
            "S2=V",
            {"cl": "CL", "v": "V"},
            {"CMT": np.full(N, 2.0)},
        ),
        (
            "ADVAN4 TRANS4",
            "CL=THETA(1)\nV2=THETA(2)\nQ=THETA(5)\nV3=THETA(6)\nKA=1",
            "S2=V2",
            {"cl": "CL", "v1": "V2", "q": "Q", "v2": "V3"},
            {"CMT": np.full(N, 2.0)},
        ),
    ],
)
def test_structures(sub: str, pk: str, scale: str, names: dict[str, str], columns: dict[str, Any]):
    found = model(pk, sub=sub, scale=scale, **columns)
    assert {name: one.name for name, one in found.parameters.items()} == names
    assert found.structure.volume_factor == 1.0
    assert found.structure.n_compartments == (2 if "q" in names else 1)


def test_the_scale_may_be_a_multiple_of_the_volume():
    assert model(scale="S1=V/1000").structure.volume_factor == pytest.approx(1e-3)


def test_the_rate_of_infusions():
    dosed = np.arange(N) % 6 == 0
    assert model(scale="S1=V\nR1=50", RATE=np.where(dosed, -1.0, 0.0)).structure.rate == 50.0
    lacking = problems(scale="S1=V", RATE=np.where(dosed, -1.0, 0.0))
    assert "RATE is -1, but $PK gives R1 no value" in lacking
    nothing = problems(scale="S1=V\nR1=0", RATE=np.where(dosed, -1.0, 0.0))
    assert "RATE is -1, but R1 is 0; expected more than 0" in nothing


def test_the_duration_of_infusions():
    found = model("CL=THETA(1)\nV=THETA(2)\nD1=0.0833", RATE=np.where(np.arange(N) % 6 == 0, -2.0, 0.0))
    assert found.structure.duration == 0.0833
    assert "RATE is -2, but $PK gives D1 no value" in problems(RATE=np.where(np.arange(N) % 6 == 0, -2.0, 0.0))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sub": "ADVAN6 TOL=5"}, "line 5, $PK: has ADVAN6; expected ADVAN1 to ADVAN4"),
        ({"scale": "S1=V\nCALLFL=-2"}, "sets CALLFL, which has $PK called at other times; expected every event"),
        (
            {"sub": "ADVAN1", "pk": "CL=THETA(1)\nV=THETA(2)*EXP(ETA(2))\nK=CL/V\nK=K/V"},
            "K has",
        ),
        ({"sub": "ADVAN3 TRANS3"}, "has ADVAN3 with TRANS3; expected TRANS1, TRANS4"),
        ({"sub": "ADVAN3 TRANS1"}, "gives K and K12 and K21 no value; expected K, K12, K21"),
        (
            {"sub": "ADVAN3", "pk": "K=THETA(1)\nV1=THETA(2)\nK12=THETA(5)\nK21=THETA(6)", "scale": "S1=V1"},
            "has ADVAN3 with TRANS1, whose K, K12 and K21 are rate constants of their own; expected quotients of variables",
        ),
        (
            {"sub": "ADVAN3", "pk": f"{TWO}\nK=CL/V1\nK12=Q/V1\nK21=Q/V1", "scale": "S1=V1\nV1=V1*2"},
            "rate constants of their own",
        ),
        ({"sub": "ADVAN3 TRANS4"}, "gives V1 and Q and V2 no value; expected CL, V1, Q, V2"),
        ({"scale": ""}, "gives S1 no value; expected S1 = V, or a multiple of it"),
        ({"scale": "S1=V*WT"}, "gives S1 a value that is no multiple of V; expected S1 = V"),
        ({"scale": "S1=V\nALAG1=0.5"}, "has ALAG1, which the engine has not; expected none, or 0"),
        ({"scale": "S1=V\nF1=THETA(3)"}, "has F1, which the engine has not; expected none, or 1"),
        ({"scale": "S1=V\nTSCALE=24"}, "has TSCALE, which the engine has not; expected none, or 1"),
        ({"scale": "S1=V\nXSCALE=THETA(3)"}, "has XSCALE, which the engine has not; expected none, or 1"),
        ({"scale": "S1=V\nA_0(1)=5"}, "has A_0(1), which the engine has not"),
        ({"scale": "S1=V\nD1=THETA(3)"}, "has D1 that is no number; expected the duration of all infusions"),
        ({"scale": "S1=V\nR1=THETA(3)"}, "line 9, $PK: has R1 that is no number; expected the rate of all infusions"),
        ({"CMT": np.full(N, 2.0)}, "d.csv: line 2, CMT: expected a dose into compartment 1"),
        ({"EVID": np.where(np.arange(N) % 6 == 0, 4.0, 0.0)}, "d.csv: line 2, EVID: expected no reset"),
        ({"rest": "$EST LIKELIHOOD METHOD=1 LAPLACE"}, "$ESTIMATION: has LIKELIHOOD; expected predictions"),
    ],
)
def test_structures_that_are_refused(options: dict[str, Any], reason: str):
    assert reason in problems(**options)


def test_what_is_only_for_tables_is_not_looked_at():
    pk = "IF (NEWIND.NE.2) BASE=WT\nTAD=TIME-TDOSE\nCL=THETA(1)*EXP(ETA(1))\nV=THETA(2)\nK10=CL/V\nX=NPROB"
    found = model(
        pk.replace("K10", "KEL"), "IRES=DV-F\nIWRES=IRES/(F*SQRT(SIGMA(1,1)))\nZ=MIXEST+OMEGA(1)\nY=F+F*EPS(1)"
    )
    assert found.residual.general.proportional == pytest.approx(0.2)


@pytest.mark.parametrize("phrase", ["(ONLY OBSERVATIONS)", "(CALLFL=0)", "(OBS ONLY)", "(EVERY EVENT)", "(COMRES=-1)"])
def test_routines_may_be_called_at_observations_only(phrase: str):
    assert model(error=f"{phrase}\nY=F+F*EPS(1)").residual.general.proportional == pytest.approx(0.2)


def test_other_times_of_calls_are_refused():
    assert "line 6, $PK: is called as “CALLFL=-2” says; expected at every event" in problems("(CALLFL=-2)\nCL=1\nV=1")


def test_four_occasions():
    pk = "IOV=0\n" + "".join(f"IF (RACE.EQ.{k}) IOV=ETA({k + 1})\n" for k in range(1, 4))
    pk += "TVCL=THETA(1)*(WT/70)**0.75\nCL=TVCL*EXP(ETA(1)+IOV)\nV=THETA(2)*WT/70"
    found = model(pk, omega="$OMEGA 0.1\n$OMEGA BLOCK(1) 0.1\n$OMEGA BLOCK(1) SAME(2)").parameters["cl"]
    assert found.occasion == OccasionEffect("RACE", ((1.0, 2), (2.0, 3), (3.0, 4)))


def test_variances_may_stand_in_the_error():
    found = model(error="W=SQRT(SIGMA(2,2))*2\nY=F+W*EPS(2)*0+F*EPS(1)")
    assert (found.residual.general.additive, found.residual.general.proportional) == (0.0, pytest.approx(0.2))


def test_records_that_share_their_residuals_are_refused():
    text = "$PROBLEM p\n$INPUT ID TIME AMT DV L2\n$DATA d\n$SUBR ADVAN1 TRANS2\n$PK\nCL=1\nV=1\nS1=V\n$ERROR\nY=F+EPS(1)\n$THETA 1\n$OMEGA 1\n$SIGMA 1"
    (problem,) = recognize(parse_control(enumerate(text.splitlines(), start=1)).problems_read[0], data()).problems
    assert str(problem) == "line 1, $INPUT: has L2, by which observations share their EPS; the engine has none"


def test_absorbed_doses_make_the_absorption_a_parameter():
    found = model("CL=THETA(1)\nV=THETA(2)\nKA=THETA(3)", sub="ADVAN2 TRANS2", scale="S2=V")
    assert set(found.parameters) == {"cl", "v", "ka"}


def test_everything_that_the_engine_has_not_is_told_at_once():
    found = recognition(
        "CL=THETA(1)*EXP(ETA(1))\nV=THETA(2)*EXP(ETA(1))",
        "Y=F+EXP(F)*EPS(1)",
        scale="S1=V\nALAG1=THETA(3)\nF1=THETA(5)\nD1=THETA(6)",
        rest="$EST METHOD=1 INTER\n$PRIOR NWPRI",
        may_have_unsupported=True,
    )
    assert sorted(map(str, found.problems)) == [
        "line 10, $PK: has F1, which the engine has not; expected none, or 1",
        "line 11, $PK: has D1 that is no number; expected the duration of all infusions",
        "line 12, $ERROR: gives Y an error that is neither additive, proportional nor both",
        "line 18, $PRIOR: is not supported: the engine's population estimates have no priors",
        "line 5, $PK: V and CL share ETA(1); the engine has one for each parameter",
        "line 9, $PK: has ALAG1, which the engine has not; expected none, or 0",
    ]


def test_lines_of_code_that_are_not_read_are_told_with_the_rest():
    found = recognition(
        'CL=THETA(1)*EXP(ETA(1))\n" REAL X\nV=THETA(2)*EXP(ETA(1))\nIF (CL.LE.0) EXIT 1 2',
        "Y=F+EPS(1)",
        may_have_unsupported=True,
    )
    assert [one.place for one in found.problems] == ["line 7, $PK", "line 9, $PK", "line 5, $PK"]
    assert [one.message.partition(" ")[0] for one in found.problems] == ["is", "EXIT", "V"]


def test_differential_equations_are_one_sentence_beside_what_else_is_refused():
    found = recognition(
        error="W=THETA(3)\nY=LOG(F)+W*F*EPS(1)",
        sub="ADVAN13 TOL=9",
        scale="S1=V\nF1=THETA(5)",
        rest="$MODEL COMP=(CENTRAL)\n$DES\nDADT(1)=-CL/V*A(1)",
    )
    assert [one.place for one in found.problems] == ["line 17, $DES", "line 9, $PK", "line 10, $ERROR"]


def test_mixtures_are_one_sentence():
    pk = "CL=THETA(1)*EXP(ETA(1))\nIF (MIXNUM.EQ.2) CL=THETA(2)*EXP(ETA(1))\nV=THETA(3)"
    found = recognition(pk, rest="$MIX\nNSPOP=2\nP(1)=THETA(5)\nP(2)=1-THETA(5)", may_have_unsupported=True)
    assert [one.place for one in found.problems] == ["line 15, $MIX"]


def test_other_routines_are_refused():
    found = parse_control(
        enumerate(
            "$PROBLEM p\n$INPUT ID TIME DV\n$DATA d\n$PRED\nY=THETA(1)+EPS(1)\n$THETA 1\n$OMEGA 1\n$SIGMA 1".splitlines(),
            start=1,
        )
    ).problems_read[0]
    (problem,) = recognize(found, data()).problems
    assert str(problem) == "line 4, $PRED: is not recognized; expected $PK and $ERROR with ADVAN1 to ADVAN4"


def test_elements_of_theta_in_several_places_are_noted():
    pk = "CL=THETA(1)*(WT/70)**THETA(3)*EXP(ETA(1))\nV=THETA(2)*(WT/70)**THETA(3)"
    found = recognition(pk, omega="$OMEGA 0.1")
    assert found.model is not None
    assert found.model.shared == ("THETA(3)",)
    assert found.notes == ("THETA(3) stands in CL and V: a fit of the engine estimates a number for each of them.",)
    assert recognition(pk, "Y=F+F*THETA(2)*EPS(1)", sigma="$SIGMA 1 FIX").model.shared == ("THETA(2)", "THETA(3)")  # type: ignore[union-attr]


def test_initial_estimates():
    found = model()
    assert found.thetas == (2.0, 20.0, 0.3, -0.4, 0.5, 1.5)
    np.testing.assert_array_equal(found.omega, np.diag([0.1, 0.2, 0.3, 0.4]))


# -------------------------------------------------------------------------------------------- sums, and variances of categories


@pytest.mark.parametrize(
    ("code", "constant", "slope", "reference", "form"),
    [
        ("(THETA(1)+THETA(5)*(WT-60))", 1.0, 1.0, 60.0, "linear_fraction"),
        ("(THETA(1)+WT*THETA(5))", 1.0, 1.0, 0.0, "linear_fraction"),
        ("(THETA(5)*(WT-70)/10+THETA(1)*2)", 2.0, 0.05, 70.0, "linear_fraction"),
        ("(THETA(1)+THETA(4)*(WT-70))", 1.0, 1.0, 70.0, "linear_fraction"),
        ("(THETA(1)+THETA(5)*LOG(WT/70))", 1.0, 1.0, 70.0, "linear_log"),
    ],
)
def test_a_typical_value_that_a_covariate_adds_to(
    code: str, constant: float, slope: float, reference: float, form: str
):
    found = clearance(f"TVCL={code}\nCL=TVCL*EXP(ETA(1))")
    (effect,) = found.effects
    assert found.typical == Coefficient(constant, 1)
    theta = 4 if "THETA(4)" in code else 5
    assert effect.coefficient == Coefficient(near(slope), theta, 1)
    assert (effect.form, effect.reference) == (EffectForm(form), near(reference))
    assert (found.random, found.added) == (RandomEffect(1), ())


def test_a_sum_of_terms_with_random_effects_of_their_own():
    found = clearance("CLR=THETA(3)*AGE/40*EXP(ETA(3))\nCL=THETA(1)*EXP(ETA(1))+CLR+THETA(5)*(WT/70)**0.75")
    assert [one.typical.theta for one in found.terms] == [1, 3, 5]
    assert [one.random for one in found.terms] == [RandomEffect(1), RandomEffect(3), None]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("CL=THETA(1)*EXP(ETA(1))+THETA(3)*EXP(ETA(1))", "CL is a sum of terms that share ETA(1)"),
        ("CL=THETA(1)*EXP(ETA(1))-THETA(3)*EXP(ETA(3))", "CL has the factor THETA(1)*EXP(ETA(1))-THETA(3)*EXP(ETA(3))"),
        ("CL=(THETA(1)+THETA(3)*WT+THETA(5)*AGE)*EXP(ETA(1))", "CL has the factor THETA(1)+THETA(3)*WT+THETA(5)*AGE"),
        ("CL=(THETA(1)+THETA(3))*EXP(ETA(1))", "CL has the factor THETA(1)+THETA(3)"),
    ],
)
def test_sums_that_are_refused(code: str, reason: str):
    assert reason in problems(f"{code}\nV=THETA(2)")


@pytest.mark.parametrize(
    "code",
    [
        "E=ETA(3)\nIF (SEX.EQ.1) E=ETA(4)\nCL=THETA(1)*EXP(E)",
        "E=0\nIF (SEX.EQ.0) E=ETA(3)\nIF (SEX.EQ.1) E=ETA(4)\nCL=THETA(1)*EXP(E)",
        "CL=THETA(1)*EXP(ETA(3)*(1-SEX)+ETA(4)*SEX)",
    ],
)
def test_variances_of_categories(code: str):
    if "(1-SEX)" in code:
        # SEX is a number there, not a choice.
        assert "in an exponent" in problems(f"{code}\nV=THETA(2)")
        return
    found = clearance(code)
    category = Covariate("SEX", is_category=True)
    assert found.random == RandomEffect(3, category=category, etas=((0.0, 3), (1.0, 4)))
    assert found.occasion is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"SEX": np.arange(N) % 2}, "CL has random effects of occasions without SAME in $OMEGA"),
        ({"SEX": np.where(np.arange(N) < 6, 0.0, 2.0)}, "CL has random effects of occasions without SAME in $OMEGA"),
        ({"omega": "$OMEGA 0.1 0.2 0.3 0 FIX"}, "expected a variance above 0 for each category"),
        ({"omega": "$OMEGA 0.1 0.2 0.3 0.4 FIX"}, "expected variances of categories that are all fixed, or none"),
        (
            {"omega": "$OMEGA 0.1\n$OMEGA BLOCK(2) 0.2 0.01 0.3\n$OMEGA 0.4"},
            "CL has ETA(3), ETA(4); expected no covariances of random effects that have a variance for each category",
        ),
    ],
)
def test_variances_of_categories_that_are_refused(options: dict[str, Any], reason: str):
    code = "E=0\nIF (SEX.EQ.0) E=ETA(3)\nIF (SEX.EQ.1) E=ETA(4)\nCL=THETA(1)*EXP(E)\nV=THETA(2)*EXP(ETA(2))"
    assert reason in problems(code, **options)


# --------------------------------------------------------------------------------------------------------- residual error


@pytest.mark.parametrize(
    ("code", "kind", "additive", "proportional", "origins"),
    [
        ("Y=F*(1+EPS(1))", "variances_add", 0.0, 0.2, ((), ("SIGMA(1,1)",))),
        ("Y=F+F*EPS(1)", "variances_add", 0.0, 0.2, ((), ("SIGMA(1,1)",))),
        ("Y=F*EXP(ERR(1))", "variances_add", 0.0, 0.2, ((), ("SIGMA(1,1)",))),
        ("Y=F+EPS(2)", "variances_add", 0.5, 0.0, (("SIGMA(2,2)",), ())),
        ("IPRED=F\nY=IPRED*(1+EPS(1))+EPS(2)", "variances_add", 0.5, 0.2, (("SIGMA(2,2)",), ("SIGMA(1,1)",))),
        (
            "W=THETA(3)*F\nIRES=DV-F\nIWRES=IRES/W\nY=F+W*EPS(2)*2",
            "variances_add",
            0.0,
            0.3,
            ((), ("THETA(3)", "SIGMA(2,2)")),
        ),
        # A variance that code reads, and no EPS has.
        ("W=F*SQRT(SIGMA(1,1))\nY=F+2*W*EPS(2)", "variances_add", 0.0, 0.2, ((), ("SIGMA(1,1)", "SIGMA(2,2)"))),
        ("IPRED=A(1)/V\nY=IPRED+EPS(2)", "variances_add", 0.5, 0.0, (("SIGMA(2,2)",), ())),
        # The amount goes with the volume, whatever THETA and ETA are: the prediction is what is looked at.
        ("IPRED=A(1)/V\nY=IPRED*(1+EPS(1))", "variances_add", 0.0, 0.2, ((), ("SIGMA(1,1)",))),
        ("IPRED=LOG(F+1E-12)\nY=IPRED+EPS(2)", "logarithmic", 0.5, 0.0, (("SIGMA(2,2)",), ())),
        (
            "IF (F.GT.0) IPRED=LOG(F)\nY=IPRED+THETA(3)*EPS(2)*2",
            "logarithmic",
            0.3,
            0.0,
            (("THETA(3)", "SIGMA(2,2)"), ()),
        ),
    ],
)
def test_residual_errors(code: str, kind: str, additive: float, proportional: float, origins: Any):
    residual = model(error=code).residual
    assert (residual.general.additive_from, residual.general.proportional_from) == origins
    assert residual.kind is ResidualKind(kind)
    assert (residual.general.additive, residual.general.proportional) == (
        pytest.approx(additive),
        pytest.approx(proportional),
    )
    assert residual.censoring is None


def test_standard_deviations_that_add():
    residual = model(error="W=THETA(3)+THETA(5)*F\nY=F+W*EPS(1)", sigma="$SIGMA 1 FIX").residual
    # SIGMA is in both parts, but fixed.
    assert (residual.kind, residual.general.additive, residual.general.proportional) == (
        ResidualKind.SDS_ADD,
        pytest.approx(0.3),
        pytest.approx(0.5),
    )
    assert (residual.general.additive_from, residual.general.proportional_from) == (("THETA(3)",), ("THETA(5)",))


def test_variances_of_thetas_with_a_fixed_sigma_add():
    residual = model(error="W=SQRT(THETA(3)**2+(THETA(5)*F)**2)\nY=F+W*EPS(1)", sigma="$SIGMA 1 FIX").residual
    assert (residual.kind, residual.general.additive, residual.general.proportional) == (
        ResidualKind.VARIANCES_ADD,
        pytest.approx(0.3),
        pytest.approx(0.5),
    )


@pytest.mark.parametrize("code", ["Y=F*(1+EPS(1))+EPS(2)", "W=F\nY=F+W*ERR(1)+THETA(3)*ERR(2)"])
def test_correlated_residuals_are_refused_for_what_they_are(code: str):
    text = problems(error=code, sigma="$SIGMA BLOCK(2) 0.04 0.01 0.25")
    assert (
        "line 9, $ERROR: gives Y an error of EPS(1) and EPS(2), which $SIGMA has correlated; the engine has independent ones"
        in text
    )


def test_correlations_of_residuals_that_do_not_meet_change_nothing():
    residual = model(error="Y=F*(1+EPS(1))", sigma="$SIGMA BLOCK(2) 0.04 0.01 0.25").residual
    assert (residual.kind, residual.general.proportional, residual.general.additive) == (
        ResidualKind.VARIANCES_ADD,
        near(0.2),
        0.0,
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Y=F+EXP(F)*EPS(1)", "gives Y an error that is neither additive, proportional nor both"),
        ("Y=F*2+EPS(1)", "gives Y without EPS another value than F or LOG(F)"),
        ("Y=LOG(F+0.001)+EPS(1)", "gives Y without EPS the value LOG(F + 0.001); expected F or LOG(F)"),
        ("Y=LOG(F)+F*EPS(1)", "gives LOG(F) an error that depends on the prediction"),
        ("Y=F+WT*EPS(1)", "gives Y an error that differs between records"),
        ("Y=F+F*EPS(1)*EXP(ETA(4))", "gives Y an error that depends on ETA(4)"),
        ("X=F", "gives Y no value"),
        ("Y=F+EPS(1)*UNKNOWN", "UNKNOWN has no value; expected a data item"),
        (
            "W=F*THETA(3)+THETA(3)\nY=F+W*EPS(1)",
            "has SIGMA(1,1), THETA(3) in the additive and in the proportional part",
        ),
        ("Y=F+EPS(1)\nIF (F.LT.1) F_FLAG=1", "gives F_FLAG a value that depends on the prediction"),
        ("F_FLAG=1\nY=PHI((1-F)/0.5)", "gives no observation a prediction"),
        (
            "Y=F+0.5*EPS(1)*5\nIF (BLQ.EQ.1) THEN\nF_FLAG=1\nY=PHI((2-F)/1)\nENDIF",
            "gives Y a probability that is not PHI((limit - prediction)/sd)",
        ),
        ("Y=F+EPS(2)\nIF (BLQ.EQ.1) THEN\nF_FLAG=1\nY=0.5\nENDIF", "gives Y a probability that is not"),
    ],
)
def test_residual_errors_that_are_refused(code: str, reason: str):
    text = problems(error=code)
    assert "$ERROR: " in text
    assert reason in text


@pytest.mark.parametrize(
    ("code", "kind", "additive", "exponent", "origins"),
    [
        ("Y=F+F**THETA(6)*EPS(1)", "variances_add", 0.0, 1.5, ("THETA(6)",)),
        ("Y=F+SQRT(F)*EPS(1)", "variances_add", 0.0, 0.5, ()),
        ("W=SQRT(0.25+(0.2*F**THETA(6))**2)\nY=F+W*EPS(1)*5", "variances_add", 0.5, 1.5, ("THETA(6)",)),
        ("W=0.5+0.2*F**0.75\nY=F+W*EPS(1)*5", "sds_add", 0.5, 0.75, ()),
    ],
)
def test_errors_that_grow_with_a_power_of_the_prediction(
    code: str, kind: str, additive: float, exponent: float, origins: Any
):
    residual = model(error=code, sigma="$SIGMA 0.04 FIX").residual
    assert residual.kind is ResidualKind(kind)
    assert (residual.general.additive, residual.general.proportional) == (near(additive), near(0.2))
    assert (residual.exponent, residual.exponent_from) == (pytest.approx(exponent, rel=1e-12), origins)


def assays(code: str, **options: Any) -> dict[str, Any]:
    """Return additive and proportional part of each error by assay, and the records of its first subject."""
    residual = model(error=code, **options).residual
    found = {"": (residual.general.additive, residual.general.proportional, list[int]())}
    for one in residual.by_assay:
        records = [row for row in np.flatnonzero(one.records).tolist() if 0 < row < 6]
        found[one.name] = (one.parts.additive, one.parts.proportional, records)
    return {
        name: (pytest.approx(a, abs=1e-12), pytest.approx(b, abs=1e-12), rows) for name, (a, b, rows) in found.items()
    }


# Records 1 and 4 are of RACE 2, records 2 and 5 of RACE 3, record 3 of RACE 1.
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "IF (RACE.EQ.2) THEN\nY=F+EPS(2)\nELSE\nY=F*(1+EPS(1))\nENDIF",
            {"": (0.0, 0.2, []), "RACE_2": (0.5, 0.0, [1, 4])},
        ),
        (
            "W=THETA(3)\nIF (RACE.EQ.1) W=THETA(5)\nY=F+W*F*EPS(1)*5",
            {"": (0.0, 0.3, []), "RACE_1": (0.0, 0.5, [3])},
        ),
        # Equal at their initial estimates, and two parameters all the same.
        (
            "Y=F*(1+EPS(1))\nIF (RACE.EQ.1) Y=F*(1+EPS(2)*SQRT(0.04/0.25))",
            {"": (0.0, 0.2, []), "RACE_1": (0.0, 0.2, [3])},
        ),
        (
            "A=THETA(3)\nIF (RACE.GE.2.5) A=THETA(3)*THETA(6)\nY=F*(1+A*EPS(1)*5)+EPS(2)",
            {"": (0.5, 0.3, []), "RACE_3": (0.5, 0.45, [2, 5])},
        ),
        (
            "IF (RACE.EQ.1) W=THETA(3)\nIF (RACE.EQ.2) W=THETA(5)\nIF (RACE.EQ.3) W=THETA(6)\nY=LOG(F)+W*EPS(1)*5",
            {"": (0.5, 0.0, []), "RACE_1": (0.3, 0.0, [3]), "RACE_3": (1.5, 0.0, [2, 5])},
        ),
    ],
)
def test_errors_by_assay(code: str, expected: Any):
    assert assays(code) == expected


def test_an_error_that_two_items_tell_apart():
    assert list(assays("W=THETA(3)\nIF (RACE.EQ.1.AND.SEX.EQ.1) W=THETA(5)\nY=F+W*EPS(1)")) == ["", "ERROR_2"]


def test_levels_beyond_limits_have_the_error_of_their_assay():
    code = M3.format(sd="THETA(3)\nIF (RACE.EQ.3) SD=THETA(5)", flag=1, y="PHI((DV-F)/SD)", pred="F")
    found = model(error=code, sigma="$SIGMA 1 FIX").residual
    assert [one.name for one in found.by_assay] == ["RACE_3"]
    assert found.censoring is not None
    np.testing.assert_allclose(found.censoring.limit, data().columns["DV"][ROWS], rtol=1e-9)


def test_a_part_that_assays_have_in_common_is_noted():
    code = "W=THETA(3)\nIF (RACE.EQ.1) W=THETA(5)\nY=F*(1+W*EPS(1))+EPS(2)"
    found = recognition(error=code, sigma="$SIGMA 1 FIX 0.25")
    assert found.model is not None
    assert found.model.shared == ("SIGMA(2,2)",)
    assert (
        "SIGMA(2,2) stands in Y and Y of RACE_1: a fit of the engine estimates a number for each of them."
        in found.notes
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "Y=F+WT*EPS(1)",
            "gives Y an error that differs between records in 10 ways made of SIGMA(1,1) alone; expected one that depends on the prediction",
        ),
        (
            "W=F\nIF (RACE.EQ.1) W=F**2\nY=F+W*EPS(1)",
            "gives Y an error that grows with powers of the prediction that differ between records",
        ),
        (
            "W=SQRT(THETA(3)**2+(THETA(5)*F)**2)\nIF (RACE.EQ.1) W=THETA(3)+THETA(5)*F\nY=F+W*EPS(2)*2",
            "whose parts add as variances at some records and as standard deviations at others",
        ),
        (
            "W=0.3\nIF (RACE.EQ.1) W=THETA(5)\nY=F+W*F*EPS(1)",
            "fixes the proportional part of its error at some records and not at others",
        ),
        ("W=1\nIF (RACE.EQ.1) W=EXP(ETA(4))\nY=F+W*EPS(1)", "gives Y an error that depends on ETA(4)"),
        ("Y=F+F**THETA(3)*THETA(3)*EPS(1)", "has THETA(3) in the power of the prediction and in another part"),
    ],
)
def test_errors_by_assay_that_are_refused(code: str, reason: str):
    text = problems(error=code, sigma="$SIGMA 1 FIX 0.25" if "0.3" in code or "SQRT" in code else "$SIGMA 0.04 0.25")
    assert reason in text


def test_censored_levels_of_an_assay_without_others_are_refused():
    code = "W=THETA(3)\nIF (RACE.EQ.3) W=THETA(5)\nIF (RACE.EQ.1) W=THETA(6)\nY=F+W*EPS(1)\nF_FLAG=0\nIF (RACE.EQ.3) THEN\nF_FLAG=1\nY=PHI((2-F)/W)\nENDIF"
    assert "gives Y a probability where no other observation says which of its errors is meant" in problems(
        error=code, sigma="$SIGMA 1 FIX"
    )


ROWS = [5, 11]
M3 = "SD={sd}\nIF (BLQ.EQ.1) THEN\nF_FLAG={flag}\nY={y}\nELSE\nF_FLAG=0\nY={pred}+SD*EPS(1)\nENDIF"


@pytest.mark.parametrize(
    ("code", "is_below", "limit"),
    [
        (M3.format(sd=0.5, flag=1, y="PHI((2-F)/SD)", pred="F"), True, 2.0),
        (M3.format(sd=0.5, flag=1, y="PHI((2-F)/SD)+1E-10", pred="F"), True, 2.0),
        (M3.format(sd="0.1*F", flag=1, y="PHI((2-F)/SD)", pred="F"), True, 2.0),
        (M3.format(sd="SQRT(0.25+(0.1*F)**2)", flag=1, y="PHI((2-F)/SD)", pred="F"), True, 2.0),
        (M3.format(sd="0.3+0.1*F", flag=1, y="1-PHI((40-F)/SD)", pred="F"), False, 40.0),
        (M3.format(sd=0.5, flag=2, y="-2*LOG(PHI((2-F)/SD))", pred="F"), True, 2.0),
        (M3.format(sd=0.5, flag=1, y="PHI((LOG(2)-LOG(F))/SD)", pred="LOG(F)"), True, math.log(2.0)),
        (M3.format(sd=0.5, flag=1, y="PHI((DV-F)/SD)", pred="F"), True, None),
    ],
)
def test_observations_beyond_limits(code: str, is_below: Any, limit: float | None):
    found = model(error=code, sigma="$SIGMA 1 FIX")
    censoring = found.residual.censoring
    assert censoring is not None
    assert censoring.record.tolist() == ROWS
    assert censoring.is_below.tolist() == [is_below, is_below]
    expected = data().columns["DV"][ROWS] if limit is None else np.full(2, limit)
    np.testing.assert_allclose(censoring.limit, expected, rtol=1e-9)


# -------------------------------------------------------------------------------------------------------------- properties

FACTORS = [
    "(WT/70)**THETA(3)",
    "(AGE/40)**(-0.5)",
    "(1+THETA(4)*(AGE-41)/50)",
    "EXP(THETA(5)*(WT-65)/10)",
    "THETA(6)**SEX",
    "EXP(THETA(3)*LOG(AGE/35))",
    "(1+THETA(5)*LOG(WT/66))",
    "WT",
    "3.7",
    "FSEX",
    "FRACE",
    "FAGE",
]
PREFIX = "FSEX=1\nIF (SEX.EQ.1) FSEX=1+THETA(3)\nFRACE=1\nIF (RACE.EQ.2) FRACE=THETA(6)\nIF (RACE.EQ.3) FRACE=EXP(THETA(4))\nFAGE=1\nIF (AGE.GE.42) FAGE=1.3\n"


@given(
    st.lists(st.sampled_from(FACTORS), max_size=4, unique=True),
    st.sampled_from(["EXP(ETA(1))", "(1+ETA(1))", "1"]),
    st.booleans(),
)
def test_what_is_recognized_gives_the_numbers_of_the_code(factors: list[str], random: str, on_the_left: Any):
    # `recognize` itself compares them at every record, at two values of THETA and ETA, and would say where they differ.
    parts = [random, *factors, "THETA(1)"] if on_the_left else ["THETA(1)", *factors, random]
    found = clearance(f"{PREFIX}CL={'*'.join(parts)}")
    assert found.typical.theta == 1


@pytest.mark.requirement("NM-03", "BAD-01")
@given(st.text(st.sampled_from("CLV=THETA(1)*+-/.WTSEXEPF,2\n"), max_size=40))
def test_no_code_raises(text: str):
    whole = f"$PROBLEM p\n$INPUT ID TIME AMT DV WT SEX\n$DATA d.csv\n$SUBR ADVAN1 TRANS2\n$PK\nCL=THETA(1)\nV=THETA(2)\n{text}\nS1=V\n$ERROR\nY=F+EPS(1)\n$THETA 1 2\n$OMEGA 1\n$SIGMA 1\n"
    for one in parse_control(enumerate(whole.splitlines(), start=1)).problems_read:
        found = recognize(one, data())
        assert (found.model is None) == bool(found.problems)


def test_variables_that_grow_with_every_line_are_refused():
    assert "is too long an expression" in problems("CL=THETA(1)\n" + "CL=CL*CL+1\n" * 40 + "V=THETA(2)")
    assert "is too long an expression" in problems("CL=THETA(1)\n" + "IF (SEX.EQ.1) CL=CL+1\n" * 400 + "V=THETA(2)")


# --------------------------------------------------------------------------------------------------------------- reference


def reference(folder: Path, listing: str):
    (control,) = read_control(folder / listing).problems_read
    found = read_dataset(str(folder / control.data.file), control.items, control.data.options)
    assert found.dataset is not None
    recognized = recognize(control, found.dataset)
    assert recognized.problems == ()
    assert recognized.model is not None
    return recognized.model, found.dataset


def test_pheno_is_recognized(reference_dir: Path):
    found, _ = reference(reference_dir / "nonmem" / "pheno_focei", "pheno_real.lst")
    by_weight = effect("WGT", "power", Coefficient(1.0), 1.0)
    assert found.parameters["cl"].effects == (by_weight,)
    assert found.parameters["v"].effects == (by_weight, effect("APGR", "linear_fraction", THETA_3, 0.0, ".LT.", 5.0))
    assert found.residual.general.proportional == pytest.approx(math.sqrt(0.0130865))


def test_a_model_on_the_logarithmic_scale_of_thetas_is_recognized(reference_dir: Path):
    found, _ = reference(reference_dir / "nonmem" / "inf1cpt_focei_N012", "runN012.lst")
    assert all(one.is_log for one in found.parameters.values())
    assert (found.residual.general.proportional, found.residual.general.proportional_from) == (
        pytest.approx(0.3),
        ("THETA(3)",),
    )


def test_logarithms_below_their_limit_are_recognized(reference_dir: Path):
    found, dataset = reference(reference_dir / "nonmem" / "m3_laplace_ad3tr4", "ad3tr4_loqb_lap.res")
    assert list(found.parameters) == ["cl", "v1", "q", "v2"]
    assert found.residual.kind is ResidualKind.LOGARITHMIC
    censoring = found.residual.censoring
    assert censoring is not None
    assert censoring.record.size == 104
    assert censoring.is_below.all()
    np.testing.assert_allclose(censoring.limit, -3.5, rtol=1e-12)
    assert (dataset.columns["DV"][censoring.record] < -3.5).all()
