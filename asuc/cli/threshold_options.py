"""What `asuc tte threshold` is asked for: markers with their directions, thresholds, days."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from asuc.cli.exposure_events import tells_outcome
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tte.evaluation.event_times import EventTimes


class MarkerWanted(NamedTuple):
    """A marker, which of its values mean the event (None: found from the data), and the study it comes from (None: the file)."""

    name: str
    direction: Literal["lower", "higher"] | None
    source: str | None = None


def wanted_markers(file: str, given: Sequence[str] | None, columns: Collection[str]) -> tuple[MarkerWanted, ...]:
    """Return the markers that stand behind `--marker`, or all columns but those that `asuc exposure` marks subjects with.

    Who is at risk at the landmark, say, is known from the outcome, and would be the best marker of all.

    Raises
    ------
    InputError
        With every name that is no numeric column, every wrong direction, and where there is no column at all.
    """
    all_markers = [name for name in columns if not tells_outcome(name)]
    if not (columns if given else all_markers):
        raise input_error(file, "holds no numeric column beside ID, times and EVENT; expected at least one marker")
    if not given:
        return tuple(MarkerWanted(name, None) for name in all_markers)
    found, problems = dict[str, MarkerWanted](), list[Problem]()
    for text in given:
        word, _, side = text.partition(":")
        name = word.strip().upper()
        if name not in columns:
            problems.append(
                Problem("--marker", f"“{word}” is no numeric column of {file}; it has {', '.join(columns)}")
            )
        elif side not in {"", "lower", "higher"}:
            problems.append(Problem("--marker", f"“{text}” ends in “{side}”; expected {word}:lower or {word}:higher"))
        elif name in found:
            problems.append(Problem("--marker", f"“{word}” is given twice"))
        else:
            found[name] = MarkerWanted(name, "lower" if side == "lower" else "higher" if side else None)
    if problems:
        raise InputError(problems)
    return tuple(found.values())


def given_thresholds(given: Sequence[str] | None, markers: Sequence[MarkerWanted]) -> dict[str, tuple[float, ...]]:
    """Return the thresholds that stand behind `--at`, by marker.

    Raises
    ------
    InputError
        With every one that is no number, or of no marker, or leaves open of which.
    """
    names = [one.name for one in markers]
    found, problems = dict[str, tuple[float, ...]](), list[Problem]()
    for text in given or ():
        word, sign, value = text.rpartition("=")
        name = word.strip().upper() if sign else names[0]
        if not sign and len(names) > 1:
            message = f"“{text}” leaves open of which of {len(names)} markers; expected NAME={value}, such as {names[0]}={value}"
            problems.append(Problem("--at", message))
        elif name not in names:
            problems.append(Problem("--at", f"“{word}” is none of the markers {', '.join(names)}"))
        elif (number := _number(value)) is None:
            problems.append(Problem("--at", f"“{text}” is not a number, nor NAME=NUMBER"))
        else:
            found[name] = (*found.get(name, ()), number)
    if problems:
        raise InputError(problems)
    return found


def check_days(file: str, times: EventTimes, horizon: float, landmark: float) -> None:
    """Refuse a horizon that nobody is observed until, and a landmark that is none.

    Raises
    ------
    InputError
        With every problem.
    """
    from tte.evaluation.event_times import check_horizon  # noqa: PLC0415 - the engine loads after the words are read

    problems: list[Problem] = []
    try:
        check_horizon(times, horizon)
    except InputError as error:
        problems = [Problem(f"{file}: --horizon", one.message) for one in error.problems]
    if not problems and not (math.isfinite(landmark) and 0.0 <= landmark < horizon):
        problems.append(
            Problem("--landmark", f"is {landmark:g}; expected a day before the horizon {horizon:g}, or 0 for none")
        )
    if problems:
        raise InputError(problems)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
