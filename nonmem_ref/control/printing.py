"""Trees written as abbreviated code, with as few parentheses as say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nonmem_ref.control.tree import (
    Assignment,
    Binary,
    Call,
    Choice,
    Comparison,
    Element,
    Logical,
    Name,
    Negation,
    Number,
    Unary,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nonmem_ref.control.tree import Condition, Expression, Statement

# How tightly a text holds together, and what each operator asks of its operands (left, right).
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_OPERANDS = {
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _POWER),
    "/": (_PRODUCT, _PRODUCT, _POWER),
    "**": (_POWER, _ATOM, _POWER),
}
_OR, _AND, _NOT, _RELATION = 1, 2, 3, 4
_INDENT = "  "


def printed(statements: Iterable[Statement]) -> str:
    """Return statements as code, one on each line; parsed anew, they are the same tree."""
    return "".join(f"{line}\n" for line in _lines(statements, ""))


def printed_expression(node: Expression, least: int = _SUM) -> str:
    """Return an expression as code, in parentheses where it holds together less than asked for.

    A choice, which abbreviated code cannot say, is written as Fortran's MERGE(first, second, condition).
    """
    level, text = _ATOM, ""
    match node:
        case Number():
            text = _number(node.value)
        case Name() | Element():
            text = node.name
        case Call():
            text = f"{node.function}({', '.join(printed_expression(one) for one in node.arguments)})"
        case Choice():
            # Fortran's name for it; abbreviated code has none.
            sides = f"{printed_expression(node.first)}, {printed_expression(node.second)}"
            text = f"MERGE({sides}, {printed_condition(node.condition)})"
        case Unary():
            level, text = _SUM, f"{node.operator}{printed_expression(node.operand, _PRODUCT)}"
        case Binary():
            level, left, right = _OPERANDS[node.operator]
            text = f"{printed_expression(node.left, left)}{node.operator}{printed_expression(node.right, right)}"
    return text if level >= least else f"({text})"


def printed_condition(node: Condition, least: int = _OR) -> str:
    """Return a condition as code, in parentheses where it holds together less than asked for."""
    match node:
        case Comparison():
            return f"{printed_expression(node.left)}{node.operator}{printed_expression(node.right)}"
        case Negation():
            level, text = _NOT, f".NOT.{printed_condition(node.operand, _NOT)}"
        case Logical():
            level = _AND if node.operator == ".AND." else _OR
            text = f"{printed_condition(node.left, level)}{node.operator}{printed_condition(node.right, level + 1)}"
    return text if level >= least else f"({text})"


def _lines(statements: Iterable[Statement], indent: str) -> Iterable[str]:
    for statement in statements:
        if isinstance(statement, Assignment):
            yield f"{indent}{statement.target.name} = {printed_expression(statement.value)}"
            continue
        word = "IF"
        for branch in statement.branches:
            yield f"{indent}{word} ({printed_condition(branch.condition)}) THEN"
            yield from _lines(branch.body, indent + _INDENT)
            word = "ELSEIF"
        if statement.otherwise is not None:
            yield f"{indent}ELSE"
            yield from _lines(statement.otherwise, indent + _INDENT)
        yield f"{indent}ENDIF"


def _number(value: float) -> str:
    """Return a number as Fortran reads it, to the last digit."""
    return f"{value:.0f}" if value < 1e15 and value == int(value) else repr(value)
