"""Variables that keep what data items were at the first record of an individual (``IF (NEWIND.NE.2) BWT=WT``), as data items."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.control.evaluate import evaluate
from nonmem_ref.control.tree import Assignment, Comparison, Conditional, Element, Name, Number, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nonmem_ref.control.code import Code
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.control.tree import Condition, Statement
    from nonmem_ref.dataset.read import Dataset
    from pkpd.arrays import FloatArray

# NEWIND is 0 at the first record of all, 1 at that of each further individual, and else 2.
_AT_FIRST_RECORD = {(".NE.", 2.0), (".LT.", 2.0), (".LE.", 1.0)}


def with_first_records(control: ControlProblem, dataset: Dataset) -> tuple[ControlProblem, Dataset, tuple[str, ...]]:
    """Return a run whose variables of first records are data items, and a note for each.

    Parameters
    ----------
    control : ControlProblem
        The control stream.
    dataset : Dataset
        Its data.

    Returns
    -------
    ControlProblem, Dataset, tuple of str
        Only a variable is taken that $PK gives a value once in all, from data items alone, and reads behind that alone; the others stay
        in the code.
    """
    pk = control.code("PK")
    if pk is None:
        return control, dataset, ()
    every = [one for code in control.codes for one in code.statements]
    n_assigned = Counter(node.target.name for node in walk(*every) if isinstance(node, Assignment))
    columns: dict[str, FloatArray] = dict(dataset.columns)
    statements: list[Statement] = []
    notes: list[str] = []
    read: set[str] = set()
    for statement in pk.statements:
        kept = statement
        if isinstance(statement, Conditional) and _is_first(statement):
            kept = _without(statement, dataset, n_assigned, read, columns, notes)
        read |= {node.name for node in walk(statement) if isinstance(node, Name)}
        if kept is not None:
            statements.append(kept)
    if not notes:
        return control, dataset, ()
    codes = tuple(_with(one, statements) if one is pk else one for one in control.codes)
    return replace(control, codes=codes), replace(dataset, columns=columns), tuple(notes)


def _with(code: Code, statements: list[Statement]) -> Code:
    return replace(code, statements=tuple(statements))


def _is_first(statement: Conditional) -> bool:
    """Return whether an IF without ELSE holds at the first record of each individual alone."""
    return len(statement.branches) == 1 and not statement.otherwise and _names_first(statement.branches[0].condition)


def _names_first(condition: Condition) -> bool:
    match condition:
        case Comparison(operator, Name("NEWIND"), Number(value)):
            return (operator, value) in _AT_FIRST_RECORD
        case _:
            return False


def _without(
    statement: Conditional,
    dataset: Dataset,
    n_assigned: Mapping[str, int],
    read: set[str],
    columns: dict[str, FloatArray],
    notes: list[str],
) -> Conditional | None:
    """Return an IF without what becomes a data item, which is added to columns and notes; None where nothing is left."""
    first = np.concatenate(([True], np.diff(dataset.individual) != 0))
    place = np.flatnonzero(first)[np.cumsum(first) - 1]
    left: list[Statement] = []
    for one in statement.branches[0].body:
        name = one.target.name if isinstance(one, Assignment) else ""
        is_of_items = isinstance(one, Assignment) and all(
            node.name in dataset.columns if isinstance(node, Name) else not isinstance(node, Element)
            for node in walk(one.value)
        )
        if not is_of_items or n_assigned[name] != 1 or name in read or name in dataset.columns:
            left.append(one)
            continue
        values = evaluate([one], dict(dataset.columns))[name].value
        columns[name] = np.broadcast_to(values, first.shape)[place].astype(np.float64)
        notes.append(f"Line {one.line}: {name} is what it is at the first record of each individual, like a data item.")
    if not left:
        return None
    return replace(statement, branches=(replace(statement.branches[0], body=tuple(left)),))
