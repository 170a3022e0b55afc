"""What `asuc exposure` writes once all subjects are known: event times, draws, figures, and the document of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from asuc.cli.exposure_draws import finish_draws
from asuc.cli.exposure_events import write_event_file
from asuc.cli.exposure_rows import A_PRIORI, EARLY, hypothetical_label
from asuc.cli.exposure_table import (
    FAILED,
    SUMMARY,
    Columns,
    distribution,
    exposure_document,
    ids_without_parameters,
    values_of,
)
from asuc.cli.figure_files import FOLDER, write_figures
from asuc.cli.output import report
from asuc.cli.progress import shown_progress
from asuc.cli.published_markers import threshold_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from asuc.cli.exposure_rows import Command
    from asuc.cli.exposure_table import Row

_EVENTS = "events_with_exposure.csv"
_MOST_NAMED = 20


def written(command: Command, folder: Path, rows: Sequence[Row], said: Sequence[str]) -> dict[str, Any]:
    """Write what follows from the lines of all subjects, and return the document of it."""
    given, ids = command.exposures, command.ids
    further = [name for name in rows[0] if name in (A_PRIORI, EARLY)]
    columns = Columns(given.names, command.source, {name: [row[name] for row in rows] for name in further})
    notes = list(said)
    if unexplained := ids_without_parameters(rows):
        notes.append(
            f"No parameters explain the levels of {', '.join(unexplained[:_MOST_NAMED])}; their cells are empty."
        )
        report(notes[-1])
    document = exposure_document(rows, columns, given.wanted.windows[0])
    document |= {"from": command.source, "windows_day": [list(one) for one in given.wanted.windows]}
    document |= _planned(command)
    if further:
        document["comparators"] = _comparator_document(rows, further)
    if command.times is not None:
        names = command.event_names(further)
        document["events"], unmatched = write_event_file(folder / _EVENTS, command.times.reading.table, rows, names)
        for note in unmatched:
            report(note)
        notes += unmatched
        document |= _landmark(command, rows, columns)
    if given.n_draws:
        file = folder / f"draws.{command.draws_as}"
        label = None if command.regimens.hypothetical is None else hypothetical_label(command.regimens)
        document["n_draws"] = finish_draws(file, ids, given, label)
    if command.is_drawn:
        _draw(command, folder, rows, columns)
    return document | {"notes": notes}


def _planned(command: Command) -> dict[str, Any]:
    """Return how many subjects have planned doses in each window."""
    planned = command.regimens.planned_from
    if planned is None:
        return {}
    windows = command.exposures.wanted.windows
    return {"n_with_planned_doses": {f"{a:g} to {b:g}": int((planned < b).sum()) for a, b in windows}}


def _comparator_document(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415

    found: dict[str, Any] = {}
    for name in names:
        values = values_of(rows, name)
        known = {key: float(np.quantile(values, share)) for key, share in SUMMARY} if values else {}
        found[name] = {"n": len(values), **known}
        if name == A_PRIORI:
            threshold = threshold_of(name)
            found[name] |= {"threshold": threshold, "n_above_threshold": sum(value > threshold for value in values)}
    return found


def _landmark(command: Command, rows: Sequence[Row], columns: Columns) -> dict[str, Any]:
    """Return the same distributions of those at risk at the landmark."""
    times = command.times
    if times is None or times.landmark is None:
        return {}
    left = set(times.landmark.events.ids)
    own = [row for row in rows if row["id"] in left]
    report(times.landmark.sentence())
    return {
        "landmark": {
            "day": times.landmark.day,
            "n_subjects": len(own),
            "n_events": sum(bool(has) for has in times.has_event([row["id"] for row in own])),
            "left_out": list(times.landmark.left_out),
            "unknown": list(times.landmark.unknown),
            "subjects": distribution([row for row in own if row["status"] != FAILED], columns),
        }
    }


def _draw(command: Command, folder: Path, rows: Sequence[Row], columns: Columns) -> None:
    from pkpd.figures.exposure import DrawnMeasure, exposure_figures  # noqa: PLC0415 - loads Matplotlib

    def numbers(column: str) -> list[float]:
        return [float(row[column]) if row[column] else math.nan for row in rows]

    drawn = [DrawnMeasure(name, numbers(f"{name}_{columns.middle}")) for name in columns.names]
    drawn += [DrawnMeasure(name, numbers(name)) for name in columns.further]
    has_event = None if command.times is None else command.times.has_event(command.ids)
    at_risk = None if command.times is None else command.times.at_risk(command.ids)
    landmark = None if command.times is None or command.times.landmark is None else command.times.landmark.day
    label = None if command.regimens.hypothetical is None else command.regimens.hypothetical
    drawings, left_out = exposure_figures(
        command.ids,
        drawn,
        has_event=has_event,
        at_risk=None if not at_risk else [one == "1" for one in at_risk],
        landmark=landmark,
        what="median of each posterior" if command.source == "posterior" else "mode of each posterior",
        hypothetical=label,
    )
    with shown_progress("Drawing") as tell:
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=lambda done: tell(done / len(drawings)))
