"""Values of abbreviated code: equal to Python's own arithmetic, derivatives equal to those by small steps, carried as NONMEM carries them."""

from __future__ import annotations

import math
from operator import add, mul, sub, truediv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from scipy import special

from nonmem_ref.control.code import parse_code
from nonmem_ref.control.evaluate import evaluate, random_names
from nonmem_ref.control.read import read_control
from nonmem_ref.control.records import split_records
from nonmem_ref.control.tree import Assignment, Binary, Call, Element, Name, Number, Unary
from nonmem_ref.dataset.read import read_dataset
from pkpd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nonmem_ref.control.jets import Jet
    from nonmem_ref.control.tree import Expression, Statement


def statements(text: str) -> Sequence[Statement]:
    records, _ = split_records(enumerate(f"$PK\n{text}".splitlines(), start=1))
    code, faults = parse_code(records[0])
    assert not faults
    return code.statements


def values(text: str, by: Sequence[str] = (), **known: Any) -> dict[str, Jet]:
    return evaluate(statements(text), known.pop("given", {}) | known, by)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2+3*4", 14.0),
        ("2-3-4", -5.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("7/2", 3.5),
        ("1/2*4", 2.0),
        ("EXP(1)", math.e),
        ("LOG(10)", math.log(10)),
        ("LOG10(1000)", 3.0),
        ("SQRT(2)", math.sqrt(2)),
        ("ABS(-3)", 3.0),
        ("INT(-2.7)", -2.0),
        ("MOD(-7,3)", -1.0),
        ("MIN(3,1,2)", 1.0),
        ("MAX(3,1,5)", 5.0),
        ("PHI(1.96)", float(special.ndtr(1.96))),
        ("GAMLN(5)", math.log(24)),
        ("SIN(1)+COS(1)*TAN(1)", 2 * math.sin(1)),
        ("ASIN(0.5)+ACOS(0.5)", math.pi / 2),
        ("4*ATAN(1)", math.pi),
    ],
)
def test_arithmetic_and_functions(text: str, expected: float):
    assert values(f"X = {text}")["X"].value.tolist() == pytest.approx([expected], rel=1e-14)


def test_arrays_of_records():
    found = values("CL = THETA(1)*(WT/70)**0.75", given={"THETA(1)": 2.0}, WT=np.array([70.0, 35.0]))
    np.testing.assert_allclose(found["CL"].value, [2.0, 2.0 * 0.5**0.75])


def python_value(node: Expression, known: dict[str, float]) -> float:
    """Evaluate a tree with the operators of Python and the functions of its library."""
    match node:
        case Number():
            return node.value
        case Name() | Element():
            return known[node.name]
        case Unary():
            inner = python_value(node.operand, known)
            return -inner if node.operator == "-" else inner
        case Binary():
            left, right = python_value(node.left, known), python_value(node.right, known)
            of_two = {"+": add, "-": sub, "*": mul, "/": truediv, "**": pow}
            found = of_two[node.operator](left, right)
            if isinstance(found, complex):
                raise TypeError
            return found
        case Call():
            functions: dict[str, Any] = {
                "EXP": math.exp,
                "LOG": math.log,
                "SQRT": math.sqrt,
                "ABS": abs,
                "MIN": min,
                "MAX": max,
            }
            return functions[node.function](*(python_value(one, known) for one in node.arguments))
        case _:
            raise AssertionError(node)


KNOWN = {"WT": 71.5, "AGE": -3.25, "THETA(1)": 0.75, "ETA(1)": -0.125, "ETA(2)": 1.5}


def expressions():
    leaves = st.one_of(
        st.sampled_from([Name("WT"), Name("AGE"), Element("THETA", (1,)), Element("ETA", (1,)), Element("ETA", (2,))]),
        st.floats(0.125, 8.0).map(Number),
    )

    def larger(inner: st.SearchStrategy[Any]):
        one = st.builds(Call, st.sampled_from(["EXP", "LOG", "SQRT", "ABS"]), st.tuples(inner))
        two = st.builds(Call, st.sampled_from(["MIN", "MAX"]), st.tuples(inner, inner))
        binary = st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner)
        return st.one_of(binary, binary, one, two, st.builds(Unary, st.sampled_from(["+", "-"]), inner))

    return st.recursive(leaves, larger, max_leaves=10)


@given(expressions())
def test_values_are_those_of_python(tree: Any):
    try:
        expected = python_value(tree, KNOWN)
    except (ValueError, ArithmeticError, TypeError):
        reject()
    assume(math.isfinite(expected))
    found = evaluate([Assignment(Name("X"), tree)], KNOWN)["X"].value[0]
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-300)


@pytest.mark.parametrize(
    "text",
    [
        "THETA(1)*EXP(ETA(1))*(WT/70)**(0.75+ETA(2))",
        "EXP(ETA(1))/(1+EXP(ETA(1)+ETA(2)*ETA(1)))",
        "LOG(2+ETA(1)**2)*SQRT(3+ETA(2))-LOG10(4+ETA(1))",
        "PHI(ETA(1)*ETA(2))+SIN(ETA(1))*COS(ETA(2))+TAN(ETA(1))",
        "ASIN(ETA(1)/2)+ACOS(ETA(2)/2)*ATAN(ETA(1))+GAMLN(3+ETA(1)*ETA(2))",
        "(1+ETA(1))**3+(2+ETA(1))**(-1.5)+WT**ETA(2)",
        "MAX(ETA(1),ETA(2))*ABS(ETA(2)-2)+MOD(7+ETA(1),2+ETA(2)/10)+INT(ETA(1))",
        "-ETA(1)/ETA(2)/(3-ETA(1))",
    ],
)
def test_derivatives_are_those_by_small_steps(text: str):
    by, at = ("ETA(1)", "ETA(2)"), np.array([0.3, 0.7])

    def value(point: np.ndarray) -> Any:
        known = {"THETA(1)": 2.0, "WT": np.array([50.0, 90.0]), "ETA(1)": float(point[0]), "ETA(2)": float(point[1])}
        return evaluate(statements(f"X = {text}"), known, by)["X"]

    found, step = value(at), 1e-5
    assert found.gradient.shape == (2, 2)
    assert found.hessian.shape == (2, 2, 2)
    for i in range(2):
        ahead, behind = value(at + step * np.eye(2)[i]), value(at - step * np.eye(2)[i])
        np.testing.assert_allclose(found.gradient[i], (ahead.value - behind.value) / (2 * step), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(
            found.hessian[i], (ahead.gradient - behind.gradient) / (2 * step), rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize("text", ["SQRT(ETA(1)*0+WT)", "WT**1", "WT**2", "WT*ETA(1)+WT**0.5", "ABS(WT)", "LOG(WT+1)"])
def test_what_does_not_depend_on_a_variable_has_no_infinite_derivative(text: str):
    found = values(f"X = {text}", ("ETA(1)",), given={"ETA(1)": 0.2, "WT": 0.0})["X"]
    assert np.isfinite(found.value).all()
    assert np.isfinite(found.gradient).all()
    assert np.isfinite(found.hessian).all()


def test_powers_at_zero():
    found = values("X = ETA(1)**2\nY = ETA(1)**1", ("ETA(1)",), given={"ETA(1)": 0.0})
    assert found["X"].hessian.ravel().tolist() == [2.0]
    assert found["Y"].gradient.ravel().tolist() == [1.0]
    assert found["Y"].hessian.ravel().tolist() == [0.0]


SEX = np.array([0.0, 1.0, 2.0, 1.0])


def test_branches_of_an_if():
    found = values("IF (SEX.EQ.0) THEN\nX=1\nELSEIF (SEX.EQ.1.AND..NOT.SEX>5) THEN\nX=2\nELSE\nX=3\nENDIF", SEX=SEX)
    assert found["X"].value.tolist() == [1.0, 2.0, 3.0, 2.0]


def test_one_line_ifs_change_what_is_there():
    found = values("X=1\nIF (SEX>=1) X=X*10\nIF (SEX/=1.OR.SEX.LT.0) X=X+1", SEX=SEX)
    assert found["X"].value.tolist() == [2.0, 10.0, 11.0, 10.0]


def test_a_branch_that_is_not_taken_does_no_harm():
    found = values(
        "IF (SEX.GT.0) THEN\nX=ETA(1)/SEX\nELSE\nX=0*ETA(1)\nENDIF", ("ETA(1)",), given={"ETA(1)": 1.0}, SEX=SEX
    )
    assert found["X"].value.tolist() == [0.0, 1.0, 0.5, 1.0]
    assert found["X"].gradient[0].tolist() == [0.0, 1.0, 0.5, 1.0]


def test_a_variable_keeps_the_value_of_the_record_before_and_is_0_before_any():
    amount, time = np.array([0.0, 5.0, 0.0, 7.0, 0.0]), np.array([0.0, 1.0, 2.5, 3.0, 4.0])
    found = values("IF (AMT.GT.0) BTIME=TIME\nTAD=TIME-BTIME", AMT=amount, TIME=time)
    assert found["BTIME"].value.tolist() == [0.0, 1.0, 1.0, 3.0, 3.0]
    assert found["TAD"].value.tolist() == [0.0, 0.0, 1.5, 0.0, 1.0]


def test_a_random_variable_that_no_branch_gives_a_value_is_0():
    found = values("IF (SEX.GT.0) X=EXP(ETA(1))\nY=X+1", given={"ETA(1)": 0.0}, SEX=SEX)
    assert found["X"].value.tolist() == [0.0, 1.0, 1.0, 1.0]
    assert found["Y"].value.tolist() == [1.0, 2.0, 2.0, 2.0]


def test_random_is_what_depends_on_random_effects_however_indirectly():
    code = statements("A1=THETA(1)\nB=ETA(1)\nC=B*2\nIF (C.GT.1) D=3\nE=F+1\nG=A(1)\nIF (A1.GT.1) H=G")
    assert random_names(code) == {"B", "C", "E", "G", "H"}


def test_a_variable_may_be_used_within_the_branch_that_gives_it_a_value():
    found = values("IF (SEX.EQ.1) THEN\nX=5\nY=X\nELSE\nX=6\nY=X*10\nENDIF", SEX=SEX)
    assert found["Y"].value.tolist() == [60.0, 5.0, 60.0, 5.0]


def test_a_value_that_goes_on_from_record_to_record_is_refused():
    with pytest.raises(InputError, match="line 3: N is given a value after that of the record before was used"):
        values("IF (SEX.EQ.0) N=1\nIF (SEX.GT.0) N=N+1", SEX=SEX)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("X = WT*2", "line 2: WT has no value; expected a data item, or a variable given one before"),
        ("X = Y\nY = 1", "line 2: Y is used before it is given a value"),
        ("IF (THETA(3)>1) X=1", "line 2: THETA(3) has no value"),
    ],
)
def test_names_without_a_value(text: str, reason: str):
    with pytest.raises(InputError) as raised:
        values(text, SEX=SEX)
    assert reason in str(raised.value)


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="arrays of 2, 4 records are given; expected one length"):
        values("X = SEX", SEX=SEX, WT=np.zeros(2))


def test_elements_may_be_given_values():
    found = values("A_0(1) = 5\nDADT(1) = -2*A_0(1)")
    assert found["DADT(1)"].value.tolist() == [-10.0]


def test_code_of_a_reference_run_gives_its_printed_predictions(reference_dir: Path):
    """PHENO: from the final estimates and each subject's random effects, F of one-compartment boluses is the IPRED of the run's table."""
    folder = reference_dir / "nonmem" / "pheno_focei"
    (control,) = read_control(folder / "pheno_real.lst").problems_read
    found = read_dataset(str(folder / control.data.file), control.items, control.data.options)
    assert found.dataset is not None
    data = found.dataset
    table = np.loadtxt(folder / "sdtab1", skiprows=2)
    names = (folder / "sdtab1").read_text().splitlines()[1].split()
    phi = np.loadtxt(folder / "pheno_real.phi", skiprows=2)
    etas = phi[data.individual, 2:4]
    final = {"THETA(1)": 4.69555e-3, "THETA(2)": 9.84258e-1, "THETA(3)": 1.58920e-1}
    known = {name: values for name, values in data.columns.items() if name != "ID"}
    known |= {"ETA(1)": etas[:, 0], "ETA(2)": etas[:, 1], **final}
    pk = control.code("PK")
    assert pk is not None
    made = evaluate(pk.statements, known)
    cl, v = made["CL"].value, made["V"].value
    amount, last, f = 0.0, 0.0, np.zeros(data.lines.size)
    for i in range(data.lines.size):
        if i == 0 or data.individual[i] != data.individual[i - 1]:
            amount, last = 0.0, data.columns["TIME"][i]
        amount = amount * math.exp(-cl[i] / v[i] * (data.columns["TIME"][i] - last)) + data.columns["AMT"][i]
        last, f[i] = data.columns["TIME"][i], amount / v[i]
    error = control.code("ERROR")
    assert error is not None
    made |= evaluate(error.statements, known | {"F": f, "EPS(1)": np.zeros(f.size)})
    observed = data.columns["MDV"] == 0
    np.testing.assert_allclose(made["IPRED"].value[observed], table[observed, names.index("IPRED")], rtol=2e-4)
    np.testing.assert_allclose(made["TAD"].value, table[:, names.index("TAD")], rtol=1e-4)
    np.testing.assert_array_equal(made["Y"].value, f)
