"""The windows and days that `asuc exposure` is asked for."""

from __future__ import annotations

import math
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.exposure.measures import Wanted

_WINDOW = "--window"
DOSES = "doses"
"""What stands for the times of doses behind `--trough`."""


class WithWindows(TyperCommand):
    """A command whose `--window` takes two words and may be repeated, which Typer knows of no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's context is no public type
        """Return what is left of the words once the two of each window are one."""
        return super().parse_args(ctx, windows_joined(args))


def windows_joined(words: Sequence[str]) -> list[str]:
    """Return the words of a command in which `--window FROM TO` is the single word `--window=FROM TO`."""
    joined: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        n = {_WINDOW: 2, f"{_WINDOW}=": 1}.get(word[: len(_WINDOW) + 1], 0)
        # The next option is no day: a window that lacks one is refused as such.
        days = list(takewhile(lambda one: not one.startswith("--"), left[:n]))
        if n and (days or word != _WINDOW):
            first = word.partition("=")[2]
            word = f"{_WINDOW}={' '.join([*([first] if first else []), *days])}"
            del left[: len(days)]
        joined.append(word)
    return joined


def wanted_of(windows: Sequence[str], troughs: Sequence[str], *, has_extremes: bool) -> tuple[Wanted, bool]:
    """Return what is wanted, and whether concentrations before doses are.

    Parameters
    ----------
    windows : sequence of str
        Two days each; days 14 to 28 where there are none.
    troughs : sequence of str
        A day each, or `doses`.
    has_extremes : bool
        Whether the lowest and the highest concentration of each window are wanted.

    Raises
    ------
    InputError
        With every window and every day that is none.
    """
    from pkpd.exposure.measures import Wanted  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.exposure.metrics import WEEK_2_TO_4  # noqa: PLC0415

    numbers = [_days(text) for text in windows]
    faults = [*_window_faults(windows, numbers)]
    days: list[float] = []
    for text in troughs:
        if text.strip().lower() == DOSES:
            continue
        try:
            day = float(text)
        except ValueError:
            day = math.nan
        if not 0.0 <= day < math.inf or day in days:
            again = "is given twice" if day in days else "is no day"
            faults.append(Problem("--trough", f"“{text}” {again}; expected a day from 0 on, or “{DOSES}”"))
        days.append(day)
    if faults:
        raise InputError(faults)
    has_doses = any(text.strip().lower() == DOSES for text in troughs)
    return Wanted(tuple(numbers) or (WEEK_2_TO_4,), tuple(days), has_extremes), has_doses


def _days(text: str) -> tuple[float, float]:
    """Return the two days of a window; NaN where they are none."""
    try:
        start, end = map(float, text.split())
    except ValueError:
        return math.nan, math.nan
    return start, end


def _window_faults(texts: Sequence[str], windows: Sequence[tuple[float, float]]) -> Iterator[Problem]:
    for i, (text, (start, end)) in enumerate(zip(texts, windows, strict=True)):
        if not 0.0 <= start < end < math.inf:
            message = f"{' to '.join(text.split())} is no window; expected two days, the earlier first"
            yield Problem(_WINDOW, message)
        elif (start, end) in windows[:i]:
            yield Problem(_WINDOW, f"{start:g} to {end:g} is given twice; expected different windows")
