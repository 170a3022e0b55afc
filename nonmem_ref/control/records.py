"""A control stream cut into its records, each line with its number; comments and continuations taken away."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nonmem_ref.dataset.faults import shown_cell
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORDS = (
    *("PROBLEM", "INPUT", "DATA", "INFILE", "SUBROUTINES", "MODEL", "PK", "ERROR", "PRED", "DES"),
    *("THETA", "OMEGA", "SIGMA", "ESTIMATION", "ESTIMATE", "ESTM", "COVARIANCE", "COVR", "TABLE"),
    *("SIMULATION", "SIMULATE", "SIML", "SIZES", "SCATTERPLOT", "WARNINGS", "ABBREVIATED"),
    *("THETAI", "THETAR", "THETAP", "THETAPV", "OMEGAP", "OMEGAPD", "SIGMAP", "SIGMAPD", "PRIOR", "MSFI", "MIX", "AES"),
    *("AESINITIAL", "TOL", "INFN", "BIND", "CONTR", "INDEX", "INDEXES", "INDXS", "LEVEL", "NONPARAMETRIC", "OMIT"),
    *("SUPER", "ANNEAL", "ETAS", "PHIS", "CHAIN", "RCOV", "RCOVI", "DESIGN", "FORMAT", "DEFAULT", "INCLUDE", "SUBS"),
    *("OLKJDF", "OVARF", "SLKJDF", "SVARF", "TTDF"),
)
"""Names of records; any beginning of three letters or more stands for the first that goes on so."""
_SAME = {
    "INFILE": "DATA",
    "SUBS": "SUBROUTINES",
    **dict.fromkeys(("ESTIMATE", "ESTM"), "ESTIMATION"),
    "COVR": "COVARIANCE",
    **dict.fromkeys(("SIMULATE", "SIML"), "SIMULATION"),
}
CODE = frozenset({"PK", "ERROR", "PRED", "DES"})
"""Records of abbreviated code."""
_START = re.compile(r"\s*\$([A-Za-z_]*)(.*)", flags=re.DOTALL)
_INCLUDE = re.compile(r"\s*INCLUDE\s+\S", flags=re.IGNORECASE)
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Parameters
    ----------
    name : str
        Its full name in capital letters, without the $.
    line : int
        Line that it begins in.
    lines : tuple of (line, text)
        Its text: the rest of its first line, and the lines that follow; as they are written.
    """

    name: str
    line: int
    lines: tuple[tuple[int, str], ...]

    @property
    def place(self) -> str:
        """The record in a message: ``$THETA``."""
        return f"${self.name}"


@dataclass(slots=True)
class _Open:
    name: str
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


def split_records(lines: Iterable[tuple[int, str]]) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Cut a control stream into records.

    Parameters
    ----------
    lines : iterable of (line, text)
        The control stream.

    Returns
    -------
    tuple of Record, tuple of Problem
        The records in order, and lines that belong to none or to one that nobody knows.
    """
    found: list[_Open] = []
    faults: list[Problem] = []
    for number, text in lines:
        start = _START.match(text)
        if start is not None:
            name = record_name(start[1])
            if name is None:
                faults.append(
                    Problem(f"line {number}", f"“${start[1]}” is no record of NM-TRAN; expected $PROBLEM, $INPUT, …")
                )
            found.append(_Open(name or start[1].upper(), number, [(number, start[2])]))
        elif _INCLUDE.match(text):
            faults.append(Problem(f"line {number}", "includes another file; expected a control stream that is whole"))
        elif found:
            found[-1].lines.append((number, text))
        elif text.strip() and not text.lstrip().startswith(";"):
            # Once: a file that is no control stream has nothing else.
            if any("before the first" in fault.message for fault in faults):
                continue
            faults.append(
                Problem(
                    f"line {number}", f"{shown_cell(text.strip())} stands before the first record; expected $PROBLEM"
                )
            )
    return tuple(Record(one.name, one.line, tuple(one.lines)) for one in found), tuple(faults)


def record_name(written: str) -> str | None:
    """Return the full name of a record from what is written of it, or None where it is none."""
    word = written.upper()
    known = word if word in RECORDS else next((name for name in RECORDS if name.startswith(word)), None)
    if known is None or (len(word) < _SHORTEST and word != known):
        return None
    return _SAME.get(known, known)


def logical_lines(record: Record) -> list[tuple[int, str]]:
    """Return the lines of a record that say something: comments cut off, lines that end with & joined with the next.

    Verbatim lines (with a quote first) are kept whole.
    """
    found: list[tuple[int, str]] = []
    goes_on = False
    for number, text in record.lines:
        is_verbatim = text.lstrip().startswith('"')
        plain = (text if is_verbatim else text.partition(";")[0]).replace("\t", " ").rstrip()
        continued = plain.endswith("&") and not is_verbatim
        plain = plain.removesuffix("&") if continued else plain
        if goes_on:
            found[-1] = (found[-1][0], f"{found[-1][1]} {plain}")
        elif plain.strip() or continued:
            found.append((number, plain))
        goes_on = continued
    return [one for one in found if one[1].strip()]
