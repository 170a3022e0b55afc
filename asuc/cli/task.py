"""One piece of work that may be done in another process, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Work = Callable[[Any, Any], Any]
"""A function of what all tasks share and of one task; its module is imported wherever it is computed."""


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """A task without a result.

    Parameters
    ----------
    reason : str
        Why, as a part of a sentence.
    """

    reason: str


Compute = Callable[[Sequence[Any]], Iterator[tuple[Any, Any]]]
"""What computes tasks and gives each, with its result or failure, as soon as there is one, in any order."""
Begin = Callable[[Work, Any], Compute]
"""What hands work and shared data to those that compute."""


def outcome_of(work: Work, shared: Any, task: Any) -> Any:  # noqa: ANN401 - whatever the work gives
    """Return the result of a task, or its failure: one task that raises is not the end of the others."""
    try:
        return work(shared, task)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and shown
        said = " ".join(str(error).split())
        return TaskFailure(f"{type(error).__name__}: {said}" if said else type(error).__name__)
