"""The regimens and event times that `asuc exposure` is asked for, checked before anything is computed."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asuc.cli.output import report
from pkpd.errors import InputError, Problem, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.data.cohort import Cohort
    from tte.data.events import Events, Landmark
    from tte.data.events_file import EventsReading


@dataclass(frozen=True, slots=True)
class Choices:
    """What the options say of regimens and event times.

    Parameters
    ----------
    regimen : str or None
        A hypothetical regimen: `label` or a file.
    planned, plan : str or None
        A file of planned doses, or `label`.
    events : str or None
        A file of event times.
    landmark : float or None
        Day of the landmark.
    """

    regimen: str | None
    planned: str | None
    plan: str | None
    events: str | None
    landmark: float | None


@dataclass(frozen=True, slots=True)
class EventTimes:
    """A cohort's event times.

    Parameters
    ----------
    reading : EventsReading
        The file.
    events : Events
        What it says.
    landmark : Landmark or None
        Who is at risk on the day of the landmark.
    """

    reading: EventsReading
    events: Events
    landmark: Landmark | None

    def until(self, ids: Sequence[str]) -> FloatArray:
        """Return until when each subject was free of the event and watched [day]; NaN where there are no event times."""
        import numpy as np  # noqa: PLC0415

        last = dict(zip(self.events.ids, self.events.stop[self.events.last].tolist(), strict=True))
        return np.array([last.get(name, math.nan) for name in ids])

    def has_event(self, ids: Sequence[str]) -> list[bool | None]:
        """Return whether each subject has the event; None where there are no event times."""
        is_event = (self.events.kind[self.events.last] != 0).tolist()
        last = dict(zip(self.events.ids, is_event, strict=True))
        return [last.get(name) for name in ids]

    def at_risk(self, ids: Sequence[str]) -> list[str]:
        """Return 1 or 0 for each subject at the landmark; nothing where that is not known."""
        if self.landmark is None:
            return []
        left, out = set(self.landmark.events.ids), set(self.landmark.left_out)
        return ["1" if name in left else "0" if name in out else "" for name in ids]


@dataclass(frozen=True, slots=True)
class Regimens:
    """The doses that an exposure is meant of.

    Parameters
    ----------
    cohort : Cohort
        The subjects with these doses.
    planned_from : (n_subjects,) array or None
        Day of each subject's first planned dose, infinite where it has none; None where nothing was planned.
    n_left_out : int
        Planned doses that stand before the end of what is known, and do not count.
    hypothetical : str or None
        Name of a regimen that nobody was given.
    notes : tuple of str
        What a reader should know.
    """

    cohort: Cohort
    planned_from: FloatArray | None
    n_left_out: int
    hypothetical: str | None
    notes: tuple[str, ...]

    def planned_before(self, day: float) -> BoolArray:
        """Return which subjects have a planned dose before a day, (n_subjects,)."""
        import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

        return np.zeros(self.cohort.n_subjects, np.bool_) if self.planned_from is None else self.planned_from < day

    def sha256(self) -> str:
        """Return the hash of the doses."""
        data = self.cohort
        parts = (data.dose_start, data.dose_time, data.dose_amount, data.dose_duration)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def check_choices(given: Choices) -> None:
    """Refuse options that clash.

    Raises
    ------
    InputError
        With every clash.
    """
    faults: list[Problem] = []
    if given.planned is not None and given.plan is not None:
        faults.append(
            Problem("--plan", f"{given.plan} is given beside --planned {given.planned}; expected one of the two")
        )
    if given.regimen is not None and (given.planned is not None or given.plan is not None):
        faults.append(
            Problem("--regimen", "takes the place of all doses; expected no --planned and no --plan beside it")
        )
    if given.landmark is not None and given.events is None:
        faults.append(
            Problem("--landmark", f"day {given.landmark:g} is given without event times; expected --events as well")
        )
    if faults:
        raise InputError(faults)


def read_event_times(given: Choices) -> EventTimes | None:
    """Read event times, and say on standard error what a reader should know; None where none are given.

    Raises
    ------
    InputError
        With every problem of the file, and where nobody is left at the landmark.
    """
    return None if given.events is None else event_times_of(given.events, given.landmark, needs_event=False)


def event_times_of(
    path: str, landmark_day: float | None = None, covariates: Sequence[str] = (), *, needs_event: bool = True
) -> EventTimes:
    """Read event times with some covariates, and say on standard error what a reader should know.

    A file without any event is refused where an analysis needs one; an exposure does not.

    Raises
    ------
    InputError
        With every problem of the file, and where nobody is left at the landmark.
    """
    from tte.data.events import landmark  # noqa: PLC0415
    from tte.data.events_file import read_events  # noqa: PLC0415

    reading = read_events(path, covariates, needs_event=needs_event)
    events = reading.checked()
    for note in reading.notes:
        report(f"{path}: {note}")
    return EventTimes(reading, events, None if landmark_day is None else landmark(events, landmark_day))


def check_common(ids: Sequence[str], events: str, with_events: Sequence[str], cohort: str) -> None:
    """Refuse event times of which no subject is in the cohort.

    Raises
    ------
    InputError
        Where no name stands in both files.
    """
    from pkpd.data.planned_doses import listed  # noqa: PLC0415 - the engine loads after the words are read

    if not set(ids) & set(with_events):
        message = f"no ID of it stands in {cohort}: {listed(with_events)} here, {listed(ids)} there; expected the same ID in both files"
        raise input_error(events, message)


def regimens_of(cohort: Cohort, given: Choices, times: EventTimes | None) -> Regimens:
    """Return the doses that the exposure is meant of.

    Raises
    ------
    InputError
        With every problem of planned doses and regimens.
    """
    if given.regimen is not None:
        return _hypothetical(cohort, given.regimen)
    if given.planned is None and given.plan is None:
        return Regimens(cohort, planned_from=None, n_left_out=0, hypothetical=None, notes=())
    import numpy as np  # noqa: PLC0415

    from pkpd.data.planned_doses import (  # noqa: PLC0415
        add_planned_doses,
        label_doses,
        last_record,
        listed,
        read_planned_doses,
    )

    until = np.full(cohort.n_subjects, np.nan) if times is None else times.until(cohort.ids)
    if given.planned is None:
        # What was given until the last record is known, and until the event or the last sight.
        now = np.fmax(until, last_record(cohort))
        planned = label_doses(cohort, now)
    else:
        now = np.where(np.isnan(until), -np.inf, until)
        planned = read_planned_doses(given.planned)
    found = add_planned_doses(cohort, planned, now)
    notes: list[str] = []
    n = int(found.n_left_out.sum())
    if n:
        who = [cohort.ids[i] for i in np.flatnonzero(found.n_left_out).tolist()]
        verb = "is" if n == 1 else "are"
        notes.append(
            f"{counted(n, 'planned dose')} {verb} left out, since the records go on beyond them ({listed(who)})."
        )
    return Regimens(found.cohort, found.first, n, hypothetical=None, notes=tuple(notes))


def _hypothetical(cohort: Cohort, regimen: str) -> Regimens:
    from pkpd.data.hypothetical_regimen import label_regimen, regimen_of_file  # noqa: PLC0415

    is_label = regimen.strip().lower() == "label"
    changed = label_regimen(cohort) if is_label else regimen_of_file(cohort, regimen)
    name = "label" if is_label else regimen
    note = f"The doses are those of a hypothetical regimen ({name}); the parameters are those of the doses given and the levels."
    return Regimens(changed, planned_from=None, n_left_out=0, hypothetical=name, notes=(note,))


def windows_without_plan(
    ids: Sequence[str], times: EventTimes | None, regimens: Regimens, windows: Sequence[tuple[float, float]]
) -> list[str]:
    """Return a sentence for each window that the event of some subjects cuts short and that no planned dose goes on in."""
    if times is None or regimens.planned_from is not None or regimens.hypothetical is not None:
        return []
    from pkpd.data.planned_doses import listed  # noqa: PLC0415

    until, has_event = times.until(ids).tolist(), times.has_event(ids)
    is_interval = (times.events.upper > times.events.stop).any()
    have, has = ("have, or may have,", "has, or may have,") if is_interval else ("have", "has")
    said: list[str] = []
    for start, end in windows:
        early = [name for name, day, is_event in zip(ids, until, has_event, strict=True) if is_event and day < end]
        if early:
            who = f"1 subject {has}" if len(early) == 1 else f"{len(early):,} subjects {have}"
            said.append(
                f"{who} the event before day {end:g} and no plan is given: the exposure from day {start:g} to {end:g} is "
                f"that of the doses given until then ({listed(early)}); --planned or --plan says what was planned."
            )
    return said


def origin_of(regimens: Regimens, times: EventTimes | None, given: Choices) -> dict[str, Any]:
    """Return what an exposure depends on beside cohort and model; nothing where the doses are those given and there are no event times."""
    found: dict[str, Any] = {}
    if regimens.hypothetical is not None:
        found["hypothetical_regimen"] = regimens.hypothetical
    if regimens.planned_from is not None:
        found["planned"] = given.planned or f"{given.plan} plan"
    if found:
        found["regimens_sha256"] = regimens.sha256()
    if times is not None:
        found |= {"events_sha256": times.reading.table.sha256, "landmark_day": given.landmark}
    return found
