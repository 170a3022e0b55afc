"""The values of abbreviated code at every record of a data set at once, with derivatives.

A variable that no IF of a record gives a value keeps that of the record before where it is not random, and is 0 where it is (help on
abbreviated code: conditional statements). Random is what depends on ETA, EPS, F or A.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.control.jets import (
    Jet,
    added,
    applied,
    chosen,
    constant,
    divided,
    greatest,
    least,
    multiplied,
    negated,
    raised,
    remainder,
    variable,
)
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
    walk,
)
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nonmem_ref.control.tree import Condition, Expression, Statement
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.errors import InputError

_RANDOM_ARRAYS, _RANDOM_NAMES = {"ETA", "EPS", "A"}, {"F"}
_BINARY: dict[str, Callable[[Jet, Jet], Jet]] = {
    "+": added,
    "-": lambda a, b: added(a, negated(b)),
    "*": multiplied,
    "/": divided,
    "**": raised,
}
_OF_TWO: dict[str, Callable[[Jet, Jet], Jet]] = {"MIN": least, "MAX": greatest, "MOD": remainder}
_COMPARED: dict[str, Callable[[FloatArray, FloatArray], BoolArray]] = {
    ".EQ.": np.equal,
    ".NE.": np.not_equal,
    ".LT.": np.less,
    ".LE.": np.less_equal,
    ".GT.": np.greater,
    ".GE.": np.greater_equal,
}


@dataclass(slots=True)
class _Variable:
    """A variable of the code while its statements are gone through."""

    jet: Jet
    is_given: BoolArray
    is_read: bool = False


@dataclass(slots=True)
class _State:
    """What is known at a statement, and which records reach it."""

    n: int
    p: int
    given: Mapping[str, Jet]
    random: frozenset[str]
    assigned: frozenset[str]
    where: BoolArray
    variables: dict[str, _Variable] = field(default_factory=dict[str, _Variable])


def evaluate(
    statements: Sequence[Statement], given: Mapping[str, float | FloatArray], by: Sequence[str] = ()
) -> dict[str, Jet]:
    """Evaluate code.

    Parameters
    ----------
    statements : sequence of Statement
        In order, for instance those of $PK.
    given : mapping of str to float or (n,) array
        Data items and reserved variables by name, and elements as they are written (``THETA(1)``, ``ETA(2)``); at least one of them is
        an array, which says how many records there are, unless there is one record.
    by : sequence of str
        Which of them, p in number, derivatives are taken by.

    Returns
    -------
    dict of str to Jet
        Every variable that is given a value, with derivatives by the p.

    Raises
    ------
    InputError
        Where a name has no value, or the value that it has is that of the record before and is given anew later.
    """
    sizes = {np.size(value) for value in given.values() if np.ndim(value)}
    if len(sizes) > 1:
        raise input_error("", f"arrays of {', '.join(map(str, sorted(sizes)))} records are given; expected one length")
    n, p = (sizes or {1}).pop(), len(by)
    read = {node.name for node in walk(*statements) if isinstance(node, Name | Element)}
    known = {name: constant(value, n, p) for name, value in given.items() if name in read}
    known |= {name: variable(given[name], n, p, i) for i, name in enumerate(by) if name in read}
    assigned = frozenset(node.target.name for node in walk(*statements) if isinstance(node, Assignment))
    everywhere = np.ones(n, dtype=bool)
    state = _State(n, p, known, random_names(statements), assigned, everywhere)
    with np.errstate(all="ignore"):
        _do(state, statements, everywhere)
        return {name: _filled(state, name, one) for name, one in state.variables.items()}


def random_names(statements: Sequence[Statement]) -> frozenset[str]:
    """Return the variables that depend on ETA, EPS, F or A, however indirectly."""
    found: set[str] = set()
    assignments = [node for node in walk(*statements) if isinstance(node, Assignment)]
    n_before = -1
    while len(found) > n_before:
        n_before = len(found)
        found |= {one.target.name for one in assignments if any(_is_random(node, found) for node in walk(one.value))}
    return frozenset(found)


def _is_random(node: object, random: set[str]) -> bool:
    if isinstance(node, Element):
        return node.array in _RANDOM_ARRAYS or node.name in random
    return isinstance(node, Name) and (node.name in _RANDOM_NAMES or node.name in random)


def _do(state: _State, statements: Sequence[Statement], where: BoolArray) -> None:
    """Go through statements at the records where they are reached."""
    for statement in statements:
        state.where = where
        if isinstance(statement, Assignment):
            _assign(state, statement, _value(state, statement.value), where)
            continue
        left = where
        for branch in statement.branches:
            state.where = left
            holds = left & _holds(state, branch.condition)
            _do(state, branch.body, holds)
            left = left & ~holds
        _do(state, statement.otherwise or (), left)


def _assign(state: _State, statement: Assignment, jet: Jet, where: BoolArray) -> None:
    name, before = statement.target.name, state.variables.get(statement.target.name)
    if before is None:
        state.variables[name] = _Variable(chosen(where, jet, constant(0.0, state.n, state.p)), where)
        return
    if before.is_read and not before.is_given.all():
        message = f"{name} is given a value after that of the record before was used, which is not evaluated here"
        raise input_error(f"line {statement.line}", message)
    state.variables[name] = _Variable(chosen(where, jet, before.jet), before.is_given | where)


def _filled(state: _State, name: str, one: _Variable) -> Jet:
    """Return a variable with the value of the record before where a record gives it none."""
    if one.is_given.all() or name in state.random:
        return one.jet
    last = np.maximum.accumulate(np.where(one.is_given, np.arange(state.n), -1))
    return chosen(
        last >= 0,
        Jet(one.jet.value[last], one.jet.gradient[:, last], one.jet.hessian[:, :, last]),
        constant(0.0, state.n, state.p),
    )


def _read(state: _State, node: Name | Element) -> Jet:
    """Return what a name stands for."""
    name = node.name
    if (one := state.variables.get(name)) is not None:
        if name not in state.random and (state.where & ~one.is_given).any():
            one.is_read = True
            return _filled(state, name, one)
        return one.jet
    if name in state.given:
        return state.given[name]
    raise _unknown(state, node)


def _unknown(state: _State, node: Name | Element) -> InputError:
    if node.name in state.assigned:
        return input_error(f"line {node.line}", f"{node.name} is used before it is given a value")
    return input_error(
        f"line {node.line}", f"{node.name} has no value; expected a data item, or a variable given one before"
    )


def _value(state: _State, node: Expression) -> Jet:
    match node:
        case Number():
            return constant(node.value, state.n, state.p)
        case Name() | Element():
            return _read(state, node)
        case Unary():
            operand = _value(state, node.operand)
            return negated(operand) if node.operator == "-" else operand
        case Binary():
            return _BINARY[node.operator](_value(state, node.left), _value(state, node.right))
        case Choice():
            return chosen(_holds(state, node.condition), _value(state, node.first), _value(state, node.second))
        case Call():
            arguments = [_value(state, one) for one in node.arguments]
            if node.function in _OF_TWO:
                return reduce(_OF_TWO[node.function], arguments)
            return applied(node.function, arguments[0])


def _holds(state: _State, node: Condition) -> BoolArray:
    match node:
        case Comparison():
            return _COMPARED[node.operator](_value(state, node.left).value, _value(state, node.right).value)
        case Negation():
            return ~_holds(state, node.operand)
        case Logical():
            left, right = _holds(state, node.left), _holds(state, node.right)
            return left & right if node.operator == ".AND." else left | right
