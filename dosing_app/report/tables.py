"""The forms that the report's facts come in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact under its name, with a remark where there is one."""

    name: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; the first cell of a row names it.

    Parameters
    ----------
    titles : tuple of str
        Titles of the columns.
    rows : tuple of tuple of str
        Rows, each with a cell for each title.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
