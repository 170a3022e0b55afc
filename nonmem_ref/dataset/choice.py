"""Which records are kept: the conditions of IGNORE=(…) and ACCEPT=(…)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nonmem_ref.dataset.cell_numbers import cell_number, column_numbers
from nonmem_ref.dataset.faults import shown_cell
from nonmem_ref.dataset.options import Comparison
from pkpd.data.arrow import pc
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nonmem_ref.dataset.cells import Cells
    from nonmem_ref.dataset.faults import Faults
    from nonmem_ref.dataset.options import Condition, DataOptions
    from pkpd.arrays import BoolArray, FloatArray


def kept_records(cells: Cells, place_of: Mapping[str, int], options: DataOptions, faults: Faults) -> BoolArray:
    """Return which records the conditions keep, before times are translated and nulls replaced.

    Parameters
    ----------
    cells : Cells
        Records as text.
    place_of : mapping of str to int
        Column of each label, dropped ones too.
    options : DataOptions
        With the conditions.
    faults : Faults
        Where labels that $INPUT does not name, and cells that are compared as numbers and are none, are noted.

    Returns
    -------
    (n_records,) array
        True for the records that are kept.
    """
    n = cells.lines.size
    if not options.conditions:
        return np.ones(n, dtype=bool)
    holds = np.zeros(n, dtype=bool)
    for condition in options.conditions:
        place = place_of.get(condition.label)
        if place is None:
            where = Problem(
                f"line {condition.line}, $DATA", f"{condition.label} is compared, but $INPUT does not name it"
            )
            faults.shown.append((0, where))
            faults.n += 1
            continue
        holds |= _holds(condition, cells, cells.columns[place], faults)
    return holds if options.accepts else ~holds


def _holds(condition: Condition, cells: Cells, column: Any, faults: Faults) -> BoolArray:  # noqa: ANN401 - Arrow
    """Return in which records a condition holds."""
    if condition.comparison.is_of_text:
        equal: BoolArray = pc.equal(column, condition.value).to_numpy(zero_copy_only=False)
        return equal if condition.comparison is Comparison.SAME_TEXT else ~equal
    value = cell_number(condition.value)
    if value is None:
        where = Problem(f"line {condition.line}, $DATA", f"{condition.label} is compared with “{condition.value}”")
        faults.shown.append(
            (0, Problem(where.place, f"{where.message}; {condition.comparison.value} expects a number"))
        )
        faults.n += 1
        return np.zeros(cells.lines.size, dtype=bool)
    numbers, wrong = column_numbers(column, 0.0)
    is_wrong = np.zeros(cells.lines.size, dtype=bool)
    is_wrong[wrong] = True
    expected = f"{condition.comparison.value} of $DATA expects a number"
    faults.add_rows(
        is_wrong,
        cells.lines,
        condition.label,
        lambda row: f"{shown_cell(column[row].as_py())} is no number; {expected}",
    )
    return _compared(condition.comparison, numbers, value)


def _compared(comparison: Comparison, numbers: FloatArray, value: float) -> BoolArray:
    match comparison:
        case Comparison.EQUAL:
            return numbers == value
        case Comparison.UNEQUAL:
            return numbers != value
        case Comparison.LESS:
            return numbers < value
        case Comparison.AT_MOST:
            return numbers <= value
        case Comparison.GREATER:
            return numbers > value
        case _:
            return numbers >= value
