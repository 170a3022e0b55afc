"""Levels that a cohort file holds and that are not read as samples, and samples without a level: said, so that nothing is left out in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.wording import counted

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.data.cohort_table import CohortTable

_MOST_NAMED = 5


def unread_levels(
    table: CohortTable, level: FloatArray, *, is_dose: BoolArray, is_sample: BoolArray, is_observed: BoolArray
) -> list[str]:
    """Return a sentence for each kind of row whose level is passed over, with the lines.

    Parameters
    ----------
    table : CohortTable
        The file.
    level : (n_rows,) array
        The column DV, NaN for null. A 0 stands for none in rows of other events, as NONMEM's tables have it.
    is_dose, is_sample : (n_rows,) arrays
        Rows that are doses and samples.
    is_observed : (n_rows,) array
        Rows whose EVID says that they are observations.
    """
    has_level = ~np.isnan(level) & (level != 0.0)
    kinds = (
        (is_dose & has_level, "of doses", "is not read; expected a level in a row of its own"),
        (~is_dose & ~is_sample & has_level, "with MDV 1 or another EVID than 0", "is not read"),
        (is_observed & ~is_sample & np.isnan(level), "of EVID 0", "is empty, and no sample is read there"),
    )
    return [f"DV of {_rows(table, which, what)} {outcome}." for which, what, outcome in kinds if which.any()]


def _rows(table: CohortTable, which: BoolArray, what: str) -> str:
    lines = table.line[which].tolist()
    more = f" and {len(lines) - _MOST_NAMED:,} more" if len(lines) > _MOST_NAMED else ""
    named = ", ".join(map(str, lines[:_MOST_NAMED]))
    return f"{counted(len(lines), 'row')} {what} ({'line' if len(lines) == 1 else 'lines'} {named}{more})"
