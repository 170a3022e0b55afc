"""What each record of a time-to-event run is: an event, censoring, an interval, or nothing, found by its likelihood at several times and THETA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nonmem_ref.recognition.atoms import NotRecognizedError
from nonmem_ref.recognition.likelihood_code import log_likelihood
from tte.data.events import EventKind
from tte.estimation.row_likelihood import row_log_likelihoods

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.hazard_effects import HazardModel
    from pkpd.arrays import BoolArray, FloatArray, IntArray

# Factors of all times, of stop, of start and of upper at which likelihoods are compared, and how close they have to be.
_NEARLY = 2.0**-13
_MOVES = (
    (1.0, 1.0, 1.0),
    (1.1, 1.1, 1.1),
    (1.0 + _NEARLY, 1.0, 1.0),
    (1.0, 1.0 - _NEARLY, 1.0),
    (1.0, 1.0, 1.0 - _NEARLY),
)
_CLOSE, _NOTHING = 1e-8, 1e-15


class _Reading(NamedTuple):
    """One thing that a record may be: which times are start, stop and upper of the engine's row, and its kind."""

    start: str
    stop: str
    upper: str
    kind: EventKind


_ZERO, _START, _STOP, _UPPER = "zero", "start", "stop", "upper"
# The first that has the likelihood of the code is meant; with a start before those that do without.
_READINGS = tuple(
    reading
    for start in (_START, _ZERO)
    for reading in (
        _Reading(start, _STOP, _STOP, EventKind.CENSORED),
        _Reading(start, _STOP, _STOP, EventKind.EVENT),
        _Reading(start, _STOP, _UPPER, EventKind.INTERVAL),
        _Reading(start, _UPPER, _STOP, EventKind.INTERVAL),
        _Reading(start, start, _STOP, EventKind.INTERVAL),
    )
)


@dataclass(frozen=True, slots=True)
class EventRecords:
    """Records that say something of the event, as rows of the engine.

    Parameters
    ----------
    record : (n,) array
        Their places in the data set, from 0.
    start, stop, upper : (n,) arrays
        As in `tte.data.events.Events`.
    kind : (n,) array
        An `EventKind` each.
    n_silent : int
        Records that count and have a likelihood of 1 whatever the parameters are.
    """

    record: IntArray
    start: FloatArray
    stop: FloatArray
    upper: FloatArray
    kind: IntArray
    n_silent: int


def recognize_records(model: HazardModel, upper: str | None, dataset: Dataset) -> EventRecords:
    """Recognize what each record is.

    Parameters
    ----------
    model : HazardModel
        Hazard and covariates, with the items of stop and start.
    upper : str or None
        Data item of the other end of intervals.
    dataset : Dataset
        For lines in messages.

    Raises
    ------
    NotRecognizedError
        For a record that is none of these.
    """
    code = model.survival.code
    counted = np.flatnonzero(code.is_counted)
    open_ = [np.ones(counted.size, dtype=bool) for _ in _READINGS]
    is_silent = np.ones(counted.size, dtype=bool)
    at_once = log_likelihood(model.survival.code, model.survival.code.columns, model.survival.code.thetas)[counted]
    if not np.isfinite(at_once).all():
        raise _no_number(at_once, counted, dataset)
    for theirs, ours in _looks(model, upper, counted):
        is_silent &= np.abs(theirs) <= _NOTHING
        size = np.maximum(np.abs(theirs), 1.0)
        open_ = [
            fits & ((np.abs(value - theirs) <= _CLOSE * size) | ~is_possible)
            for fits, (value, is_possible) in zip(open_, ours, strict=True)
        ]
    places = [np.flatnonzero(fits & ~is_silent) for fits in open_]
    chosen = np.full(counted.size, -1)
    for i, rows in reversed(list(enumerate(places))):
        chosen[rows] = i
    unknown = np.flatnonzero((chosen < 0) & ~is_silent)
    if unknown.size:
        raise _unlike(unknown, counted, dataset)
    times = _times(model, upper, counted, _MOVES[0])
    kept = np.flatnonzero(~is_silent)
    reading: IntArray = chosen[kept]

    def part(names: Sequence[str]) -> FloatArray:
        """Return of each kept record the time that its reading has in a place."""
        return np.choose(reading, [times[name][kept] for name in names])

    start, stop, until = (part([one[:3][place] for one in _READINGS]) for place in range(3))
    kind: IntArray = np.array([int(one.kind) for one in _READINGS], dtype=np.int64)[reading]
    return EventRecords(counted[kept], start, stop, until, kind, int(is_silent.sum()))


def _no_number(at_once: FloatArray, counted: IntArray, dataset: Dataset) -> NotRecognizedError:
    row = int(np.flatnonzero(~np.isfinite(at_once))[0])
    found = "0" if np.isneginf(at_once[row]) else "no number"
    return NotRecognizedError(
        f"gives the record in line {dataset.lines[counted[row]]} of the data a likelihood that is {found} at the initial estimates; expected one above 0"
    )


def _unlike(unknown: IntArray, counted: IntArray, dataset: Dataset) -> NotRecognizedError:
    more = f" (and {unknown.size - 1:,} more records)" if unknown.size > 1 else ""
    line = dataset.lines[counted[unknown[0]]]
    return NotRecognizedError(
        f"gives the record in line {line} of the data{more} a likelihood that is none of an event, of being free of it until then, or of an "
        "event between two times, with the same parameters as at other records"
    )


def _looks(
    model: HazardModel, upper: str | None, counted: IntArray
) -> Iterator[tuple[FloatArray, list[tuple[FloatArray, BoolArray]]]]:
    """Yield the code's log-likelihood of each record, and that of each reading with where it is possible, at several times and THETA."""
    code = model.survival.code
    own = {name: column[counted] for name, column in code.columns.items()}
    for m, (thetas, at) in enumerate(zip(model.sets, model.linear, strict=True)):
        linear = _linear(model, at, own)
        for move in _MOVES if m == 0 else _MOVES[:1]:
            items = {name: code.columns[name] * factor for name, factor in _items(model, upper, move)}
            theirs = log_likelihood(code, {**code.columns, **items}, thetas)[counted]
            times = _times(model, upper, counted, move)
            is_moved = move != _MOVES[0]
            yield theirs, [_read(one, model, times, linear, is_moved=is_moved) for one in _READINGS]


def _read(
    reading: _Reading, model: HazardModel, times: Mapping[str, FloatArray], linear: FloatArray, *, is_moved: bool
) -> tuple[FloatArray, BoolArray]:
    """Return the log-likelihood of each record under a reading, and where its times are in order, or were not before they were moved."""
    start, stop, upper = times[reading.start], times[reading.stop], times[reading.upper]
    is_interval = reading.kind is EventKind.INTERVAL
    in_order = (start >= 0.0) & (stop >= start) & ((upper > stop) if is_interval else (stop > 0.0))
    time = np.column_stack((start, stop, upper))
    kind = np.full(start.size, int(reading.kind), dtype=np.int64)
    value, _ = row_log_likelihoods(model.hazard, np.where(in_order[:, None], time, 1.0), kind, linear)
    return np.where(in_order, value, np.nan), in_order | (not is_moved)


def _linear(model: HazardModel, values: FloatArray, columns: Mapping[str, FloatArray]) -> FloatArray:
    """Return the linear predictors of records, (n, n_parameters)."""
    n_own = len(model.hazard.parameters)
    n = columns[model.survival.stop].size
    found = np.tile(values[:n_own], (n, 1))
    for effect, value in zip(model.effects, values[n_own:], strict=True):
        found[:, effect.parameter] += value * (effect.feature.values(columns) - effect.reference)
    return found


def _items(model: HazardModel, upper: str | None, move: tuple[float, float, float]) -> Iterator[tuple[str, float]]:
    for name, factor in zip((model.survival.stop, model.survival.start, upper), move, strict=True):
        if name is not None:
            yield name, factor


def _times(
    model: HazardModel, upper: str | None, counted: IntArray, move: tuple[float, float, float]
) -> dict[str, FloatArray]:
    """Return the times of records by their part; not a number where no item has it."""
    code = model.survival.code
    found = {_ZERO: np.zeros(counted.size)}
    names = zip((_STOP, _START, _UPPER), (model.survival.stop, model.survival.start, upper), move, strict=True)
    for part, item, factor in names:
        found[part] = np.full(counted.size, np.nan) if item is None else code.columns[item][counted] * factor
    return found
