"""The grammar of abbreviated code: Fortran's precedence, what is refused, and that printing and parsing are inverse."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonmem_ref.control.code import parse_code
from nonmem_ref.control.grammar import StatementError, parse_statement
from nonmem_ref.control.printing import printed, printed_condition, printed_expression
from nonmem_ref.control.records import split_records
from nonmem_ref.control.tree import (
    FUNCTIONS,
    Assignment,
    Binary,
    Branch,
    Call,
    Comparison,
    Conditional,
    Element,
    Logical,
    Name,
    Negation,
    Number,
    Unary,
    walk,
)

if TYPE_CHECKING:
    from nonmem_ref.control.code import Code

A, B, C = Name("A"), Name("B"), Name("C")


def value(text: str):
    part = parse_statement(f"X = {text}", 1)
    assert isinstance(part, Assignment)
    return part.value


def condition(text: str):
    part = parse_statement(f"IF ({text}) X = 1", 1)
    return part.condition  # type: ignore[union-attr]


def parsed(text: str) -> tuple[Code, list[str]]:
    records, _ = split_records(enumerate(f"$PK\n{text}".splitlines(), start=1))
    code, faults = parse_code(records[0])
    return code, [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("A+B*C", Binary("+", A, Binary("*", B, C))),
        ("A-B-C", Binary("-", Binary("-", A, B), C)),
        ("A/B*C", Binary("*", Binary("/", A, B), C)),
        ("A**B**C", Binary("**", A, Binary("**", B, C))),
        ("-A**2", Unary("-", Binary("**", A, Number(2.0)))),
        ("-A*B", Unary("-", Binary("*", A, B))),
        ("-A+B", Binary("+", Unary("-", A), B)),
        ("A*(B+C)", Binary("*", A, Binary("+", B, C))),
        ("A*(-B)", Binary("*", A, Unary("-", B))),
        ("+A", Unary("+", A)),
        ("exp(a)", Call("EXP", (A,))),
        ("THETA(2)", Element("THETA", (2,))),
        ("ERR(1)", Element("EPS", (1,))),
        ("OMEGA(2,1)", Element("OMEGA", (2, 1))),
        ("theta(cl)", Element("THETA", ("CL",))),
        ("MAX(A,B,C)", Call("MAX", (A, B, C))),
        ("a_1", Name("A_1")),
    ],
)
def test_expressions(text: str, tree: object):
    assert value(text) == tree


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), ("1.", 1.0), (".5", 0.5), ("1.5E-3", 1.5e-3), ("2D1", 20.0), ("3.d+02", 300.0), ("1E05", 1e5)],
)
def test_constants(text: str, number: float):
    assert value(text) == Number(number)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("A.EQ.1", Comparison(".EQ.", A, Number(1.0))),
        ("1.EQ.A", Comparison(".EQ.", Number(1.0), A)),
        ("1..LT.2.5", Comparison(".LT.", Number(1.0), Number(2.5))),
        ("A==B", Comparison(".EQ.", A, B)),
        ("A/=B", Comparison(".NE.", A, B)),
        ("A<=B", Comparison(".LE.", A, B)),
        ("A>B", Comparison(".GT.", A, B)),
        ("a.ge.b", Comparison(".GE.", A, B)),
        ("(A+1)*2.LT.(B)", Comparison(".LT.", Binary("*", Binary("+", A, Number(1.0)), Number(2.0)), B)),
    ],
)
def test_comparisons(text: str, tree: object):
    assert condition(text) == tree


def test_not_binds_tighter_than_and_and_that_than_or():
    one, two, three = Comparison(".EQ.", A, Number(1.0)), Comparison(".GT.", B, Number(2.0)), Comparison(".LT.", C, B)
    assert condition("A.EQ.1.OR.B.GT.2.AND.C.LT.B") == Logical(".OR.", one, Logical(".AND.", two, three))
    assert condition(".NOT.A==1.AND.B>2") == Logical(".AND.", Negation(one), two)
    assert condition("(A==1.OR.B>2).AND.C<B") == Logical(".AND.", Logical(".OR.", one, two), three)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "X = A*-B",
            "cannot be read from “-B” on: two operators follow each other; put the second operand in parentheses",
        ),
        ("X = 2**-1", "two operators follow each other"),
        ("X = ", "ends too early"),
        ("X = (A+B", "ends too early"),
        ("X = A B", "cannot be read from “B” on"),
        ("X = A)", "cannot be read from “)” on"),
        ("X = 'a'", "cannot be read from “'a'” on"),
        ("X = FUNCA(1)", "FUNCA(…) is neither an array nor a function that is read here"),
        ("X = EXP(A,B)", "EXP(…) has 2 arguments; expected 1"),
        ("X = MIN(A)", "MIN(…) has 1 arguments; expected 2 to 20"),
        ("X = ETA(0)", "ETA(…) has a subscript that is no number from 1 on and no label"),
        ("X = THETA(A+1)", "THETA(…) has a subscript that is no number from 1 on and no label"),
        ("X = THETA(1,2)", "THETA(…) has 2 subscripts; expected 1"),
        ("X = 1E999", "“1E999” is too large for a number"),
        ("X = A > B", "cannot be read from “> B” on"),
        ("IF (A) X = 1", "cannot be read from “) X = 1” on"),
        ("IF (A > 1) THEN X = 1", "cannot be read from “X = 1” on"),
        ("COM(1) = 2", "COM(…) is given a value; expected a variable, A_0(n) or DADT(n)"),
        ("X + 1", "cannot be read from “+ 1” on"),
        ("GOTO 10", "cannot be read from “10” on"),
    ],
)
def test_statements_that_are_refused(text: str, reason: str):
    with pytest.raises(StatementError) as raised:
        parse_statement(text, 1)
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [f"X={'(' * 3000}1+A{')' * 3000}*2" + "+1" * 3000, "X=" + "A**" * 3000 + "B", f"IF ({'.NOT.' * 3000}A>1) X=1"],
)
def test_deep_expressions_are_refused(text: str):
    with pytest.raises(StatementError, match="expressions deep; expected at most 150"):
        parse_statement(text, 1)


def test_parentheses_alone_are_no_depth():
    assert value("(" * 5000 + "A" + ")" * 5000) == A


def test_names_that_begin_like_words():
    code, faults = parsed("IFLAG = 1\nELSEWHERE = 2\nENDIFX = 3\nTHENX = IFLAG\nIF (IFLAG.EQ.1) ENDOFX = 2")
    assert not faults
    assert len(code.statements) == 5


def test_blocks_one_line_forms_and_lines():
    code, faults = parsed(
        "IF (A.EQ.1) THEN ; one\n  X = 1\n  IF (B > 2) Y = 3\nELSE IF (A == 2) THEN\n  X = 2\nELSE\nX=3 &\n + 4\nEND IF"
    )
    assert not faults
    one_line = Conditional((Branch(Comparison(".GT.", B, Number(2.0)), (Assignment(Name("Y"), Number(3.0)),)),))
    first = Branch(Comparison(".EQ.", A, Number(1.0)), (Assignment(Name("X"), Number(1.0)), one_line))
    second = Branch(Comparison(".EQ.", A, Number(2.0)), (Assignment(Name("X"), Number(2.0)),))
    otherwise = (Assignment(Name("X"), Binary("+", Number(3.0), Number(4.0))),)
    assert code.statements == (Conditional((first, second), otherwise),)
    assert [node.line for node in walk(*code.statements) if isinstance(node, Assignment)] == [3, 4, 6, 8]


def test_an_empty_else_is_kept():
    code, _ = parsed("IF (A.EQ.1) THEN\nX=1\nELSE\nENDIF")
    assert code.statements[0].otherwise == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("IF (A.EQ.1) THEN\nX=1", "line 2, $PK: IF … THEN is not closed; expected ENDIF"),
        ("X=1\nENDIF", "line 3, $PK: ENDIF stands without IF … THEN before it"),
        ("ELSE", "line 2, $PK: ELSE stands without IF … THEN before it"),
        ("IF (A>1) THEN\nELSE\nELSE\nENDIF", "line 4, $PK: ELSE follows ELSE; expected ENDIF"),
        ("IF (A>1) THEN\nELSE\nELSEIF (A>2) THEN\nENDIF", "line 4, $PK: ELSEIF follows ELSE; expected ENDIF"),
        ('X=1\n" REAL Y', "line 3, $PK: is verbatim code (a quote first), which is not read"),
        ("EXIT 1 2", "line 2, $PK: EXIT is not read; expected assignments and IF"),
        ("IF (ICALL.EQ.4.AND.(NEWIND.EQ.0)) EXIT 1 2", "line 2, $PK: EXIT is not read; expected assignments and IF"),
        ("if (a>1) call supp(0,1)", "line 2, $PK: CALL is not read; expected assignments and IF"),
        ("DO WHILE (A > 1)", "line 2, $PK: DO WHILE is not read"),
        ("CALL PASS(MODE)", "line 2, $PK: CALL is not read"),
        ("X = 1 +", "line 2, $PK: “X = 1 +” ends too early"),
    ],
)
def test_code_that_is_refused(text: str, fault: str):
    _, faults = parsed(text)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_functions_may_have_their_names_of_double_precision():
    code, faults = parsed("X = DEXP(DLOG(A)+DSQRT(B))\nY = EXP(LOG(A)+SQRT(B))")
    assert not faults
    first, second = code.statements
    assert isinstance(first, Assignment)
    assert isinstance(second, Assignment)
    assert first.value == second.value


def test_every_line_that_is_not_understood_is_told():
    code, faults = parsed("X = 1\nY = (2\nZ = 3\nW = @")
    assert [fault[:6] for fault in faults] == ["line 3", "line 5"]
    assert len(code.statements) == 2


def test_blocks_in_many_others_are_refused():
    _, faults = parsed("IF (A>1) THEN\n" * 30 + "X=1\n" + "ENDIF\n" * 30)
    assert faults[0] == "line 22, $PK: IF stands in more than 20 others"


def test_variables_called_like_statements():
    code, faults = parsed("CALLX = 1\nEXIT = 2\nPRINTED = 3")
    assert not faults
    assert len(code.statements) == 3


@pytest.mark.parametrize("phrase", ["(ONLY OBSERVATIONS)", "(only obs)", "(CALLFL=0)", " (ONCE PER IR)"])
def test_when_a_routine_is_called_stands_in_parentheses(phrase: str):
    records, _ = split_records([(1, f"$ERROR {phrase}"), (2, "Y = F + EPS(1)")])
    code, faults = parse_code(records[0])
    assert not faults
    assert code.calls == ((1, phrase.strip(" ()").upper()),)
    assert len(code.statements) == 1


def test_code_may_begin_behind_the_name_of_the_record():
    records, _ = split_records([(1, "$PK CL = THETA(1)"), (2, "V = 1")])
    code, faults = parse_code(records[0])
    assert not faults
    assert [one.line for one in code.statements] == [1, 2]


# ------------------------------------------------------------------------------------------------------- printed and parsed

NAMES = st.sampled_from(["CL", "V", "TVCL", "WT", "IFLAG", "E1", "D2", "EQ", "A_1"]).map(Name)
NUMBERS = st.one_of(
    st.integers(0, 10**6).map(float), st.floats(0, 1e300, allow_nan=False), st.floats(1e-300, 1e-3, allow_nan=False)
).map(Number)
ELEMENTS = st.builds(
    lambda array, i: Element(array, (i,)), st.sampled_from(["THETA", "ETA", "EPS", "A"]), st.integers(1, 30)
)
CALLS = sorted(FUNCTIONS)


def expressions(max_leaves: int = 12):
    def larger(inner: st.SearchStrategy):
        return st.one_of(
            st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
            st.builds(Unary, st.sampled_from(["+", "-"]), inner),
            st.sampled_from(CALLS).flatmap(
                lambda name: st.builds(
                    Call,
                    st.just(name),
                    st.lists(inner, min_size=FUNCTIONS[name][0], max_size=min(FUNCTIONS[name][1], 3)).map(tuple),
                )
            ),
        )

    return st.recursive(st.one_of(NAMES, NUMBERS, ELEMENTS), larger, max_leaves=max_leaves)


def conditions():
    sides = expressions(max_leaves=3)
    compared = st.builds(Comparison, st.sampled_from([".EQ.", ".NE.", ".LT.", ".LE.", ".GT.", ".GE."]), sides, sides)
    return st.recursive(
        compared,
        lambda inner: st.one_of(
            st.builds(Negation, inner), st.builds(Logical, st.sampled_from([".AND.", ".OR."]), inner, inner)
        ),
        max_leaves=4,
    )


def statements():
    targets = st.one_of(NAMES, st.builds(lambda i: Element("DADT", (i,)), st.integers(1, 9)))
    assignments, tests = st.builds(Assignment, targets, expressions(max_leaves=3)), conditions()

    def larger(inner: st.SearchStrategy):
        bodies = st.lists(inner, max_size=3).map(tuple)
        branches = st.lists(st.builds(Branch, tests, bodies), min_size=1, max_size=3).map(tuple)
        return st.builds(Conditional, branches, st.one_of(st.none(), bodies))

    return st.recursive(assignments, larger, max_leaves=6)


@given(expressions())
def test_a_printed_expression_is_parsed_to_the_same_tree(tree):
    assert value(printed_expression(tree)) == tree


@given(conditions())
def test_a_printed_condition_is_parsed_to_the_same_tree(tree):
    assert condition(printed_condition(tree)) == tree


@given(st.lists(statements(), max_size=4))
def test_printed_statements_are_parsed_to_the_same_trees(trees):
    code, faults = parsed(printed(trees))
    assert not faults
    assert list(code.statements) == trees


@given(st.text(st.sampled_from("AXIFTHENEL()=+-*/.,<>12 \t&;\"'_\n$"), max_size=60))
def test_no_text_raises_anything_but_a_reason(text: str):
    parsed(text)
    with suppress(StatementError):
        parse_statement(text, 1)


def test_few_parentheses_are_printed():
    assert printed_expression(value("((A)+(B*(C)))-((A-B))")) == "A+B*C-(A-B)"
    assert printed_condition(condition("((A>1).AND.((B<2)))")) == "A.GT.1.AND.B.LT.2"
