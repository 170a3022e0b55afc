"""Numbers in sentences and tables."""

from __future__ import annotations

import math


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


def decimals_of(spread: float, *, figures: int, least: int = 0) -> int:
    """Return how many decimals numbers need that differ by about so much.

    Parameters
    ----------
    spread : float
        How far they differ, in their unit; 0 asks for no more than the least.
    figures : int
        Figures that a number of that size has then: by two 9.5 and 0.95 are told apart from 9.6 and 0.96.
    least : int
        Decimals that there are at any rate.
    """
    if not 0.0 < spread < math.inf:
        return least
    return max(least, figures - 1 - math.floor(math.log10(spread)))
