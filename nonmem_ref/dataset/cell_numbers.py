"""Cells as numbers, in every way that Fortran writes one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.arrow import ArrowInvalid, pa, pc

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray

_PLAIN = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
# 1D2, 1.5+3 and 2-1: the letter D, or no letter.
_FORTRAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eEdD]([+-]?\d+)|([+-]\d+))?")
# SDF in resource/SIZES.f90.
LONGEST_CELL = 24


def is_null(column: Any) -> Any:  # noqa: ANN401 - Arrow arrays
    """Return which cells of a column are null: empty, or a point."""
    return pc.is_in(column, value_set=pa.array(("", ".")))


def cell_number(text: str) -> float | None:
    """Return the number of one cell, 0 for a sign alone, or None where it is no finite number."""
    if text in {"+", "-"}:
        return 0.0
    found = _FORTRAN.fullmatch(text)
    if found is None:
        return None
    value = float(f"{found[1]}e{found[2] or found[3] or 0}")
    return value if np.isfinite(value) else None


def column_numbers(column: Any, null: float) -> tuple[FloatArray, IntArray]:  # noqa: ANN401 - an Arrow array
    """Return a column as numbers.

    Parameters
    ----------
    column : array
        Arrow array of strings.
    null : float
        What a null cell becomes.

    Returns
    -------
    values : (n,) array
        Numbers; not a number where a cell holds none.
    wrong : (n_wrong,) array
        Rows of those cells.
    """
    text = pc.if_else(is_null(column), None, column)
    try:
        values: FloatArray = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False).copy()
    except ArrowInvalid:
        is_plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN), fill_value=True)
        plain = pc.if_else(is_plain, pc.utf8_ltrim(text, "+"), None)
        values = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False).copy()
        odd = np.flatnonzero(~is_plain.to_numpy(zero_copy_only=False))
        known: dict[str, float] = {}
        for row in odd.tolist():
            cell = str(column[row].as_py())
            if cell not in known:
                number = cell_number(cell)
                known[cell] = np.nan if number is None else number
            values[row] = known[cell]
    nulls = is_null(column).to_numpy(zero_copy_only=False)
    # Words that Arrow takes for numbers (nan, inf) and numbers too large for one are none to NM-TRAN.
    wrong = np.flatnonzero(~np.isfinite(values) & ~nulls)
    values[wrong] = np.nan
    values[nulls] = null
    return values, wrong.astype(np.int64)


def too_long(column: Any) -> IntArray:  # noqa: ANN401 - an Arrow array
    """Return the rows whose cell is longer than NM-TRAN reads."""
    return np.flatnonzero(pc.utf8_length(column).to_numpy(zero_copy_only=False) > LONGEST_CELL).astype(np.int64)
