"""How an estimation step ended, in five words, and the codes and sentences that NONMEM says it with."""

from __future__ import annotations

from enum import Enum


class RunStatus(Enum):
    """How the last estimation step of a file ended; the value is the word of interfaces.md, section 6."""

    SUCCESSFUL = "successful"
    TERMINATED = "terminated"
    INCOMPLETE = "incomplete"
    NO_RESULTS = "no results"
    UNREADABLE = "unreadable"


# Codes of row -1000000007 (NONMEM 7.5 guide, .ext files), as far as they say how a search ended.
_SEARCH = {
    0: (RunStatus.SUCCESSFUL, "the minimization was successful"),
    131: (RunStatus.TERMINATED, "the number of function evaluations was exceeded (code 131)"),
    134: (RunStatus.TERMINATED, "rounding errors ended the minimization (code 134)"),
    136: (RunStatus.TERMINATED, "the parameters of the last iteration are near an infinite objective (code 136)"),
    137: (RunStatus.TERMINATED, "the parameters of the next iteration are near an infinite objective (code 137)"),
}
_SAMPLING = {
    0: (RunStatus.SUCCESSFUL, "the estimation was completed"),
    1: (RunStatus.TERMINATED, "the estimation was not completed (code 1)"),
    2: (RunStatus.SUCCESSFUL, "the estimation was completed; convergence was not tested (code 2)"),
    3: (RunStatus.TERMINATED, "the estimation was not completed, convergence was not tested (code 3)"),
}
_SAMPLING_WORDS = ("expectation", "sampling", "bayes", "mcmc", "nuts", "importance", "iterative two", "hamiltonian")
_FIRST_OF_INFINITE, _LAST_OF_INFINITE = 4, 40
NOT_ESTIMATED = 1e10
"""What NONMEM prints as a standard error of what it did not estimate."""
INFINITE_OBJECTIVE = 1e100
"""NONMEM prints sqrt of the largest double where the objective is infinite."""


def is_sampling(method: str) -> bool:
    """Return whether a method draws random numbers (SAEM, importance sampling, BAYES), by its name in a title."""
    return any(word in method.lower() for word in _SAMPLING_WORDS)


def by_code(code: float, method: str) -> tuple[RunStatus, str]:
    """Return what a termination code means for a method, and a sentence's worth of words."""
    known = _SAMPLING if is_sampling(method) else _SEARCH
    if code != code or not float(code).is_integer():  # noqa: PLR0124 (not a number)
        return RunStatus.INCOMPLETE, "the termination code cannot be read"
    if int(code) in known:
        return known[int(code)]
    if is_sampling(method) and _FIRST_OF_INFINITE <= code <= _LAST_OF_INFINITE:
        return RunStatus.TERMINATED, f"the objective was infinite or the estimation was interrupted (code {code:g})"
    return RunStatus.TERMINATED, f"the estimation ended with code {code:g}"
