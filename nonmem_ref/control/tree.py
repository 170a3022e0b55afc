"""Abbreviated code as a tree. Every node knows its line; two trees are equal where they say the same, whatever the lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Arithmetic: TypeAlias = Literal["+", "-", "*", "/", "**"]
Relation: TypeAlias = Literal[".EQ.", ".NE.", ".LT.", ".LE.", ".GT.", ".GE."]

OPPOSITE: dict[Relation, Relation] = {
    ".EQ.": ".NE.",
    ".NE.": ".EQ.",
    ".LT.": ".GE.",
    ".GE.": ".LT.",
    ".LE.": ".GT.",
    ".GT.": ".LE.",
}
"""The relation that holds where another does not."""
ARRAYS = {"THETA": 1, "ETA": 1, "EPS": 1, "A": 1, "DADT": 1, "A_0": 1, "OMEGA": 2, "SIGMA": 2}
"""Arrays of NONMEM with the most subscripts that each takes; ERR is EPS."""
FUNCTIONS = {
    **dict.fromkeys(("EXP", "LOG", "LOG10", "SQRT", "ABS", "INT", "PHI", "GAMLN"), (1, 1)),
    **dict.fromkeys(("SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN"), (1, 1)),
    **dict.fromkeys(("MIN", "MAX"), (2, 20)),
    "MOD": (2, 2),
}
"""Functions with the least and the most arguments that each takes."""
SPECIFIC_NAMES = {
    f"D{name}": name for name in ("EXP", "LOG", "LOG10", "SQRT", "ABS", "SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN")
}
"""Fortran's names of functions in double precision, in which NONMEM computes anyway."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant.

    Parameters
    ----------
    value : float
        Its value; never negative.
    line : int
        Line of the file.
    """

    value: float
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A data item, a variable of the code or a reserved variable.

    Parameters
    ----------
    name : str
        In capital letters.
    line : int
        Line of the file.
    """

    name: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of an array of NONMEM.

    Parameters
    ----------
    array : str
        One of `ARRAYS`.
    indices : tuple of int or str
        Its subscripts; text for a label (``THETA(CL)``).
    line : int
        Line of the file.
    """

    array: str
    indices: tuple[int | str, ...]
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The element as it is written: ``THETA(1)``."""
        return f"{self.array}({','.join(map(str, self.indices))})"


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign.

    Parameters
    ----------
    operator : str
        ``+`` or ``-``.
    operand : Expression
        What it stands before.
    line : int
        Line of the file.
    """

    operator: Literal["+", "-"]
    operand: Expression
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions and the operator between them.

    Parameters
    ----------
    operator : str
        One of ``+ - * / **``.
    left, right : Expression
        The operands.
    line : int
        Line of the file.
    """

    operator: Arithmetic
    left: Expression
    right: Expression
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of expressions.

    Parameters
    ----------
    function : str
        One of `FUNCTIONS`.
    arguments : tuple of Expression
        In order.
    line : int
        Line of the file.
    """

    function: str
    arguments: tuple[Expression, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two expressions. No code is written so: it is what a variable is that an IF has given its value.

    Parameters
    ----------
    condition : Condition
        Where it holds, the first is meant.
    first, second : Expression
        The two.
    line : int
        Line of the file.
    """

    condition: Condition
    first: Expression
    second: Expression
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two expressions compared.

    Parameters
    ----------
    operator : str
        As ``.EQ.`` and its kind, however it was written.
    left, right : Expression
        The sides.
    line : int
        Line of the file.
    """

    operator: Relation
    left: Expression
    right: Expression
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """Two conditions joined.

    Parameters
    ----------
    operator : str
        ``.AND.`` or ``.OR.``.
    left, right : Condition
        The conditions.
    line : int
        Line of the file.
    """

    operator: Literal[".AND.", ".OR."]
    left: Condition
    right: Condition
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite of a condition.

    Parameters
    ----------
    operand : Condition
        The condition.
    line : int
        Line of the file.
    """

    operand: Condition
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value given to a variable.

    Parameters
    ----------
    target : Name or Element
        The variable.
    value : Expression
        Its value.
    line : int
        Line of the file.
    """

    target: Name | Element
    value: Expression
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Branch:
    """Statements under a condition.

    Parameters
    ----------
    condition : Condition
        The condition.
    body : tuple of Statement
        What is done where it holds.
    line : int
        Line of the file.
    """

    condition: Condition
    body: tuple[Statement, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """IF with its branches; the form of one line is a branch of one statement.

    Parameters
    ----------
    branches : tuple of Branch
        IF and each ELSEIF, in order.
    otherwise : tuple of Statement or None
        What stands under ELSE; None without one.
    line : int
        Line of the file.
    """

    branches: tuple[Branch, ...]
    otherwise: tuple[Statement, ...] | None = None
    line: int = field(default=0, compare=False)


Expression: TypeAlias = Number | Name | Element | Unary | Binary | Call | Choice
Condition: TypeAlias = Comparison | Logical | Negation
Statement: TypeAlias = Assignment | Conditional
Node: TypeAlias = Expression | Condition | Statement | Branch


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below a node, in the order of the code."""
    match node:
        case Unary() | Negation():
            return (node.operand,)
        case Binary() | Comparison() | Logical():
            return (node.left, node.right)
        case Call():
            return node.arguments
        case Choice():
            return (node.condition, node.first, node.second)
        case Assignment():
            return (node.target, node.value)
        case Branch():
            return (node.condition, *node.body)
        case Conditional():
            return (*node.branches, *(node.otherwise or ()))
        case _:
            return ()


def walk(*nodes: Node) -> Iterator[Node]:
    """Yield nodes and all below them, each before those below it."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(children(node))


def depth(node: Node) -> int:
    """Return how many nodes stand above each other."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        one, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in children(one)]
    return deepest
