"""The part of some code that decides what certain variables are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nonmem_ref.control.tree import Assignment, Branch, Conditional, Element, Name, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from nonmem_ref.control.tree import Node, Statement


def relevant(statements: Sequence[Statement], names: Iterable[str]) -> tuple[Statement, ...]:
    """Return the statements that the values of some variables depend on, in order.

    Parameters
    ----------
    statements : sequence of Statement
        The code.
    names : iterable of str
        The variables.

    Returns
    -------
    tuple of Statement
        The code without assignments to other variables, and without an IF that has nothing left in it.
    """
    wanted, n_before = set(names), -1
    uses = list(_uses(statements, frozenset()))
    while len(wanted) > n_before:
        n_before = len(wanted)
        for target, read in uses:
            if target in wanted:
                wanted |= read
    return _kept(statements, wanted)


def _uses(statements: Sequence[Statement], outside: frozenset[str]) -> Iterable[tuple[str, frozenset[str]]]:
    """Yield each variable that is given a value with the names that it then depends on, those of conditions around it included."""
    for statement in statements:
        if isinstance(statement, Assignment):
            yield statement.target.name, outside | _names(statement.value)
            continue
        around = outside | _names(*(branch.condition for branch in statement.branches))
        for body in (*(branch.body for branch in statement.branches), statement.otherwise or ()):
            yield from _uses(body, around)


def _names(*nodes: Node) -> frozenset[str]:
    return frozenset(node.name for node in walk(*nodes) if isinstance(node, Name | Element))


def _kept(statements: Sequence[Statement], wanted: AbstractSet[str]) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for statement in statements:
        if isinstance(statement, Assignment):
            if statement.target.name in wanted:
                found.append(statement)
            continue
        branches = tuple(Branch(one.condition, _kept(one.body, wanted), one.line) for one in statement.branches)
        otherwise = None if statement.otherwise is None else _kept(statement.otherwise, wanted)
        if any(one.body for one in branches) or otherwise:
            found.append(Conditional(branches, otherwise, statement.line))
    return tuple(found)
