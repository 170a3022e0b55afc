"""One call of `asuc exposure`: the line of every subject, written as soon as it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asuc.cli.exposure_draws import forget_draws, has_draws, keep_draws
from asuc.cli.exposure_events import check_event_columns, event_columns
from asuc.cli.exposure_table import (
    Columns,
    add_to_table,
    begin_table,
    begin_troughs,
    cell,
    finish_table,
    mode_rows,
    row_of,
    trough_head,
    trough_rows,
)
from asuc.cli.output import report
from asuc.cli.progress import shown_progress
from asuc.cli.task import TaskFailure
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from asuc.cli.exposure_inputs import EventTimes, Regimens
    from asuc.cli.exposure_table import Row, Source
    from asuc.cli.task import Begin
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.exposure.cohort import ExposureOf, Measure, ModeExposure, SubjectExposure

_TABLE, _TROUGHS = "exposure.csv", "troughs.csv"
_AT_ONCE = 2_000
A_PRIORI, EARLY = "cl_a_priori_battat", "cl_day7"
"""Columns of the clearances that others predict from."""


@dataclass(frozen=True, slots=True)
class Command:
    """One call of the command.

    Parameters
    ----------
    exposures : ExposureOf
        What is computed of each subject.
    regimens : Regimens
        The doses that the exposures are meant of.
    times : EventTimes or None
        Event times.
    source : Source
        At the mode, or from the posterior.
    incomplete : Cohort
        The cohort with NaN for covariates that a subject has no value of.
    has_comparators : bool
        Whether the clearances of others are wanted.
    draws_as : str
        What draws are written as.
    is_drawn : bool
        Whether figures are wanted.
    """

    exposures: ExposureOf
    regimens: Regimens
    times: EventTimes | None
    source: Source
    incomplete: Cohort
    has_comparators: bool
    draws_as: str
    is_drawn: bool

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the subjects."""
        return self.exposures.cohort.ids

    def check(self) -> None:
        """Refuse event times that have a column of a name that is to be written.

        Raises
        ------
        InputError
            With each of them.
        """
        if self.times is not None:
            further = (A_PRIORI, EARLY) if self.has_comparators else ()
            check_event_columns(self.times.reading.table, self.event_names(further))

    def event_names(self, further: Sequence[str]) -> dict[str, str]:
        """Return the columns of the event times' file, and which column of the subjects' table each is."""
        landmark = None if self.times is None or self.times.landmark is None else self.times.landmark.day
        columns = Columns(self.exposures.names, self.source, {})
        return event_columns(columns, self.exposures.wanted, further, landmark, self.regimens)


def computed(
    command: Command, folder: Path, begin: Begin, *, resume: bool, is_resumable: bool = True
) -> tuple[list[Row], dict[str, str]]:
    """Return the line of every subject, each written as soon as it is known, and why some have no result.

    Where somebody interrupts it, a sentence says that ``--resume`` goes on, unless the command that asks has no such option.
    """
    computation = _Computation(command, folder, resume=resume)
    try:
        return computation.run(begin)
    except KeyboardInterrupt:
        if is_resumable:
            kept = f"{len(computation.rows)} of {counted(len(command.ids), 'subject')} are kept"
            report(f"{folder}: {kept}; the same command with --resume goes on from there.")
        raise


class _Computation:
    """The lines of all subjects while they become known."""

    def __init__(self, command: Command, folder: Path, *, resume: bool) -> None:
        self.command, self.folder = command, folder
        self.given = command.exposures
        self.columns = Columns(self.given.names, command.source, _further_columns(command))
        self.file = folder / _TABLE
        self.rows = begin_table(self.file, self.columns.head, resume=resume)
        if not resume:
            forget_draws(folder)
        if self.given.n_draws:
            place = {name: i for i, name in enumerate(command.ids)}
            self.rows = {name: row for name, row in self.rows.items() if has_draws(folder, place[name])}
        self.trough_head = trough_head(command.source, self._trough_further())
        self.troughs: dict[str, list[list[str]]] = {}
        if self.given.has_troughs:
            for row in begin_troughs(folder / _TROUGHS, self.trough_head, self.rows, resume=resume):
                self.troughs.setdefault(row["id"], []).append([row[name] for name in self.trough_head])
        self.failures: dict[str, str] = {}

    def run(self, begin: Begin) -> tuple[list[Row], dict[str, str]]:
        ids = self.command.ids
        missing = [place for place, name in enumerate(ids) if name not in self.rows]
        with shown_progress("Integrating" if self.command.source == "posterior" else "Searching modes") as tell:
            self._fill(missing, begin, tell)
        ordered = [self.rows[name] for name in ids]
        finish_table(self.file, self.columns.head, ordered)
        if self.given.has_troughs:
            lines = (row for name in ids for row in self.troughs.get(name, ()))
            named = (dict(zip(self.trough_head, row, strict=True)) for row in lines)
            finish_table(self.folder / _TROUGHS, self.trough_head, named)
        return ordered, {name: self.failures[name] for name in ids if name in self.failures}

    def _fill(self, missing: Sequence[int], begin: Begin, tell: Callable[[float], None]) -> None:
        import numpy as np  # noqa: PLC0415

        from pkpd.exposure.cohort import exposure_at, modes_at  # noqa: PLC0415 - loads the engine

        if self.command.source == "ebe":
            for first in range(0, len(missing), _AT_ONCE):
                places = np.array(missing[first : first + _AT_ONCE])
                self._keep_modes(modes_at(self.given, places))
                tell((first + places.size) / len(missing))
            return
        place: int
        for done, (place, outcome) in enumerate(begin(exposure_at, self.given)(missing), start=1):
            if isinstance(outcome, TaskFailure):
                name = self.command.ids[place]
                report(f"Subject {name}: {outcome.reason}; its cells are empty.")
                self.failures[name] = outcome.reason
            self._keep(place, None if isinstance(outcome, TaskFailure) else outcome)
            tell(done / len(missing))

    def _keep(self, place: int, one: SubjectExposure | None) -> None:
        """Write what is known of a subject; its line, which says that all of it is there, at last."""
        if one is not None:
            self._keep_troughs(place, one.troughs)
            if self.given.n_draws:
                keep_draws(self.folder, place, one.draws)
        self._keep_rows([row_of(self.given.cohort, place, one, self.columns)])

    def _keep_modes(self, found: ModeExposure) -> None:
        for place, levels in zip(found.places.tolist(), found.troughs, strict=False):
            self._keep_troughs(place, levels.tolist())
        self._keep_rows(mode_rows(self.given.cohort, found, self.columns))

    def _keep_rows(self, rows: Sequence[Row]) -> None:
        self.rows |= {row["id"]: row for row in rows}
        add_to_table(self.file, rows)

    def _trough_further(self) -> tuple[str, ...]:
        regimens = self.command.regimens
        planned = ("planned",) if regimens.planned_from is not None else ()
        return (*planned, *(("regimen",) if regimens.hypothetical is not None else ()))

    def _keep_troughs(self, place: int, levels: Sequence[Measure | float]) -> None:
        from pkpd.exposure.cohort import dose_days  # noqa: PLC0415

        if not levels:
            return
        regimens, name = self.command.regimens, self.command.ids[place]
        doses = dose_days(regimens.cohort, place)
        further: list[list[str]] = [[] for _ in doses]
        if regimens.planned_from is not None:
            further = [[str(int(day >= regimens.planned_from[place]))] for day, _ in doses]
        if regimens.hypothetical is not None:
            further = [[*more, hypothetical_label(regimens)] for more in further]
        self.troughs[name] = trough_rows(name, doses, levels, further)
        rows = [dict(zip(self.trough_head, row, strict=True)) for row in self.troughs[name]]
        add_to_table(self.folder / _TROUGHS, rows)


def _further_columns(command: Command) -> dict[str, list[str]]:
    """Return the cells of the columns that are known before anything is integrated."""
    found: dict[str, list[str]] = {}
    planned = command.regimens.planned_from
    if planned is not None:
        last = float(command.exposures.wanted.times.max())
        found["planned_from_day"] = [f"{day:.10g}" if day < last else "" for day in planned.tolist()]
    if command.times is not None and command.times.landmark is not None:
        found[f"at_risk_{command.times.landmark.day:g}"] = command.times.at_risk(command.ids)
    if command.has_comparators:
        found |= {name: list(map(cell, values)) for name, values in _comparators(command)}
    if command.regimens.hypothetical is not None:
        found["regimen"] = [hypothetical_label(command.regimens)] * len(command.ids)
    return found


def hypothetical_label(regimens: Regimens) -> str:
    """Return the words of the column of a hypothetical regimen."""
    return f"hypothetical: {regimens.hypothetical}"


def _comparators(command: Command) -> Iterator[tuple[str, list[float]]]:
    import numpy as np  # noqa: PLC0415

    from pkpd.exposure.comparators import baseline_clearance, early_clearance  # noqa: PLC0415

    baseline = baseline_clearance(command.incomplete)
    for note in baseline.notes:
        report(f"{A_PRIORI}: {note}")
    yield A_PRIORI, baseline.clearance.tolist()
    early: FloatArray = early_clearance(command.exposures.model, command.exposures.cohort)
    if n_without := int(np.isnan(early).sum()):
        report(f"{EARLY}: {n_without:,} of {counted(early.size, 'subject')} have none, for want of a level by day 7.")
    yield EARLY, early.tolist()
