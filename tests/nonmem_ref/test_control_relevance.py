"""The part of code that certain variables depend on."""

from __future__ import annotations

from nonmem_ref.control.code import parse_code
from nonmem_ref.control.printing import printed
from nonmem_ref.control.records import split_records
from nonmem_ref.control.relevance import relevant


def kept(text: str, *names: str) -> str:
    records, _ = split_records(enumerate(f"$PK\n{text}".splitlines(), start=1))
    code, faults = parse_code(records[0])
    assert not faults
    return printed(relevant(code.statements, names))


def test_other_variables_are_left_out():
    assert kept("A=1\nB=2\nC=A+X\nD=C", "C") == "A = 1\nC = A+X\n"


def test_conditions_count():
    text = "A=1\nB=2\nZ=3\nIF (B.GT.1) THEN\n  C=A\n  Z=4\nELSEIF (Z.EQ.1) THEN\n  D=1\nELSE\n  C=5\nENDIF\nIF (D.EQ.1) Z=9"
    wanted = (
        "A = 1\nB = 2\nZ = 3\nIF (B.GT.1) THEN\n  C = A\n  Z = 4\nELSEIF (Z.EQ.1) THEN\n  D = 1\nELSE\n  C = 5\nENDIF\n"
    )
    assert kept(text, "C").startswith(wanted)
    assert kept("IF (A.EQ.1) X=1\nY=2", "Y") == "Y = 2\n"


def test_what_is_given_a_value_later_counts_too():
    assert kept("B=A\nA=C\nC=1", "B") == "B = A\nA = C\nC = 1\n"


def test_elements_count():
    assert kept("A_0(1)=5\nX=A_0(1)*2\nY=1", "X") == "A_0(1) = 5\nX = A_0(1)*2\n"
