"""Rows of a cohort file that say the same as an earlier row of the same subject: what was entered twice, or measured twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_table import cell, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.arrays import BoolArray, IntArray
    from pkpd.data.cohort_table import CohortTable

_MOST_NAMED = 50


def repeated_rows(table: CohortTable, is_dose: BoolArray, is_sample: BoolArray) -> list[str]:
    """Return a sentence for every dose or sample that is an exact copy of an earlier row, with both lines.

    Parameters
    ----------
    table : CohortTable
        The file.
    is_dose, is_sample : (n_rows,) arrays
        Which rows are doses and samples; others add nothing, however often they stand there.
    """
    pairs = list(_pairs(table, np.flatnonzero(is_dose | is_sample)))
    notes = [
        f"Line {table.line[row]} is an exact copy of line {table.line[first]} (subject {cell(table, 'ID', row)}); "
        f"it counts as another {'dose' if is_dose[row] else 'sample'}."
        for row, first in pairs[:_MOST_NAMED]
    ]
    if len(pairs) > _MOST_NAMED:
        lines = ", ".join(f"{table.line[row]} of {table.line[first]}" for row, first in pairs[_MOST_NAMED:])
        notes.append(f"Further lines are exact copies and count as well: {lines}.")
    return notes


def _pairs(table: CohortTable, rows: IntArray) -> Iterator[tuple[int, int]]:
    """Yield each row that repeats another one in every cell, and the first that it repeats."""
    group = np.zeros(rows.size, dtype=np.int64)
    # Few rows share subject and time: the other columns need only be compared in these.
    for name in sorted(table.columns, key=lambda one: one not in ("ID", "TIME")):
        codes = texts(table, name, rows).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
        _, group, size = np.unique(group * (codes.max(initial=0) + 1) + codes, return_inverse=True, return_counts=True)
        is_shared = size[group] > 1
        rows, group = rows[is_shared], group[is_shared]
        if not rows.size:
            return
    firsts = rows[np.unique(group, return_index=True)[1]]
    first = firsts[np.unique(group, return_inverse=True)[1]]
    for row, own in zip(rows.tolist(), first.tolist(), strict=True):
        if row != own:
            yield row, own
