"""Labels of patients: which classes are better than which, as one line that means the same for everybody with the same findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pkpd.wording import decimals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ALPHA = 0.05
"""p-value below which a class counts as better."""


def adjacent_groups(ranked: Sequence[str], is_better: Callable[[str, str], bool]) -> list[list[str]]:
    """Return classes in groups, the best first, by comparisons of neighbours alone (the publication's rule).

    Parameters
    ----------
    ranked : sequence of str
        Classes, the best first.
    is_better : callable
        Whether a class counts as better than one after it.
    """
    return _groups(ranked, lambda i: is_better(ranked[i - 1], ranked[i]))


def transitive_groups(ranked: Sequence[str], is_better: Callable[[str, str], bool]) -> list[list[str]]:
    """Return classes in groups, the best first, so that every class of a group is better than every one of a later group.

    Parameters
    ----------
    ranked : sequence of str
        Classes, the best first.
    is_better : callable
        Whether a class counts as better than one after it.
    """
    return _groups(ranked, lambda i: all(is_better(a, b) for a in ranked[:i] for b in ranked[i:]))


def label_of(groups: Sequence[Sequence[str]]) -> str:
    """Return ``a > b = c``; the order inside a group is that of the alphabet, so that equal findings have equal labels."""
    return " > ".join(" = ".join(sorted(group)) for group in groups)


def without(groups: Sequence[Sequence[str]], classes: Sequence[str]) -> list[list[str]]:
    """Return groups from which some classes are taken."""
    left = [[one for one in group if one not in classes] for group in groups]
    return [group for group in left if group]


def expected_decimals(shown: Sequence[Mapping[str, Any]]) -> int:
    """Return the decimals of expected outcomes of subgroups (as in `asuc-crohns-subgroups/1`): as many as tell them apart in whatever unit."""
    expected = [abs(of["expected"]) for one in shown for of in one["classes"].values()]
    return decimals_of(max(expected, default=0.0), figures=2)


def _groups(ranked: Sequence[str], is_parted: Callable[[int], bool]) -> list[list[str]]:
    """Return ranked classes parted before each position at which they are."""
    found: list[list[str]] = []
    for i, one in enumerate(ranked):
        if i == 0 or is_parted(i):
            found.append([one])
        else:
            found[-1].append(one)
    return found
