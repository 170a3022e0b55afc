"""Variables of code as expressions of data items, THETA and ETA alone: every name replaced by what it was given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nonmem_ref.control.evaluate import random_names
from nonmem_ref.control.tree import (
    OPPOSITE,
    Assignment,
    Binary,
    Branch,
    Call,
    Choice,
    Comparison,
    Conditional,
    Element,
    Logical,
    Name,
    Negation,
    Number,
    Unary,
    depth,
    walk,
)
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from nonmem_ref.control.tree import Condition, Expression, Statement

_LARGEST, _DEEPEST = 2000, 150


@dataclass(frozen=True, slots=True)
class Definitions:
    """What each variable of some code is.

    Parameters
    ----------
    values : mapping of str to Expression
        By name; an expression of names that the code does not define, and of elements. A variable that no branch gives a value, which
        keeps that of the record before, stands as its own name in it.
    problems : tuple of Problem
        Variables that are too long to be written out.
    """

    values: Mapping[str, Expression]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Reader:
    random: frozenset[str]
    problems: list[Problem] = field(default_factory=list[Problem])


def numbered(
    statements: Sequence[Statement], labels: Mapping[tuple[str, str], int], zeros: Collection[int] = ()
) -> tuple[Statement, ...]:
    """Return statements with numbers instead of labels of elements, and 0 for random effects that are nothing else.

    Parameters
    ----------
    statements : sequence of Statement
        The code.
    labels : mapping of (array, label) to int
        Number of each element that has a label: ``("THETA", "CL"): 1``. Other labels stay.
    zeros : collection of int
        Numbers of the ETA with a variance of 0.
    """
    held: dict[str, Expression] = {f"ETA({number})": Number(0.0) for number in zeros}
    elements = {f"{array}({label})": Element(array, (number,)) for (array, label), number in labels.items()}
    values = held | {name: held.get(element.name, element) for name, element in elements.items()}
    return tuple(_numbered(statement, values) for statement in statements)


def _numbered(statement: Statement, values: Mapping[str, Expression]) -> Statement:
    if isinstance(statement, Assignment):
        return replace(statement, value=_expression(statement.value, values))
    branches = tuple(
        Branch(_condition(one.condition, values), tuple(_numbered(part, values) for part in one.body), one.line)
        for one in statement.branches
    )
    rest = statement.otherwise
    otherwise = None if rest is None else tuple(_numbered(part, values) for part in rest)
    return Conditional(branches, otherwise, statement.line)


def definitions(statements: Sequence[Statement], place: str = "") -> Definitions:
    """Return what each variable is at the end of some code.

    Parameters
    ----------
    statements : sequence of Statement
        The code, its elements numbered.
    place : str
        Record, for messages.
    """
    reader = _Reader(random_names(statements))
    values: dict[str, Expression] = {}
    _do(reader, statements, values)
    problems = tuple(replace(one, place=f"{one.place}, {place}") if place else one for one in reader.problems)
    return Definitions(values, problems)


def _do(reader: _Reader, statements: Sequence[Statement], values: dict[str, Expression]) -> None:
    """Go through statements; `values` is what is known before and becomes what is known after."""
    for statement in statements:
        if isinstance(statement, Assignment):
            values[statement.target.name] = _written_out(reader, statement, values)
            continue
        outcomes: list[dict[str, Expression]] = []
        conditions: list[Condition] = []
        for branch in statement.branches:
            conditions.append(_condition(branch.condition, values))
            outcomes.append(dict(values))
            _do(reader, branch.body, outcomes[-1])
        last = dict(values)
        _do(reader, statement.otherwise or (), last)
        for name in sorted({name for outcome in (*outcomes, last) for name in outcome}):
            if all(outcome.get(name) is values.get(name) for outcome in (*outcomes, last)):
                continue
            merged = last.get(name) or _before(reader, name)
            for condition, outcome in zip(reversed(conditions), reversed(outcomes), strict=True):
                chosen = outcome.get(name) or _before(reader, name)
                rest = _elsewhere(merged, condition)
                merged = rest if chosen == rest else Choice(condition, chosen, rest, statement.line)
            values[name] = _bounded(reader, merged, name, statement.line)


def _elsewhere(node: Expression, condition: Condition) -> Expression:
    """Return what an expression is where a condition does not hold: of a choice by its opposite, the first."""
    if not (isinstance(node, Choice) and isinstance(node.condition, Comparison) and isinstance(condition, Comparison)):
        return node
    is_opposite = node.condition == replace(condition, operator=OPPOSITE[condition.operator])
    return node.first if is_opposite else node


def _before(reader: _Reader, name: str) -> Expression:
    """Return what a variable is that has not been given a value: 0 if it is random, else what it was in the record before."""
    return Number(0.0) if name in reader.random else Name(name)


def _written_out(reader: _Reader, statement: Assignment, values: Mapping[str, Expression]) -> Expression:
    """Return the value of an assignment, or its own name where that would be too long."""
    names = (node.name for node in walk(statement.value) if isinstance(node, Name | Element))
    if sum(_size(values[name]) for name in names if name in values) > _LARGEST:
        return _too_long(reader, statement.target.name, statement.line)
    found = _expression(statement.value, values)
    return _bounded(reader, found, statement.target.name, statement.line)


def _bounded(reader: _Reader, found: Expression, name: str, line: int) -> Expression:
    return found if depth(found) <= _DEEPEST else _too_long(reader, name, line)


def _too_long(reader: _Reader, name: str, line: int) -> Name:
    message = f"{name} is too long an expression of data items and parameters to be recognized"
    reader.problems.append(Problem(f"line {line}", message))
    return Name(name, line)


def _size(node: Expression) -> int:
    return sum(1 for _ in walk(node))


def _expression(node: Expression, values: Mapping[str, Expression]) -> Expression:
    """Return an expression with its names replaced by what they are."""
    match node:
        case Name() | Element():
            return values.get(node.name, node)
        case Unary():
            return replace(node, operand=_expression(node.operand, values))
        case Binary():
            left, right = _expression(node.left, values), _expression(node.right, values)
            return _within_choice(_without_zero(replace(node, left=left, right=right)))
        case Call():
            return replace(node, arguments=tuple(_expression(one, values) for one in node.arguments))
        case Choice():
            first, second = _expression(node.first, values), _expression(node.second, values)
            return Choice(_condition(node.condition, values), first, second, node.line)
        case Number():
            return node


def _without_zero(node: Binary) -> Expression:
    """Return a sum without a 0 in it, as that of a random effect that is nothing else."""
    match node:
        case Binary(operator="+", left=Number(value=0.0), right=rest):
            return rest
        case Binary(operator="+" | "-", left=rest, right=Number(value=0.0)):
            return rest
        case _:
            return node


def _within_choice(node: Expression) -> Expression:
    """Return a sum or difference of a number and a choice of numbers as a choice of numbers: 1 - OC1, where OC1 is 1 or 0."""
    match node:
        case Binary(
            operator="+" | "-", left=Number(value=one), right=Choice(first=Number(), second=Number()) as choice
        ):
            sides = (choice.first, choice.second)
            sums = [
                one - side.value if node.operator == "-" else one + side.value
                for side in sides
                if isinstance(side, Number)
            ]
        case Binary(
            operator="+" | "-", left=Choice(first=Number(), second=Number()) as choice, right=Number(value=one)
        ):
            sides = (choice.first, choice.second)
            sums = [
                side.value - one if node.operator == "-" else side.value + one
                for side in sides
                if isinstance(side, Number)
            ]
        case _:
            return node
    # A negative number is a sign before a number in a tree.
    first, second = (Number(value) if value >= 0.0 else Unary("-", Number(-value)) for value in sums)
    return Choice(choice.condition, first, second, choice.line)


def _condition(node: Condition, values: Mapping[str, Expression]) -> Condition:
    match node:
        case Comparison():
            left, right = _expression(node.left, values), _expression(node.right, values)
            return replace(node, left=left, right=right)
        case Negation():
            return replace(node, operand=_condition(node.operand, values))
        case Logical():
            left, right = _condition(node.left, values), _condition(node.right, values)
            return replace(node, left=left, right=right)
