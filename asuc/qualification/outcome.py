"""One check of a qualification: what was expected, what was found, and whether it passes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What is said of one check."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    ABSENT = "absent"
    """What it would look at is not on this machine."""
    RECORDED = "recorded"
    """A fact for the record, which nothing is asked of."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check.

    Parameters
    ----------
    code : str
        Its number in this qualification: ``IQ-…``, ``OQ-…``, ``RQ-…`` (reference folders) or ``PQ-…`` (performance).
    title : str
        What is checked.
    expected, found : str
        As a person reads them.
    verdict : Verdict
        Whether it passes.
    why : str
        How the expected value was obtained, or why nothing was checked.
    requirements : tuple of str
        Requirements that it speaks for.
    """

    code: str
    title: str
    expected: str
    found: str
    verdict: Verdict
    why: str = ""
    requirements: tuple[str, ...] = ()


def judged(
    code: str, title: str, *, error: float, tolerance: float, unit: str, why: str, requirements: tuple[str, ...] = ()
) -> Outcome:
    """Return a check of the largest of some errors against a tolerance; one that is not finite fails."""
    is_close = math.isfinite(error) and error <= tolerance
    return Outcome(
        code,
        title,
        f"≤ {tolerance:g} {unit}".strip(),
        f"{error:.1e} {unit}".strip() if math.isfinite(error) else "not a number",
        Verdict.PASS if is_close else Verdict.FAIL,
        why,
        requirements,
    )
