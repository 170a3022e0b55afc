"""Access to the plain tree of a case, whatever it holds: what cannot be read is passed over or None."""

from __future__ import annotations

import math
from typing import cast

from dosing_app.decision.case_fields import LATEST_DAY

Tree = dict[str, object]


def as_object(value: object) -> Tree:
    """Return an object, or an empty one where the value is none."""
    return cast("Tree", value) if isinstance(value, dict) else {}


def rows_of(tree: Tree, name: str) -> list[tuple[int, Tree]]:
    """Return the rows that are objects, with their numbers."""
    rows = tree.get(name)
    if not isinstance(rows, list):
        return []
    items = cast("list[object]", rows)
    return [(row, cast("Tree", item)) for row, item in enumerate(items) if isinstance(item, dict)]


def times_of(tree: Tree, name: str) -> list[tuple[int, float]]:
    """Return the times that can be read, with the numbers of their rows."""
    times = ((row, day(item.get("time_day"))) for row, item in rows_of(tree, name))
    return [(row, time) for row, time in times if time is not None]


def all_times(tree: Tree, name: str, *, default: list[float] | None = None) -> list[float] | None:
    """Return every time of a list, or None where one cannot be read, so that first and last are not known."""
    rows = tree.get(name)
    if rows is None or rows == []:
        return default
    times = [time for _, time in times_of(tree, name)]
    return times if isinstance(rows, list) and len(times) == len(cast("list[object]", rows)) else None


def day(value: object) -> float | None:
    """Return a value that is a time within the limits of a case."""
    time = number(value)
    return time if time is not None and 0 <= time <= LATEST_DAY else None


def number(value: object) -> float | None:
    """Return a value that is a finite number, exactly as given; anything else is reported elsewhere."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None
