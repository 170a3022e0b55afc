"""Records of control streams: what each says, and each line that is not understood."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonmem_ref.control.matrices import matrix_of
from nonmem_ref.control.read import parse_control, read_control
from nonmem_ref.control.records import record_name
from nonmem_ref.dataset.options import Comparison, Condition, DataOptions, Translation

if TYPE_CHECKING:
    from pathlib import Path

    from nonmem_ref.control.read import ControlProblem

HEAD = "$PROBLEM  One\n$INPUT ID TIME AMT CONC=DV WT\n$DATA d.csv IGNORE=@\n$SUBROUTINES ADVAN1 TRANS2\n"
CODE = "$PK\nCL=THETA(1)*EXP(ETA(1))\nV=THETA(2)\nS1=V\n$ERROR\nY=F+EPS(1)\n"
REST = "$THETA (0,1) (0,10)\n$OMEGA 0.1\n$SIGMA 0.2\n"


def lines(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines(), start=1))


def problem(text: str) -> ControlProblem:
    found = parse_control(lines(text))
    assert found.problems == ()
    (one,) = found.problems_read
    return one


def faults(text: str) -> list[str]:
    found = parse_control(lines(text))
    assert all(one.unsupported for one in found.problems_read)
    return [str(one) for one in found.problems]


def control(**records: str) -> str:
    """Return a whole control stream with some records replaced by others; line 4 is that of $SUBROUTINES, then come the others."""
    parts = {"problem": "$PROBLEM One", "input": "$INPUT ID TIME AMT DV WT", "data": "$DATA d.csv IGNORE=@"}
    parts |= {"sub": "$SUBROUTINES ADVAN1 TRANS2", "last": "", "code": CODE.rstrip(), "rest": REST.rstrip()}
    parts |= records
    return "\n".join(part for part in parts.values() if part) + "\n"


def test_a_whole_control_stream():
    found = problem(HEAD + CODE + REST + "$ESTIMATION METHOD=1 INTER MAXEVAL=99\n$COV\n$TABLE ID TIME ONEHEADER FILE=t")
    assert (found.title, found.line) == ("One", 1)
    assert [item.names for item in found.items] == [("ID",), ("TIME",), ("AMT",), ("DV", "CONC"), ("WT",)]
    assert found.subroutines is not None
    assert (found.subroutines.advan, found.subroutines.trans) == (1, 2)
    assert [code.record for code in found.codes] == ["ERROR", "PK"]
    assert [step.name for step in found.steps] == ["COVARIANCE", "TABLE"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(
            ("PROB", "PROBLEM"),
            ("pro", "PROBLEM"),
            ("SUBR", "SUBROUTINES"),
            ("SUBS", "SUBROUTINES"),
            ("INFILE", "DATA"),
        ),
        *(
            ("EST", "ESTIMATION"),
            ("ESTM", "ESTIMATION"),
            ("ERR", "ERROR"),
            ("PK", "PK"),
            ("DES", "DES"),
            ("OME", "OMEGA"),
        ),
        *(
            ("COVR", "COVARIANCE"),
            ("SIML", "SIMULATION"),
            ("SIM", "SIMULATION"),
            ("THETAI", "THETAI"),
            ("THE", "THETA"),
        ),
        *(("PRIOR", "PRIOR"), ("PRI", "PRIOR"), ("PR", None), ("P", None), ("", None), ("XYZ", None), ("PKX", None)),
    ],
)
def test_names_of_records_may_be_shortened_to_three_letters(written: str, name: str | None):
    assert record_name(written) == name


def test_comments_continuations_and_lower_case():
    text = "; first\n$prob two ; title\n$input id time & ; more\n  amt dv wt=drop\n$data 'a b.csv' ignore=@ ; x\n$subr advan=advan1 trans2\n"
    found = problem(text + CODE.replace("V=THETA(2)", "V=THETA(2) & ; half\n *2") + REST)
    assert [item.names for item in found.items] == [("ID",), ("TIME",), ("AMT",), ("DV",), ("WT",)]
    assert found.items[4].is_dropped
    assert found.data.file == "a b.csv"


def test_items_are_parted_by_blanks_or_commas_with_blanks_around_equal_signs():
    found = problem(control(input="$INPUT ID,TIME AMT\n$INPUT CONC = DV DROP WT=SKIP"))
    assert [item.names for item in found.items] == [("ID",), ("TIME",), ("AMT",), ("DV", "CONC"), (), ("WT",)]


# --------------------------------------------------------------------------------------------------------------- $DATA


def condition(label: str, comparison: Comparison, value: str) -> Condition:
    return Condition(label, comparison, value, 3)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("d.csv", DataOptions()),
        ("d.csv IGNORE=C IGN='#'", DataOptions(comments=("C", "#"))),
        ('d.csv IGNORE="@"', DataOptions(comments=("@",))),
        ("d.csv IGNORE=(ID 5)", DataOptions(conditions=(condition("ID", Comparison.SAME_TEXT, "5"),))),
        ("d.csv IGNORE (ID=5)", DataOptions(conditions=(condition("ID", Comparison.SAME_TEXT, "5"),))),
        (
            "d.csv IGNORE=(ID.EQ.5,AGE>=60 , SEX.NE.'M x',WT.NEN.1E1)",
            DataOptions(
                conditions=(
                    condition("ID", Comparison.SAME_TEXT, "5"),
                    condition("AGE", Comparison.AT_LEAST, "60"),
                    condition("SEX", Comparison.OTHER_TEXT, "M x"),
                    condition("WT", Comparison.UNEQUAL, "1E1"),
                )
            ),
        ),
        (
            "d.csv ACCEPT=(AGE/=1) ACCEPT=(AGE .lt. -2)",
            DataOptions(
                conditions=(condition("AGE", Comparison.OTHER_TEXT, "1"), condition("AGE", Comparison.LESS, "-2")),
                accepts=True,
            ),
        ),
        ("d.csv RECORDS=20 NULL=. LAST20=-1", DataOptions(n_records=20, last_year_of_2000s=-1)),
        (
            "d.csv RECS=5 NULL=3 BLANKOK MISDAT=-99 WIDE",
            DataOptions(n_records=5, null=3.0, blank_lines=True, missing=(-99.0,)),
        ),
        ("d.csv TRANSLATE=(TIME/24)", DataOptions(time=Translation(24.0, 2))),
        ("d.csv TRANSLATE=(TIME/24.000,II/1/6)", DataOptions(time=Translation(24.0, 3), interval=Translation(1.0, 6))),
        ("d.csv TRANSLATE (TIME/24.)", DataOptions(time=Translation(24.0, 2))),
    ],
)
def test_options_of_data(text: str, options: DataOptions):
    assert problem(control(data=f"$DATA {text}")).data.options == options


def test_conditions_may_stand_on_several_lines():
    found = problem(control(data="$DATA d.csv IGNORE=(ID.EQ.5,\n  AGE.GT.60)\n NULL=0"))
    assert [one.label for one in found.data.options.conditions] == ["ID", "AGE"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 3, $DATA: has no file name; expected one first"),
        ("*", "line 3, $DATA: reads the data of the problem before (*)"),
        (
            "d.csv IGNORE=(A.EQ.1) ACCEPT=(B.EQ.2)",
            "line 3, $DATA: has a list in IGNORE and one in ACCEPT; expected one of them",
        ),
        ("d.csv IGNORE=CC", "line 3, $DATA: has IGNORE=CC; expected one character or conditions in parentheses"),
        ("d.csv ACCEPT=C", "line 3, $DATA: has ACCEPT=C; expected conditions in parentheses"),
        ("d.csv IGNORE=(A.XX.1)", "line 3, $DATA: has the condition “A.XX.1”; expected a label, an operator"),
        ("d.csv IGNORE=(A)", "line 3, $DATA: has the condition “A”"),
        ("d.csv IGNORE=(A.GT.X)", "line 3, $DATA: compares A with “X”; .GT. expects a number"),
        ("d.csv RECORDS=ID", "line 3, $DATA: has RECORDS=ID; expected a number of records"),
        ("d.csv NULL=12", "line 3, $DATA: has NULL=12; expected one digit"),
        ("d.csv TRANSLATE=(DV/2)", "line 3, $DATA: has TRANSLATE=(DV/2); expected (TIME/F), (TIME/F/D)"),
        ("d.csv (6F8.0)", "line 3, $DATA: has the format (6F8.0), which is not supported"),
        ("d.csv NOOPEN", "line 3, $DATA: has the option NOOPEN, which is not supported"),
    ],
)
def test_data_that_is_refused(text: str, fault: str):
    assert fault in faults(control(data=f"$DATA {text}"))[0]


# -------------------------------------------------------------------------------------------------------------- $THETA


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 -2.5", [(1, -math.inf, math.inf, False), (-2.5, -math.inf, math.inf, False)]),
        ("(0,3) 2 FIXED (0,.6,1)", [(3, 0, math.inf, False), (2, -math.inf, math.inf, True), (0.6, 0, 1, False)]),
        ("(-INF,-2.7,0) (37 FIX)", [(-2.7, -math.inf, 0, False), (37, -math.inf, math.inf, True)]),
        ("(0 3 5) (0, 3, 5) FIX", [(3, 0, 5, False), (3, 0, 5, True)]),
        ("(0.1)x3 (0,1)x2", [(0.1, -math.inf, math.inf, False)] * 3 + [(1, 0, math.inf, False)] * 2),
        ("(2,2,2)", [(2, 2, 2, True)]),
        ("(-1000000,1D1,1000000)", [(10, -math.inf, math.inf, False)]),
        ("NUMBERPOINTS=9 NOABORT 1", [(1, -math.inf, math.inf, False)]),
    ],
)
def test_thetas(text: str, values: list[tuple[float, float, float, bool]]):
    found = problem(control(rest=f"$THETA {text}\n$OMEGA 1\n$SIGMA 1")).thetas
    assert [(one.initial, one.lower, one.upper, one.is_fixed) for one in found] == values


def test_labels_and_comments_of_thetas():
    text = "$THETA CL=(0,1) V=2 ; two\n$THETA\n (0,3) ; [KA]\n 4 FIX\n$THETA NAMES(Q,V2) 5 6\n$OMEGA 1\n$SIGMA 1"
    found = problem(control(rest=text)).thetas
    assert [one.label for one in found] == ["CL", "V", None, None, "Q", "V2"]
    assert [one.comment for one in found] == ["", "", "[KA]", "", "", ""]
    assert [one.line for one in found] == [11, 11, 13, 14, 15, 15]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "line 11, $THETA: “x” is no number; expected an initial estimate, or (low, initial, up)"),
        ("(0,1", "line 11, $THETA: a parenthesis is not closed"),
        ("(0,,2)", "line 11, $THETA: has no initial estimate, which NONMEM would search for"),
        ("(1,2,3,4)", "line 11, $THETA: has 4 numbers in parentheses; expected (initial), (low, initial)"),
        ("(3,2)", "line 11, $THETA: begins with 2, not between its bounds 3 and inf"),
        ("()", "line 11, $THETA: has 0 numbers in parentheses"),
        ("(1)x99999", "line 11, $THETA: repeats a value 99999 times; expected at most 1000"),
        ("CL=", "line 11, $THETA: CL= has no value"),
    ],
)
def test_thetas_that_are_refused(text: str, fault: str):
    assert fault in faults(control(rest=f"$THETA {text}\n$OMEGA 1\n$SIGMA 1"))[0]


# ------------------------------------------------------------------------------------------------------ $OMEGA, $SIGMA


def omega(text: str):
    return problem(control(rest=f"$THETA 1 2\n{text}\n$SIGMA 1")).omega


def test_diagonals():
    blocks = omega(
        "$OMEGA 0.1 (0.2 FIX) 0.3 SD ; c\n$OMEGA DIAGONAL(2) 0.4 FIX\n (FIXED 0) ; z\n$OMEGA (0.5)x2 (0.2 0.3)x2"
    )
    assert [block.rows[0][0] for block in blocks] == pytest.approx(
        [0.1, 0.2, 0.09, 0.4, 0, 0.5, 0.5, 0.2, 0.3, 0.2, 0.3]
    )
    assert [block.is_fixed for block in blocks[:5]] == [False, True, False, True, True]
    assert [block.comments[0] for block in blocks[:5]] == ["", "", "", "", "z"]


# The examples of help on $OMEGA: "The following describe the same block (within rounding errors)".
@pytest.mark.parametrize(
    "text",
    [
        "BLOCK(2) 0.64 -0.24 0.58",
        "VARIANCE COVARIANCE BLOCK(2) 0.64 -0.24 0.58",
        "STANDARD BLOCK(2)\n0.8\n-0.24 0.762",
        "STANDARD CORRELATION BLOCK(2) 0.8 -0.394 0.762",
        "VARIANCE CORRELATON BLOCK(2) 0.64 -0.394 0.58",
        "CHOLESKY BLOCK(2) 0.8 -0.3 0.7",
        "BLOCK(2) SD CORR 0.8 -0.394 0.762",
        "BLOCK(2) 0.8 -0.394 (0.762 SD) CORRELATION",
    ],
)
def test_the_forms_of_a_block_describe_the_same_matrix(text: str):
    np.testing.assert_allclose(matrix_of(omega(f"$OMEGA {text}")), [[0.64, -0.24], [-0.24, 0.58]], atol=2e-3)


def test_same_blocks_values_names_and_comments():
    blocks = omega(
        "$OMEGA BLOCK(2) FIX\n 1 ; a\n 0.1\n 2 ; b\n$OMEGA BLOCK(2) SAME\n$OMEGA BLOCK SAME(2)\n$OMEGA BLOCK(3) NAMES(X,Y,Z) VALUES(2,1)"
    )
    assert [block.is_same for block in blocks] == [False, True, True, True, False]
    assert [block.is_fixed for block in blocks] == [True, True, True, True, False]
    assert blocks[0].comments == ("a", "b")
    assert blocks[3].rows == blocks[0].rows == ((1.0,), (0.1, 2.0))
    assert blocks[4].rows == ((2.0,), (1.0, 2.0), (1.0, 1.0, 2.0))
    assert blocks[4].labels == ("X", "Y", "Z")
    assert matrix_of(blocks).shape == (11, 11)


def test_labels_of_etas():
    assert omega("$OMEGA ECL=0.1 EV=0.2")[1].labels == ("EV",)
    assert omega("$OMEGA BLOCK(2) ECL=0.3 EV=0.01 0.35")[0].labels == ("ECL", "EV")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("$OMEGA BLOCK(2) 1 2", "line 12, $OMEGA: has 2 numbers; expected 3, the lower triangle of BLOCK(2)"),
        ("$OMEGA BLOCK(2) 1 2 1", "line 12, $OMEGA: is not positive definite; expected a covariance matrix"),
        ("$OMEGA BLOCK(2) 0 0 0", "line 12, $OMEGA: is all 0; expected variances above 0, or FIXED"),
        ("$OMEGA 0", "line 12, $OMEGA: has the variance 0; expected one above 0, or 0 FIXED"),
        ("$OMEGA -1", "line 12, $OMEGA: has the variance -1"),
        ("$OMEGA DIAGONAL(3) 1 2", "line 12, $OMEGA: has 2 numbers; expected 3, as DIAGONAL says"),
        ("$OMEGA", "line 12, $OMEGA: has no initial estimate"),
        ("$OMEGA BLOCK SAME", "line 12, $OMEGA: has SAME, but no block stands before it"),
        ("$OMEGA 1\n$OMEGA BLOCK(2) SAME", "line 13, $OMEGA: is BLOCK(2) SAME; expected BLOCK(1), as the block before"),
        ("$OMEGA BLOCK(x) 1", "line 12, $OMEGA: has “(x”; expected a number of rows from 1 to 1000"),
        ("$OMEGA BLOCK 1", "line 12, $OMEGA: BLOCK has no size"),
        ("$OMEGA 1 SCALE", "line 12, $OMEGA: “SCALE” is neither a number nor an option"),
        ("$OMEGA FIX 1", "line 12, $OMEGA: FIXED stands before any number"),
        ("$OMEGA (1", "line 12, $OMEGA: a parenthesis is not closed"),
        ("$OMEGA (1 2)x9999", "line 12, $OMEGA: repeats values 9999 times"),
        ("$OMEGA BLOCK(2) VALUES(1)", "line 12, $OMEGA: has VALUES and other numbers"),
        ("$OMEGA BLOCK(2) NAMES(A) 1 0 1", "line 12, $OMEGA: has 1 names; expected 2"),
    ],
)
def test_matrices_that_are_refused(text: str, fault: str):
    assert faults(control(rest=f"$THETA 1 2\n{text}\n$SIGMA 1"))[0].startswith(fault)


# ----------------------------------------------------------------------------------------------------------- the others


def test_options_of_estimation_go_on_to_the_next():
    text = (
        REST
        + "$EST METH=COND INTER LAPLACE NOABORT MAX=9999 SIGL=9\n$ESTIM METHOD=SAEM NOLAPLACE PRINT=1 POSTHOC\n$EST METHOD=0 -2LL NUMERICAL"
    )
    one, two, three = problem(control(rest=text)).estimations
    assert (one.method, one.n_evaluations, one.options) == ("FOCE", 9999, {"NOABORT": "", "SIGL": "9"})
    assert one.has("interaction")
    assert one.has("laplacian")
    assert (two.method, two.n_evaluations) == ("SAEM", 9999)
    assert two.has("interaction")
    assert not two.has("laplacian")
    assert two.has("posthoc")
    assert three.method == "FO"
    assert three.has("minus_2_log_likelihood")
    assert three.has("numerical")


def test_options_of_estimation_that_are_refused():
    found = faults(control(rest=REST + "$EST METHOD=2 MAXEVAL=x"))
    assert found == [
        "line 14, $ESTIMATION: has METHOD=2; expected 0, 1, COND, SAEM, …",
        "line 14, $ESTIMATION: has MAXEVAL=x; expected a whole number",
    ]


def test_a_method_behind_a_blank_is_refused():
    assert faults(control(rest=REST + "$EST METHOD COND INTER")) == [
        "line 14, $ESTIMATION: has METHOD without a value; expected METHOD=…"
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$EST METHOD 1 INTER", "$ESTIMATION: “1” stands behind METHOD"),
        ("$EST METHOD=1 INTER .3", "$ESTIMATION: “.3” stands behind INTER"),
        ("$EST METHOD=1, .3", "$ESTIMATION: “.3” stands"),
        ("$EST METHOD=1 MAXEVAL 9999", "$ESTIMATION: “9999” stands behind MAXEVAL"),
        ("$EST METHOD=1 NSIG=3 1D-3", "$ESTIMATION: “1D-3” stands behind 3"),
        ("$est -2 method=1", "$ESTIMATION: “-2” stands"),
        ("$EST METHOD=1 'run.ext'", "$ESTIMATION: “run.ext” stands behind 1"),
        ("$COV PRINT=E 5", "$COVARIANCE: “5” stands behind E"),
        ("$TABLE ID TIME 7 FILE=t", "$TABLE: “7” stands behind TIME"),
        ("$SIM 12345 ONLYSIM", "$SIMULATION: “12345” stands"),
    ],
)
def test_a_value_where_none_belongs_is_refused(text: str, found: str):
    assert faults(control(rest=REST + text)) == [
        f"line 14, {found} where an option was expected; expected a value behind “=” alone"
    ]


def test_values_where_they_belong_are_no_fault():
    rest = "$EST METHOD=1 NSIG=3 SIGL = 9 -2LL GRD=TS(1-9) PRINT=1, MSFO='m 1'\n"
    rest += "$SIM (12345) (678 UNIFORM) ONLYSIM SUBPROBLEMS=10\n$TABLE ID ETAS(1:LAST) FORMAT=,1PE13.6 FILE=t\n"
    assert len(problem(control(rest=REST + rest)).steps) == 2


def test_options_of_tables_and_models():
    text = (
        REST + "$TABLE ID TIME BY(ID) FORMAT=,1PE13.6 FILE='a b.tab'\n$MODEL NCOMP=2 COMP=(CENTRAL,DEFOBS) COMP (PERI)"
    )
    table, model = problem(control(rest=text)).steps
    assert [(one.name, one.value) for one in table.options] == [
        ("ID", None),
        ("TIME", None),
        ("BY", "ID"),
        ("FORMAT", ",1PE13.6"),
        ("FILE", "a b.tab"),
    ]
    assert [one.value for one in model.options] == ["2", "CENTRAL,DEFOBS", "PERI"]


@pytest.mark.parametrize(
    ("subroutines", "advan", "trans"),
    [("ADVAN1,TRANS2", 1, 2), ("ADVAN=ADVAN3 TRANS=TRANS4", 3, 4), ("advan6 tol=5", 6, None)],
)
def test_subroutines(subroutines: str, advan: int, trans: int | None):
    found = problem(control(sub=f"$SUBR {subroutines}")).subroutines
    assert found is not None
    assert (found.advan, found.trans) == (advan, trans)


def test_routines_in_files_are_refused():
    assert faults(control(sub="$SUBR ADVAN1 TRANS1 OTHER=my.f90"))[0] == (
        "line 4, $SUBROUTINES: names OTHER=my.f90, which is not read; expected ADVANn and TRANSn"
    )


@pytest.mark.parametrize(
    "record", ["PRIOR", "MIX", "AES", "MSFI", "LEVEL", "NONPARAMETRIC", "THETAI", "INFN", "BIND", "TOL"]
)
def test_records_that_are_refused(record: str):
    (fault,) = faults(control(last=f"${record} x"))
    assert fault.startswith(f"line 5, ${record}: is not supported")


def test_a_problem_with_records_that_are_not_supported_is_read_all_the_same():
    found = parse_control(lines(control(last="$PRIOR NWPRI\n$LEVEL x")))
    (read,) = found.problems_read
    assert read.unsupported == found.problems
    assert [one.message.partition(":")[2].strip() for one in found.problems] == [
        "the engine's population estimates have no priors",
        "the engine has random effects of subjects and occasions alone",
    ]
    assert parse_control(lines(control(last="$PRIOR NWPRI\n$PK\nX = (1"))).problems_read == ()


def test_records_that_are_passed_over_are_noted():
    found = parse_control(lines("$SIZES PD=80\n" + control(last="$WARN NONE\n$ABBR DERIV2=NO")))
    assert found.problems == ()
    assert found.notes == ("Line 6: $WARNINGS is passed over.", "Line 7: $ABBREVIATED DERIV2 is passed over.")
    assert faults(control(last="$ABBR DECLARE INTEGER I")) == ["line 5, $ABBREVIATED: is not supported"]


def test_where_searches_for_eta_begin_is_passed_over():
    rest = REST + "$ETAS FILE=run0.phi TBLN=2\n$PHIS (0.1 0.2)\n$EST METHOD=1 MAXEVAL=0"
    found = parse_control(lines(control(rest=rest)))
    assert found.problems == ()
    assert found.notes == ("Line 14: $ETAS is passed over.", "Line 15: $PHIS is passed over.")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_marks_of_encodings_and_ends_of_lines_are_no_part_of_the_text(tmp_path: Path, encoding: str):
    text = control(problem="$PROBLEM Recién nacidos, año 2018", last="; peso, ¿asfixia?").lower().replace("\n", "\r\n")
    (tmp_path / "run1.mod").write_bytes(text.encode(encoding))
    found = read_control(tmp_path / "run1.mod")
    assert found.problems == ()
    assert [(one.lower, one.initial) for one in found.problems_read[0].thetas] == [(0.0, 1.0), (0.0, 10.0)]


def test_labels_of_elements():
    text = REST.replace("(0,10)", "V=(0,10)").replace("$SIGMA 0.2", "$SIGMA ERES=0.2")
    found = problem(control(last="$ABBR REPLACE THETA(CL)=THETA(1)\n$ABBR REPLACE eta( ecl ) = eta(1) ; x", rest=text))
    assert found.labels == {("THETA", "CL"): 1, ("THETA", "V"): 2, ("ETA", "ECL"): 1, ("EPS", "ERES"): 1}
    several = problem(control(last="$ABBR REPLACE THETA(CL,V,KA)=THETA(1, 2,3)")).labels
    assert several == {("THETA", "CL"): 1, ("THETA", "V"): 2, ("THETA", "KA"): 3}
    assert faults(control(last="$ABBR REPLACE ETA(OCC)=ETA(2,3)")) == ["line 5, $ABBREVIATED: is not supported"]


def test_routines_that_do_not_go_together():
    assert "has neither $PRED nor ADVAN in $SUBROUTINES" in faults(control(sub=""))[0]
    assert "has $PRED and $PK or ADVAN" in faults(control(last="$PRED\nY=1"))[0]
    assert faults(control(code="$PK\nCL=1"))[0] == "line 1, $PROBLEM: has no $ERROR; expected one with ADVAN"


def test_pred_needs_no_subroutines():
    found = problem(control(sub="", code="$PRED\nY=THETA(1)+EPS(1)"))
    assert found.subroutines is None
    assert found.code("PRED") is not None
    assert found.code("PK") is None


def test_several_records_of_code_are_one():
    found = problem(control(last="$PK\nTVV=2"))
    code = found.code("PK")
    assert code is not None
    assert [one.line for one in code.statements] == [6, 8, 9, 10]


def test_several_problems():
    found = parse_control(lines(control() + control(problem="$PROBLEM Two", rest=REST.replace("0.1", "0.3"))))
    assert [one.title for one in found.problems_read] == ["One", "Two"]
    assert found.problems_read[1].omega[0].rows == ((0.3,),)
    assert faults(control() + "$PROBLEM Two\n$THETA 1\n")[0].startswith("line 14, $PROBLEM: has no $INPUT")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no $PROBLEM; expected a control stream of NM-TRAN, or a listing that echoes one"),
        ("a,b,c\n1,2,3\n", "has no $PROBLEM"),
        ("$INPUT ID\n" + control(), "line 1, $INPUT: stands before $PROBLEM"),
        ("words\n" + control(), "line 1: “words” stands before the first record; expected $PROBLEM"),
        (control(last="$FOO 1"), "line 5: “$FOO” is no record of NM-TRAN; expected $PROBLEM, $INPUT, …"),
        (control(last="$P 1"), "line 5: “$P” is no record of NM-TRAN"),
        (control(last="include common.ctl"), "line 5: includes another file; expected a control stream that is whole"),
        (control(last="$DATA e.csv"), "line 5, $DATA: is there twice; expected one"),
        (control(last="$PK\nX = (1"), "line 6, $PK: “X = (1” ends too early"),
    ],
)
def test_control_streams_that_are_refused(text: str, fault: str):
    assert fault in "\n".join(faults(text))


def test_many_problems_are_counted():
    found = faults(control(last="$PK\n" + "X=(\n" * 80))
    assert len(found) == 51
    assert found[-1] == "30 more such lines"


@given(st.text(st.sampled_from("$PROBLEMINUTDAHGKSV() =,;'\"\n10.&@"), max_size=120), st.integers(0, 6))
def test_no_text_raises(text: str, place: int):
    whole = control().splitlines()
    found = parse_control(lines("\n".join([*whole[:place], text, *whole[place:]])))
    assert found.problems or found.problems_read


@pytest.mark.parametrize(
    "record",
    ["$THETA", "$OMEGA", "$SIGMA BLOCK(2)", "$DATA d.csv", "$INPUT", "$EST", "$TABLE", "$SUBR", "$PK", "$MODEL"],
)
@given(text=st.text(st.sampled_from("()=,xX1.-/ FIXSAMEDNOLT'\"\n&;"), max_size=40))
def test_no_words_of_a_record_raise(record: str, text: str):
    found = parse_control(lines(control(rest=f"{REST}{record} {text}")))
    assert found.problems or found.problems_read


# -------------------------------------------------------------------------------------------------------------- reference


@pytest.mark.parametrize(
    ("file", "n_thetas", "n_etas", "first_line"),
    [
        ("pheno_focei/pheno.lst", 2, 2, 2),
        ("pheno_focei/pheno_real.lst", 3, 2, 4),
        ("inf1cpt_focei_N012/runN012.lst", 3, 2, 2),
        ("m3_laplace_ad3tr4/ad3tr4_loqb_lap.res", 5, 4, 3),
        ("parser_samples/estimate_near_boundary_warning.lst", 3, 2, 3),
        ("parser_samples/rounding_error.lst", 3, 2, 3),
    ],
)
def test_control_streams_that_listings_echo(
    reference_dir: Path, file: str, n_thetas: int, n_etas: int, first_line: int
):
    found = read_control(reference_dir / "nonmem" / file)
    assert found.problems == ()
    (one,) = found.problems_read
    assert (len(one.thetas), len(matrix_of(one.omega)), one.line) == (n_thetas, n_etas, first_line)
    assert one.estimations[0].method == "FOCE"
    assert one.estimations[0].has("interaction")


def test_a_listing_without_a_control_stream(reference_dir: Path):
    (fault,) = read_control(reference_dir / "nonmem" / "parser_samples" / "empty_lines.lst").problems
    assert "has no $PROBLEM" in fault.message


def test_a_file_of_bytes_that_are_no_text(tmp_path: Path):
    path = tmp_path / "run.ctl"
    path.write_bytes(bytes(range(256)) * 10)
    assert read_control(path).problems


SIMULATION = (
    "$PROBLEM Replicates\n$INPUT ID TIME AMT DV WT\n$DATA d.csv IGNORE=@ REWIND\n$MSFI msf1\n$SIMULATION (1) ONLYSIM\n"
)


def test_a_problem_without_routines_has_those_of_the_first():
    found = parse_control(lines(HEAD + CODE.replace("V=THETA(2)", "V=THETA(2)\nCALL X") + REST + "\n" + SIMULATION))
    estimation, simulation = found.problems_read
    assert simulation.codes == estimation.codes
    assert simulation.subroutines == estimation.subroutines
    assert [one.message.partition(":")[0] for one in estimation.unsupported] == [
        "CALL is not read; expected assignments and IF"
    ]
    assert [one.place.partition(", ")[2] for one in found.problems] == ["$PK", "$MSFI"]
    # What the second has that is not supported is no reason to refuse the first.
    assert [one.place.partition(", ")[2] for one in simulation.unsupported] == ["$MSFI", "$PK"]


def test_protected_functions_are_noted():
    assert parse_control(lines(control(last="$ABBR PROTECT"))).notes == (
        "Line 5: $ABBREVIATED PROTECT is passed over.",
    )
