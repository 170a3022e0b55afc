"""The grammar of one statement of abbreviated code.

Precedence is Fortran's: ``**`` (from the right) before ``*`` and ``/`` before ``+`` and ``-``, a sign among the latter, so that ``-A**2`` is
``-(A**2)``; comparisons before ``.NOT.``, ``.AND.`` and ``.OR.``. Two operators may not follow each other (``A*-B``), as in Fortran. A
statement stands on one line (help on abbreviated code); which lines belong together is for `nonmem_ref.control.code`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError
from lark.visitors import Transformer_NonRecursive

from nonmem_ref.control.tree import (
    ARRAYS,
    FUNCTIONS,
    SPECIFIC_NAMES,
    Assignment,
    Binary,
    Call,
    Comparison,
    Element,
    Logical,
    Name,
    Negation,
    Number,
    Unary,
    depth,
)

if TYPE_CHECKING:
    from nonmem_ref.control.tree import Condition, Expression, Node, Relation

_GRAMMAR = r"""
?start: assignment | if_line | if_then | elseif | else_line | endif
assignment: target "=" sum
target: NAME ["(" arguments ")"]
if_line: IF "(" condition ")" assignment
if_then: IF "(" condition ")" THEN
elseif: ELSEIF "(" condition ")" THEN
else_line: ELSE
endif: ENDIF

?condition: conjunction | condition OR conjunction -> logical
?conjunction: negation | conjunction AND negation -> logical
?negation: relation | NOT negation -> negated
?relation: sum RELATION sum -> comparison | "(" condition ")"

?sum: term | SIGN term -> signed | sum SIGN term -> binary
?term: power | term PRODUCT power -> binary
?power: atom | atom POWER power -> binary
?atom: NUMBER -> number | NAME -> name | NAME "(" arguments ")" -> call | "(" sum ")"
arguments: sum ("," sum)*

// The point of "1.EQ.2" belongs to the operator.
NUMBER: /(\d+(\.(?![A-Za-z]+\.)\d*)?|\.\d+)([EeDd][+-]?\d+)?/
IF.2: /IF(?=\s*\()/i
ELSEIF.3: /ELSE\s*IF(?=\s*\()/i
ELSE.2: /ELSE(?![A-Za-z0-9_])/i
ENDIF.2: /END\s*IF(?![A-Za-z0-9_])/i
THEN.2: /THEN(?![A-Za-z0-9_])/i
NAME: /[A-Za-z][A-Za-z0-9_]*/
RELATION: /==|\/=|<=|>=|<|>|\.(EQ|NE|LT|LE|GT|GE)\./i
OR: /\.OR\./i
AND: /\.AND\./i
NOT: /\.NOT\./i
POWER: "**"
PRODUCT: "*" | "/"
SIGN: "+" | "-"
%ignore /[ \t]+/
"""
_RELATIONS: dict[str, Relation] = {
    "==": ".EQ.",
    "/=": ".NE.",
    "<": ".LT.",
    "<=": ".LE.",
    ">": ".GT.",
    ">=": ".GE.",
    ".EQ.": ".EQ.",
    ".NE.": ".NE.",
    ".LT.": ".LT.",
    ".LE.": ".LE.",
    ".GT.": ".GT.",
    ".GE.": ".GE.",
}
# Deeper than any model, and shallow enough for every function that goes through trees.
DEEPEST = 150
_LONGEST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class BlockStart:
    """``IF (…) THEN`` or ``ELSEIF (…) THEN``.

    Parameters
    ----------
    condition : Condition
        What stands in parentheses.
    is_first : bool
        Whether it is IF.
    """

    condition: Condition
    is_first: bool


@dataclass(frozen=True, slots=True)
class OneLine:
    """``IF (…) assignment``.

    Parameters
    ----------
    condition : Condition
        What stands in parentheses.
    body : Assignment
        What is done where it holds.
    """

    condition: Condition
    body: Assignment


@dataclass(frozen=True, slots=True)
class Otherwise:
    """``ELSE``."""


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """``ENDIF``."""


Part = Assignment | OneLine | BlockStart | Otherwise | BlockEnd


class StatementError(ValueError):
    """A statement that is not understood; the text says why."""


def parse_statement(text: str, line: int) -> Part:
    """Parse one statement.

    Parameters
    ----------
    text : str
        The statement without comment.
    line : int
        Its line, which every node is given.

    Returns
    -------
    Assignment, OneLine, BlockStart, Otherwise or BlockEnd
        What it is.

    Raises
    ------
    StatementError
        Where it is not understood.
    """
    try:
        part: Part = _Nodes(line).transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise StatementError(_unexpected(text, error)) from None
    except VisitError as error:
        raise StatementError(str(error.orig_exc)) from None
    roots: list[Node] = [part] if isinstance(part, Assignment) else []
    if isinstance(part, BlockStart | OneLine):
        roots.append(part.condition)
    if isinstance(part, OneLine):
        roots.append(part.body)
    deepest = max((depth(root) for root in roots), default=0)
    if deepest > DEEPEST:
        raise StatementError(
            f"is {deepest:,} expressions deep; expected at most {DEEPEST}: give parts of it names of their own"
        )
    return part


@cache
def _parser() -> Any:  # noqa: ANN401 - the types of the parser's own library are incomplete
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual")


class _Nodes(Transformer_NonRecursive[Token, Any]):
    """Nodes of our tree from those of the parser, each with the line of the statement."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line

    def number(self, children: list[Token]) -> Number:
        text = str(children[0])
        value = float(text.upper().replace("D", "E"))
        if value == float("inf"):
            raise StatementError(f"“{text}” is too large for a number")
        return Number(value, self.line)

    def name(self, children: list[Token]) -> Name:
        return Name(children[0].upper(), self.line)

    def arguments(self, children: list[Expression]) -> tuple[Expression, ...]:
        return tuple(children)

    def call(self, children: list[Any]) -> Element | Call:
        return _element_or_call(children[0].upper(), children[1], self.line)

    def signed(self, children: list[Any]) -> Unary:
        return Unary("-" if children[0] == "-" else "+", children[1], self.line)

    def binary(self, children: list[Any]) -> Binary:
        left, operator, right = children
        return Binary(str(operator), left, right, self.line)  # type: ignore[arg-type] # the grammar has no other

    def comparison(self, children: list[Any]) -> Comparison:
        left, operator, right = children
        return Comparison(_RELATIONS[operator.upper()], left, right, self.line)

    def negated(self, children: list[Any]) -> Negation:
        return Negation(children[1], self.line)

    def logical(self, children: list[Any]) -> Logical:
        left, operator, right = children
        return Logical(".AND." if operator.upper() == ".AND." else ".OR.", left, right, self.line)

    def target(self, children: list[Any]) -> Name | Element:
        name, arguments = children[0].upper(), children[1]
        if arguments is None:
            return Name(name, self.line)
        if name not in ARRAYS:
            raise StatementError(f"{name}(…) is given a value; expected a variable, A_0(n) or DADT(n)")
        found = _element_or_call(name, arguments, self.line)
        assert isinstance(found, Element)  # noqa: S101 (by its name)
        return found

    def assignment(self, children: list[Any]) -> Assignment:
        return Assignment(children[0], children[1], self.line)

    def if_line(self, children: list[Any]) -> OneLine:
        return OneLine(children[1], children[2])

    def if_then(self, children: list[Any]) -> BlockStart:
        return BlockStart(children[1], is_first=True)

    def elseif(self, children: list[Any]) -> BlockStart:
        return BlockStart(children[1], is_first=False)

    def else_line(self, _: list[Any]) -> Otherwise:
        return Otherwise()

    def endif(self, _: list[Any]) -> BlockEnd:
        return BlockEnd()


def _element_or_call(name: str, arguments: tuple[Expression, ...], line: int) -> Element | Call:
    """Return what a name with parentheses behind it means."""
    array = "EPS" if name == "ERR" else name
    if array in ARRAYS:
        indices = tuple(_index(name, one) for one in arguments)
        if len(indices) > ARRAYS[array]:
            raise StatementError(f"{name}(…) has {len(indices)} subscripts; expected {ARRAYS[array]}")
        return Element(array, indices, line)
    name = SPECIFIC_NAMES.get(name, name)
    if name not in FUNCTIONS:
        raise StatementError(f"{name}(…) is neither an array nor a function that is read here")
    least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        expected = f"{least}" if least == most else f"{least} to {most}"
        raise StatementError(f"{name}(…) has {len(arguments)} arguments; expected {expected}")
    return Call(name, arguments, line)


def _index(name: str, argument: Expression) -> int | str:
    if isinstance(argument, Number) and argument.value >= 1 and argument.value == int(argument.value):
        return int(argument.value)
    if isinstance(argument, Name):
        return argument.name
    raise StatementError(f"{name}(…) has a subscript that is no number from 1 on and no label")


def _unexpected(text: str, error: UnexpectedInput) -> str:
    """Return in words what the parser did not expect."""
    found: Any = error
    if isinstance(error, UnexpectedToken) and found.token.type == "$END":
        return "ends too early: an operand, a parenthesis or a value is missing"
    place = (error.column or 1) - 1
    rest = text[place : place + _LONGEST_SHOWN].strip()
    before = text[:place].rstrip()
    if rest[:1] in "+-" and before[-1:] in tuple("+-*/"):
        return (
            f"cannot be read from “{rest}” on: two operators follow each other; put the second operand in parentheses"
        )
    if isinstance(error, UnexpectedCharacters):
        return f"cannot be read from “{rest}” on"
    return f"cannot be read from “{rest}” on: something is missing or too much before it"
