"""Sentences below the tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.decision.optimize_result import OptimizeWarning

RESEARCH_USE = (
    "Research use only. Not a medical device; not for choosing the treatment of individual patients. "
    "Association, not proven benefit of a higher dose."
)
_MOST_OF_A_KIND = 3


def limited(warnings: Sequence[CaseWarning | OptimizeWarning], labels: Sequence[str]) -> Iterator[str]:
    """Yield each warning behind its label, and of those of one code the first few and how many more there are."""
    total, shown = Counter(warning.code for warning in warnings), Counter[str]()
    for warning, label in zip(warnings, labels, strict=True):
        shown[warning.code] += 1
        if shown[warning.code] <= _MOST_OF_A_KIND:
            yield f"{label}: {warning.text}"
        if shown[warning.code] == _MOST_OF_A_KIND < total[warning.code]:
            yield f"… and {total[warning.code] - _MOST_OF_A_KIND} more of the same kind (all are in --json)."
