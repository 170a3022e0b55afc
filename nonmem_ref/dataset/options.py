"""What $DATA says about its file: which records are comments, which are chosen, what nulls and times become."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Comparison(Enum):
    """How a condition compares a cell; the value is the operator as NM-TRAN writes it."""

    SAME_TEXT = ".EQ."
    OTHER_TEXT = ".NE."
    EQUAL = ".EQN."
    UNEQUAL = ".NEN."
    LESS = ".LT."
    AT_MOST = ".LE."
    GREATER = ".GT."
    AT_LEAST = ".GE."

    @property
    def is_of_text(self) -> bool:
        """Whether cell and value are compared letter by letter, so that 1 is not 1.0."""
        return self in {Comparison.SAME_TEXT, Comparison.OTHER_TEXT}


OPERATORS = {
    **{one.value: one for one in Comparison},
    "=": Comparison.SAME_TEXT,
    "==": Comparison.SAME_TEXT,
    "/=": Comparison.OTHER_TEXT,
    "<": Comparison.LESS,
    "<=": Comparison.AT_MOST,
    ">": Comparison.GREATER,
    ">=": Comparison.AT_LEAST,
}
"""Every way of writing an operator; without one, .EQ. is meant."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of IGNORE=(…) or ACCEPT=(…).

    Parameters
    ----------
    label : str
        Name of the data item, in capital letters.
    comparison : Comparison
        How it is compared.
    value : str
        With what, without quotes.
    line : int
        Line of the control stream, or 0.
    """

    label: str
    comparison: Comparison
    value: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Translation:
    """What TIME or II is divided by, and how many digits behind the point are kept.

    Parameters
    ----------
    factor : float
        Divisor.
    digits : int
        Digits behind the point.
    """

    factor: float
    digits: int


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Options of $DATA as far as they change what is read; the defaults are NM-TRAN's.

    Parameters
    ----------
    comments : tuple of str
        IGNORE=c: records that begin with one of these are left out; ``@`` stands for any letter.
    conditions : tuple of Condition
        Of IGNORE=(…) or ACCEPT=(…); one that holds is enough.
    accepts : bool
        Whether the conditions choose what is kept (ACCEPT) instead of what is left out.
    null : float
        NULL=c: what a null cell becomes.
    n_records : int or None
        RECORDS=n: how many records are read, comments not counted.
    last_year_of_2000s : int
        LAST20: years of one or two digits up to it are of the 2000s.
    time, interval : Translation or None
        TRANSLATE=(TIME/F/D, II/F/D).
    blank_lines : bool
        BLANKOK: whether a blank line is a record of nulls.
    missing : tuple of float
        MISDAT=r: numbers that stand for no value and count as 0.
    """

    comments: tuple[str, ...] = ("#",)
    conditions: tuple[Condition, ...] = ()
    accepts: bool = False
    null: float = 0.0
    n_records: int | None = None
    last_year_of_2000s: int = 50
    time: Translation | None = None
    interval: Translation | None = None
    blank_lines: bool = False
    missing: tuple[float, ...] = ()
