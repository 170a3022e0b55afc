"""Numbers of things in sentences."""

from __future__ import annotations


def counted(n: int, one: str) -> str:
    """Return how many there are of something: ``1 subject``, ``1,234 subjects``.

    Parameters
    ----------
    n : int
        Number.
    one : str
        What one of them is called; several have an s more.
    """
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"
