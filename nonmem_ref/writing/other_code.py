"""Abbreviated code in the languages of other tools: R as rxode2 reads it, and C++ as mrgsolve does."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from nonmem_ref.control.tree import Assignment, Binary, Call, Comparison, Conditional, Element, Name, Number, Unary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nonmem_ref.control.tree import Condition, Expression, Statement

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_OPERANDS = {
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _POWER),
    "/": (_PRODUCT, _PRODUCT, _POWER),
    "**": (_POWER, _ATOM, _POWER),
}


class Language(Enum):
    """What code is written in."""

    R = "R"
    CPP = "C++"


def code_lines(statements: Sequence[Statement], language: Language, names: Mapping[str, str]) -> list[str]:
    """Return statements that the writer of control streams makes, in another language.

    Parameters
    ----------
    statements : sequence of Statement
        Assignments, and IF of one comparison without ELSE.
    language : Language
        The language.
    names : mapping of str to str
        What elements and variables are called there; others keep their names.
    """
    return list(_lines(statements, language, names, set()))


def _lines(
    statements: Sequence[Statement], language: Language, names: Mapping[str, str], declared: set[str]
) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, Conditional):
            for branch in statement.branches:
                yield f"if ({_condition(branch.condition, language, names)}) {{"
                yield from (f"  {line}" for line in _lines(branch.body, language, names, declared))
                yield "}"
            continue
        yield _assignment(statement, language, names, declared)


def _assignment(one: Assignment, language: Language, names: Mapping[str, str], declared: set[str]) -> str:
    target, value = one.target.name, expression(one.value, language, names)
    if language is Language.R:
        return f"{target} <- {value}"
    kind = "" if target in declared else "double "
    declared.add(target)
    return f"{kind}{target} = {value};"


def expression(node: Expression, language: Language, names: Mapping[str, str], least: int = _SUM) -> str:
    """Return an expression in another language, in parentheses where it holds together less than asked for."""
    level, text = _ATOM, ""
    match node:
        case Number():
            text = repr(node.value)
        case Name() | Element():
            text = names.get(node.name, node.name)
        case Call():
            inside = ", ".join(expression(one, language, names) for one in node.arguments)
            text = f"{node.function.lower()}({inside})"
        case Unary():
            level, text = _SUM, f"{node.operator}{expression(node.operand, language, names, _PRODUCT)}"
        case Binary() if node.operator == "**" and language is Language.CPP:
            text = f"pow({expression(node.left, language, names)}, {expression(node.right, language, names)})"
        case Binary():
            level, left, right = _OPERANDS[node.operator]
            sign = "^" if node.operator == "**" else node.operator
            text = (
                f"{expression(node.left, language, names, left)}{sign}{expression(node.right, language, names, right)}"
            )
        case _:
            raise TypeError(f"{type(node).__name__} is nothing that the writer of control streams makes")
    return text if level >= least else f"({text})"


def _condition(node: Condition, language: Language, names: Mapping[str, str]) -> str:
    if not isinstance(node, Comparison) or node.operator != ".EQ.":
        raise TypeError(f"{type(node).__name__} is nothing that the writer of control streams makes")
    return f"{expression(node.left, language, names)} == {expression(node.right, language, names)}"
