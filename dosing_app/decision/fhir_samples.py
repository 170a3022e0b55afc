"""The samples of a case from the infliximab levels of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision import case_tree
from dosing_app.decision.fhir_faults import Finding, figure, note_at
from dosing_app.language import message, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_tree import Tree
    from dosing_app.decision.fhir_results import Result
    from dosing_app.decision.fhir_times import Clock, Moment
    from dosing_app.language import Message


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples in time order.

    Parameters
    ----------
    rows : tuple of dict
        As a case has them.
    notes : tuple of Message
        What was converted, assumed, left out, or kept without being used.
    problems : tuple of Finding
        What a case cannot hold.
    """

    rows: tuple[Tree, ...]
    notes: tuple[Message, ...]
    problems: tuple[Finding, ...]


def samples_of(levels: Sequence[Result], infusions: Sequence[Moment], clock: Clock) -> Samples:
    """Return the samples that levels are.

    Parameters
    ----------
    levels : sequence of Result
        In the order of the bundle.
    infusions : sequence of Moment
        Starts of all infusions.
    clock : Clock
        Of the infusions.

    Returns
    -------
    Samples
        A sample before the first infusion is left out. One of which it is not known on which side of an infusion of the
        same date it lies, or that claims drug at the very start of the first one, is kept with the reason why it is not
        used. Of two at the same time the one counts whose status does; two that differ otherwise are a problem.
    """
    rows: dict[float, tuple[Result, Tree]] = {}
    notes: list[Message] = []
    problems: list[Finding] = []
    for level in sorted(levels, key=lambda level: _order(level, clock)):
        day = clock.day_of(level.drawn)
        row, reasons = _row(level, day, infusions)
        if day < 0:
            notes.append(note_at(level.place, message("fhir.level_before", day=figure(round(-day, 2)))))
        elif case_tree.day(day) is None:
            problems.append(Finding(level.place, message("fhir.too_late", day=figure(round(day, 2)))))
        elif day not in rows:
            rows[day] = level, row
            notes += [*level.notes, *(note_at(level.place, said) for said in reasons)]
        elif rows[day][1] == row or rows[day][0].rank > level.rank:
            notes.append(note_at(level.place, message("fhir.same_time_left", other=rows[day][0].place)))
        else:
            problems.append(Finding(level.place, message("fhir.same_time", other=rows[day][0].place)))
    return Samples(tuple(row for _, row in rows.values()), tuple(notes), tuple(problems))


def _order(level: Result, clock: Clock) -> tuple[float, int, bool, float]:
    """Return what levels are sorted by, so that their order in the bundle does not matter."""
    return clock.day_of(level.drawn), -level.rank, level.drawn.at is None, level.measured.value


def _row(level: Result, day: float, infusions: Sequence[Moment]) -> tuple[Tree, list[Message]]:
    """Return the sample of a level, and what is to be said about its time."""
    measured = level.measured
    row: Tree = {"time_day": plain(day)}
    if measured.censored is None:
        row |= {"concentration_mg_per_L": plain(measured.value)}
    else:
        limit = "lloq_mg_per_L" if measured.censored == "below" else "uloq_mg_per_L"
        row |= {"censored": measured.censored, limit: plain(measured.value)}
    if any(_is_side_unknown(level.drawn, start) for start in infusions):
        reason = message("fhir.side_unknown")
    elif day == 0 and measured.censored != "below":
        reason = message("fhir.at_first_start")
    else:
        return row, [message("fhir.date_only", day=figure(day))] if level.drawn.at is None else []
    return row | {"exclude": spoken(reason)}, [message("fhir.not_used", reason=reason)]


def _is_side_unknown(drawn: Moment, start: Moment) -> bool:
    """Return whether a sample of an infusion's date may lie before it, at a trough, as well as after it, at a peak."""
    return drawn.on == start.on and (drawn.at is None or start.at is None)


def plain(number: float) -> float:
    """Return a whole number without its decimal point, as a case has it."""
    return int(number) if number.is_integer() else number
