"""The form that tables of findings come in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; the first cell of a row names it.

    Parameters
    ----------
    titles : tuple of str
        Titles of the columns.
    rows : tuple of tuple of str
        Rows; the last cell of a row that has fewer cells than there are titles reaches to the end.
    words : int or None
        The column that holds words, which may go over several lines; None where all others are short.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int | None = None
