"""From a control stream with $PRED and its data to the model of event times that it says, or to each reason why it says none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.control.matrices import matrix_of
from nonmem_ref.control.relevance import relevant
from nonmem_ref.control.tree import Assignment, Element, walk
from nonmem_ref.recognition.atoms import NotRecognizedError
from nonmem_ref.recognition.event_records import recognize_records
from nonmem_ref.recognition.hazard_effects import coefficients, recognize_hazard
from nonmem_ref.recognition.inline import numbered
from nonmem_ref.recognition.likelihood_code import LikelihoodCode, log_likelihood
from nonmem_ref.recognition.survival_code import survival_code
from pkpd.errors import InputError, Problem
from tte.data.events import EventKind
from tte.hazards.hazard import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nonmem_ref.control.code import Code
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.event_records import EventRecords
    from nonmem_ref.recognition.hazard_effects import HazardModel
    from pkpd.arrays import BoolArray, FloatArray

_OBSERVED = 0.0
_DISTURBED = 0.17
# How close a coefficient has to be to an element of THETA to be it, but for the last digits that computing left; and how far one moves.
_SAME, _MOVED = 1e-11, 1e-9


@dataclass(frozen=True, slots=True)
class RecognizedEvents:
    """Times to an event in the engine's terms, every number in the units of the control stream and its data.

    Parameters
    ----------
    hazard : HazardModel
        Hazard and covariates.
    values : (n_coefficients,) array
        The hazard's parameters at the references and the effects, on their natural scales, at the initial THETA.
    is_fixed : (n_coefficients,) array
        Which of them no THETA that is estimated changes.
    free : tuple of int
        Elements of THETA that are not fixed and that change some coefficient, from 1.
    records : EventRecords
        What became of the subjects.
    """

    hazard: HazardModel
    values: FloatArray
    is_fixed: BoolArray
    free: tuple[int, ...]
    records: EventRecords


@dataclass(frozen=True, slots=True)
class EventRecognition:
    """What was recognized.

    Parameters
    ----------
    events : RecognizedEvents or None
        The model and its records; None where there are problems.
    problems : tuple of Problem
        What the engine has not, or what is written in a way that is not recognized, with line and record.
    notes : tuple of str
        What changes nothing, in one sentence each.
    """

    events: RecognizedEvents | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def recognize_events(control: ControlProblem, dataset: Dataset) -> EventRecognition:
    """Recognize the times to an event of a control stream.

    Parameters
    ----------
    control : ControlProblem
        The control stream, with $PRED.
    dataset : Dataset
        Its data, on whose records the code is evaluated.

    Returns
    -------
    EventRecognition
        The model, or each reason why there is none. What is recognized gives the same likelihood as the code at every record, at other times
        and values of THETA as well.
    """
    pred = control.code("PRED")
    assert pred is not None, "the caller knows of $PRED"  # noqa: S101
    place = f"line {pred.line}, $PRED"
    whole = replace(pred, statements=numbered(pred.statements, control.labels))
    code = replace(whole, statements=relevant(whole.statements, ("Y", "F_FLAG")))
    problems = [*control.unsupported, *_unsupported(control, code, place)]
    if len(problems) > len(control.unsupported):
        return EventRecognition(None, tuple(problems), ())
    try:
        likelihood = _likelihood_code(control, code, dataset)
        _refuse_frailty(control, likelihood)
        found = _recognized(control, likelihood, dataset)
    except NotRecognizedError as refused:
        return EventRecognition(None, (*problems, Problem(place, str(refused))), ())
    except InputError as refused:
        problems += [Problem(f"{one.place or place}, $PRED", one.message) for one in refused.problems]
        return EventRecognition(None, tuple(problems), ())
    problems += _of_subjects(found, dataset)
    if problems:
        return EventRecognition(None, tuple(problems), ())
    return EventRecognition(found, (), tuple(_notes(control, found)))


def coefficient_values(events: RecognizedEvents, thetas: FloatArray) -> FloatArray:
    """Return the coefficients at other THETA, on the scale of the linear predictors.

    Parameters
    ----------
    events : RecognizedEvents
        What was recognized.
    thetas : (m, n_theta) array
        Values of THETA.

    Returns
    -------
    (m, n_coefficients) array
        The coefficients.
    """
    return coefficients(events.hazard, thetas)


def _unsupported(control: ControlProblem, code: Code, place: str) -> Iterator[Problem]:
    """Yield what no model of event times has."""
    last = control.estimations[-1] if control.estimations else None
    is_likelihood = last is not None and (last.has("likelihood") or last.has("minus_2_log_likelihood"))
    gives_flag = any(isinstance(node, Assignment) and node.target.name == "F_FLAG" for node in walk(*code.statements))
    if not is_likelihood and not gives_flag:
        yield Problem(
            place,
            "is read for times to an event; expected LIKELIHOOD or -2LOGLIKELIHOOD in $ESTIMATION (models of levels need $PK and $ERROR)",
        )
    for line, call in code.calls:
        yield Problem(f"line {line}, $PRED", f"is called as “{call}” says; expected at every record")
    if not control.thetas:
        yield Problem(f"line {control.line}, $PROBLEM", "has no $THETA")
    arrays = {node.array: node.line for node in walk(*code.statements) if isinstance(node, Element)}
    for array, line in arrays.items():
        if array not in {"THETA", "ETA", "OMEGA"}:
            yield Problem(f"line {line}, $PRED", f"has Y depend on {array}; expected a likelihood of THETA alone")


def _likelihood_code(control: ControlProblem, code: Code, dataset: Dataset) -> LikelihoodCode:
    is_first = np.concatenate(([True], np.diff(dataset.individual) != 0))
    columns = {"NEWIND": np.where(is_first, 1.0, 2.0), **dataset.columns}
    is_counted = dataset.columns.get("MDV", np.zeros(dataset.lines.size)) == _OBSERVED
    if not is_counted.any():
        raise NotRecognizedError("is given no record that counts; expected some with MDV 0")
    omega = matrix_of(control.omega)
    constants = {"ICALL": 2.0} | {f"ETA({i})": 0.0 for i in range(1, len(omega) + 1)}
    constants |= {f"OMEGA({i + 1},{j + 1})": float(omega[i, j]) for i, j in np.ndindex(*omega.shape)}
    last = control.estimations[-1] if control.estimations else None
    flag = 0.0
    if last is not None:
        flag = 2.0 if last.has("minus_2_log_likelihood") else 1.0 if last.has("likelihood") else 0.0
    thetas = np.array([theta.initial for theta in control.thetas])
    return LikelihoodCode(code.statements, columns, is_counted, thetas, constants, flag)


def _refuse_frailty(control: ControlProblem, code: LikelihoodCode) -> None:
    """Refuse random effects that are not held at 0 and change the likelihood."""
    held = [block.is_fixed and not any(any(row) for row in block.rows) for block in control.omega for _ in block.rows]
    before = log_likelihood(code, code.columns, code.thetas)[code.is_counted]
    for i, is_held in enumerate(held, start=1):
        if is_held:
            continue
        moved = replace(code, constants={**code.constants, f"ETA({i})": _DISTURBED})
        after = log_likelihood(moved, code.columns, code.thetas)[code.is_counted]
        if not np.array_equal(before, after, equal_nan=True):
            raise NotRecognizedError(
                f"has Y depend on ETA({i}), whose variance is not held at 0 (a frailty), which the engine has not; expected $OMEGA 0 FIX"
            )


# ----------------------------------------------------------------------------------------------------------------- the search


def _recognized(control: ControlProblem, code: LikelihoodCode, dataset: Dataset) -> RecognizedEvents:
    """Return the model with the first data items as times under which every record is understood.

    Raises
    ------
    NotRecognizedError
        With the reason of the items that were understood farthest.
    """
    times = _times(code)
    reasons: dict[tuple[bool, bool, int], NotRecognizedError] = {}
    for stop, start in ((stop, start) for stop in times for start in (None, *times) if start != stop):
        survival = survival_code(code, stop, start)
        if survival is None:
            continue
        depth = 0
        try:
            hazard = recognize_hazard(survival)
            depth = 1
            read = {stop, start, *(effect.feature.covariate.item for effect in hazard.effects)}
            records = _records(hazard, [None, *(one for one in times if one not in read)], dataset)
            return _with_values(control, hazard, records)
        except NotRecognizedError as refused:
            reasons.setdefault((stop == times[0], start is not None, depth), refused)
    if reasons:
        raise reasons[max(reasons)]
    raise NotRecognizedError(
        "gives no record a likelihood that falls from 1 on as a data item grows from 0: the survival of censored subjects, as in Y=EXP(-CHZ)"
    )


def _records(hazard: HazardModel, uppers: list[str | None], dataset: Dataset) -> EventRecords:
    """Return what the records are with the first data item as other end of intervals under which each is understood."""
    first: NotRecognizedError | None = None
    for upper in uppers:
        try:
            return recognize_records(hazard, upper, dataset)
        except NotRecognizedError as refused:
            first = first or refused
    assert first is not None, "no item is one to try"  # noqa: S101
    raise first


def _times(code: LikelihoodCode) -> list[str]:
    """Return the data items that may be times, TIME first."""
    found = [name for name in code.quantities if name != "DV" and (code.columns[name][code.is_counted] >= 0.0).all()]
    return sorted(found, key=lambda name: (name != "TIME", name))


def _with_values(control: ControlProblem, hazard: HazardModel, records: EventRecords) -> RecognizedEvents:
    """Return what was recognized with the values of the coefficients, and which of them are estimated."""
    initial = np.array([theta.initial for theta in control.thetas])
    linear = hazard.linear
    is_moved = np.abs(linear[1 : 1 + initial.size] - linear[0]) > _MOVED * np.maximum(np.abs(linear[0]), 1.0)
    is_free = np.array([not theta.is_fixed for theta in control.thetas])
    links = [one.link for one in hazard.hazard.parameters] + [Link.IDENTITY] * len(hazard.effects)
    is_log = np.array([link is Link.LOG for link in links])
    natural: FloatArray = np.where(is_log, np.exp(np.where(is_log, linear[0], 0.0)), linear[0])
    values = np.array(
        [_exact(value, initial[moved]) for value, moved in zip(natural.tolist(), is_moved.T, strict=True)]
    )
    free = tuple(int(i) + 1 for i in np.flatnonzero(is_free & is_moved.any(axis=1)))
    return RecognizedEvents(hazard, values, ~is_moved[is_free].any(axis=0), free, records)


def _exact(value: float, elements: FloatArray) -> float:
    """Return a coefficient as the element of THETA, its negative or its exponential that it is, but for the last digits."""
    candidates = (form for one in elements.tolist() for form in (one, -one, math.exp(min(one, 700.0))))
    return next((one for one in candidates if abs(value - one) <= _SAME * abs(one)), value)


# --------------------------------------------------------------------------------------------------------------- subjects, notes


def _of_subjects(found: RecognizedEvents, dataset: Dataset) -> Iterator[Problem]:
    """Yield subjects that have several events, or records that are no stretches of time that follow each other."""
    records = found.records
    individual = dataset.individual[records.record]
    follows = np.flatnonzero(np.diff(individual) == 0) + 1
    if not follows.size:
        return
    place = f"{dataset.file}: line {dataset.lines[records.record[follows[0]]]}"
    who = dataset.names[int(individual[follows[0]])]
    if found.hazard.survival.start is None:
        yield Problem(
            place,
            f"is a second record of subject {who} with a likelihood; expected one for each subject (repeated events are not in the engine), or a data item "
            "from which time on each record counts",
        )
    elif (records.kind == EventKind.INTERVAL).any():
        yield Problem(
            place,
            f"is a second record of subject {who}, in data with intervals; the engine has these with one record each",
        )


def _notes(control: ControlProblem, found: RecognizedEvents) -> Iterator[str]:
    if found.records.n_silent:
        yield f"{found.records.n_silent:,} records that count have a likelihood of 1 and say nothing."
    bounded = [
        f"THETA({i})"
        for i, one in enumerate(control.thetas, start=1)
        if not one.is_fixed and _is_bounded(one.lower, one.upper)
    ]
    if bounded:
        yield f"The bounds of {', '.join(bounded)} are not kept: a fit of the engine has its own."
    if len(found.free) != int((~found.is_fixed).sum()):
        yield (
            f"{len(found.free)} elements of THETA make {int((~found.is_fixed).sum())} parameters: a fit of the engine estimates a number for each "
            "of the latter."
        )


def _is_bounded(lower: float, upper: float) -> bool:
    """Return whether bounds are others than none, or above 0."""
    return math.isfinite(upper) or (math.isfinite(lower) and lower != 0.0)
