"""One number of a run beside ours: difference, tolerance, verdict, and a sentence on any difference."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray


class Verdict(Enum):
    """What is said of one quantity."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison.

    Parameters
    ----------
    quantity : str
        What is compared.
    nonmem, ours : float or None
        The numbers; of many those that differ most. None where there is none.
    difference : float or None
        How far they are apart, relative where the tolerance is.
    tolerance : float or None
        What passes.
    is_relative : bool
        Whether difference and tolerance are shares of NONMEM's number.
    verdict : Verdict
        Whether it passes.
    why : str
        A sentence where it does not, or where nothing was compared; and what else a reader should know.
    """

    quantity: str
    nonmem: float | None
    ours: float | None
    difference: float | None
    tolerance: float | None
    is_relative: bool
    verdict: Verdict
    why: str


def skipped(quantity: str, why: str, *, nonmem: float | None = None) -> Check:
    """Return that nothing was compared."""
    return Check(quantity, nonmem, None, None, None, False, Verdict.SKIPPED, why)  # noqa: FBT003


def compared(
    quantity: str, nonmem: float, ours: float, tolerance: float, *, is_relative: bool = False, why: str = ""
) -> Check:
    """Return the comparison of two numbers; ``why`` is said where they differ."""
    size = abs(nonmem) if is_relative and nonmem != 0.0 else 1.0
    difference = (ours - nonmem) / size
    is_close = bool(abs(difference) <= tolerance)
    return Check(
        quantity,
        float(nonmem),
        float(ours),
        float(difference),
        tolerance,
        is_relative,
        Verdict.PASS if is_close else Verdict.FAIL,
        "" if is_close else why,
    )


def compared_all(
    quantity: str,
    nonmem: FloatArray,
    ours: FloatArray,
    tolerance: float,
    *,
    size: FloatArray | None = None,
    explain: Callable[[FloatArray], str],
) -> Check:
    """Return the comparison of many numbers by those that differ most.

    Parameters
    ----------
    nonmem, ours : (n,) arrays
        The numbers; pairs of which NONMEM's is not finite are left out.
    size : (n,) array, optional
        What differences are divided by.
    explain : callable
        Given all differences, (n,), with NaN for those left out: the sentence where some are too large.
    """
    known = np.isfinite(nonmem)
    if not known.any():
        return skipped(quantity, "NONMEM printed none.")
    difference = np.where(known, (ours - nonmem) / (1.0 if size is None else size), np.nan)
    # What we could not compute differs most.
    at = int(np.nanargmax(np.where(known & ~np.isfinite(difference), np.inf, np.abs(difference))))
    is_close = bool(np.isfinite(difference[known]).all() and np.nanmax(np.abs(difference)) <= tolerance)
    return Check(
        quantity,
        float(nonmem[at]),
        float(ours[at]) if np.isfinite(ours[at]) else None,
        float(difference[at]) if np.isfinite(difference[at]) else None,
        tolerance,
        size is not None,
        Verdict.PASS if is_close else Verdict.FAIL,
        "" if is_close else explain(difference),
    )
