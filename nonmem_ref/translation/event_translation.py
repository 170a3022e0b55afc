"""Recognized times to an event as the engine's files: a model file (`asuc-tte-model/1`) and event times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.recognition.hazard_effects import Scale
from nonmem_ref.recognition.recognize_events import recognize_events
from nonmem_ref.translation.covariates import column_of
from nonmem_ref.translation.translate import within
from pkpd.errors import InputError
from tte.data.events import EventKind
from tte.estimation.model import Effect, EventTimeModel, on_linear_scale
from tte.estimation.model_file import model_text

if TYPE_CHECKING:
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.hazard_effects import Feature
    from nonmem_ref.recognition.recognize_events import RecognizedEvents
    from nonmem_ref.translation.translate import Run
    from pkpd.arrays import FloatArray, IntArray

_OF_EVENTS = frozenset({"ID", "TIME", "EVENT", "ENTRY", "TIME2", "START", "STOP"})


@dataclass(frozen=True, slots=True)
class EventTranslation:
    """Times to an event in the engine's terms.

    Parameters
    ----------
    control : ControlProblem
        The control stream.
    dataset : Dataset
        Its data.
    recognized : RecognizedEvents
        What was recognized.
    model : EventTimeModel
        The model, with its values.
    text : str
        Its file.
    head, rows : tuple and list
        The file of event times.
    notes : tuple of str
        What was passed over or assumed.
    """

    control: ControlProblem
    dataset: Dataset
    recognized: RecognizedEvents
    model: EventTimeModel
    text: str
    head: tuple[str, ...]
    rows: list[tuple[float | str, ...]]
    notes: tuple[str, ...]


def translated_events(run: Run) -> EventTranslation:
    """Translate times to an event.

    Parameters
    ----------
    run : Run
        A control stream with $PRED, and its data.

    Raises
    ------
    InputError
        With every construct that the engine has not, by line and record.
    """
    found = recognize_events(run.control, run.dataset)
    if found.events is None:
        raise InputError(within(run.path, found.problems))
    model = _model(found.events)
    origin = f"Control stream {run.path.name} ({run.control.title}); numbers are in the units of its data."
    head, rows = _rows(found.events, run.dataset)
    notes = (*run.notes, *found.notes)
    return EventTranslation(run.control, run.dataset, found.events, model, model_text(model, origin), head, rows, notes)


def _model(events: RecognizedEvents) -> EventTimeModel:
    hazard = events.hazard.hazard
    effects = tuple(
        Effect(hazard.parameters[one.parameter].name, _column(one.feature), one.reference)
        for one in events.hazard.effects
    )
    bare = EventTimeModel(hazard, effects)
    values = dict(zip(bare.names, events.values.tolist(), strict=True))
    held = frozenset(name for name, is_fixed in zip(bare.names, events.is_fixed, strict=True) if is_fixed)
    return replace(bare, initial=on_linear_scale(bare, values), fixed=held)


def _column(feature: Feature) -> str:
    """Return the column of a feature: CRP, LN_WT, SEX_EQ_1."""
    name = column_of(feature.covariate)
    if feature.scale is Scale.LOGARITHM:
        return f"LN_{name}"
    return f"X_{name}" if name in _OF_EVENTS else name


def _rows(events: RecognizedEvents, dataset: Dataset) -> tuple[tuple[str, ...], list[tuple[float | str, ...]]]:
    """Return head and rows of the file of event times."""
    records = events.records
    individual: IntArray = dataset.individual[records.record]
    is_process = bool((np.diff(individual) == 0).any())
    has_event = (records.kind != EventKind.CENSORED).astype(np.int64)
    is_interval = records.kind == EventKind.INTERVAL
    columns: dict[str, FloatArray | IntArray] = {}
    if is_process:
        columns |= {"START": records.start, "STOP": records.stop, "EVENT": has_event}
    else:
        columns |= {"TIME": records.stop, "EVENT": has_event}
        if (records.start > 0.0).any():
            columns["ENTRY"] = records.start
        if is_interval.any():
            columns["TIME2"] = np.where(is_interval, records.upper, np.nan)
    for effect in events.hazard.effects:
        columns[_column(effect.feature)] = effect.feature.values(dataset.columns)[records.record]
    names = [dataset.names[int(i)] for i in individual]
    cells = (column.tolist() for column in columns.values())
    return ("ID", *columns), list(zip(names, *cells, strict=True))
