"""What can go wrong, said once: input problems as exceptions, numerical outcomes as a status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what was typed, imported or piped in.

    Parameters
    ----------
    place : str
        Field, row or file that the fault sits in, as the user knows it.
    message : str
        The value found and what was expected.
    """

    place: str
    message: str

    def __str__(self) -> str:
        """Return ``place: message``."""
        return f"{self.place}: {self.message}" if self.place else self.message


class InputError(ValueError):
    """Input that cannot be used, with every problem found in it.

    Parameters
    ----------
    problems : iterable of Problem
        At least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def input_error(place: str, message: str) -> InputError:
    """Return the error for a single problem."""
    return InputError((Problem(place, message),))


class Status(Enum):
    """How a maximum a posteriori search ended; the value is the sentence the user reads."""

    CONVERGED = "The estimate converged: gradient zero, curvature positive."
    STEP_LIMIT = "The search stopped at its step limit before the gradient was zero; treat the estimate with caution."
    NO_FINITE_START = "No parameter values explain these samples: the likelihood is zero everywhere."


class QuadratureStatus(Enum):
    """How the integration over the random effects ended; the value is the sentence the user reads."""

    CONVERGED = "The integral over the random effects converged: its estimated error is smaller than what is shown."
    COARSE = "The integral over the random effects is less exact than usual; intervals may be off by a few percent."
    NO_MASS = "No parameter values explain these samples: the likelihood is zero everywhere."
