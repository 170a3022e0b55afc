"""Cells of a database as they are read: files of SQLite may hold anything in any column."""

from __future__ import annotations

import math


def number_of(stored: object) -> float | None:
    """Return a finite number, or None for what is none."""
    if stored is None:
        return None
    try:
        found = float(stored)  # type: ignore[arg-type]  # whatever it is, it is tried
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole_of(stored: object) -> int | None:
    """Return a whole number, or None for what is none."""
    found = number_of(stored)
    return int(found) if found is not None and found.is_integer() else None


def text_of(stored: object) -> str:
    """Return a text; the empty one for NULL."""
    return "" if stored is None else str(stored)
