"""The covariates at the first infusion: which results and which facts of the patient count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.case_schema import is_possible_covariate
from dosing_app.decision.fhir_faults import RefusedError, figure, note_at
from dosing_app.decision.fhir_resources import Patient, read_element
from dosing_app.decision.fhir_results import ANALYTES, LEVEL
from dosing_app.decision.fhir_times import read_moment
from dosing_app.language import Figure, message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from dosing_app.decision.fhir_entries import Entry
    from dosing_app.decision.fhir_results import Analyte, Result
    from dosing_app.decision.fhir_times import Clock
    from dosing_app.language import Message

EARLIEST_DAY = -7.0
"""From this day on a result counts as that of the first infusion."""
LATEST_DAY = 2.0
"""Up to this day it does so where there is none before the infusion."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Covariates of the case.

    Parameters
    ----------
    covariates : dict of str to object
        By their case names; what is not known is not there.
    notes : tuple of Message
        What was assumed and left out.
    """

    covariates: dict[str, object]
    notes: tuple[Message, ...]


def baseline_of(results: Sequence[Result], clock: Clock) -> Baseline:
    """Return the covariates of the results nearest to the first infusion.

    Parameters
    ----------
    results : sequence of Result
        Results of covariates, in the order of the bundle.
    clock : Clock
        Of the infusions.

    Returns
    -------
    Baseline
        Of each covariate the last result from ``EARLIEST_DAY`` to the start of the first infusion, or else the first
        one up to ``LATEST_DAY``; of two at the same time the one whose status counts more, or else the first.
    """
    covariates: dict[str, object] = {}
    notes: list[Message] = []
    for analyte in ANALYTES:
        own = [(clock.day_of(result.drawn), result) for result in results if result.analyte.name == analyte.name]
        if analyte.name == LEVEL or not own:
            continue
        chosen = _chosen(own)
        notes += _notes_on(analyte, own, chosen)
        if chosen:
            covariates |= _values_of(chosen[1])
    return Baseline(covariates, tuple(notes))


def patient_facts(patient: Entry | None, first_date: date) -> Baseline:
    """Return sex and age of the patient, the only facts that are read.

    Parameters
    ----------
    patient : Entry or None
        The patient, if the bundle holds one.
    first_date : date
        Date of the first infusion.

    Returns
    -------
    Baseline
        The age in whole years; no note shows a date of birth.
    """
    if patient is None:
        return Baseline({}, (message("fhir.no_patient"),))
    try:
        facts = read_element(Patient, patient.resource)
    except RefusedError as error:
        return Baseline({}, (note_at(patient.place, error.said),))
    covariates: dict[str, object] = {}
    notes: list[Message] = []
    if facts.gender in {"male", "female"}:
        covariates["sex"] = facts.gender
    else:
        notes.append(note_at(patient.place, message("fhir.no_sex")))
    age = _age_on(first_date, facts.birthDate)
    if age is None:
        notes.append(note_at(patient.place, message("fhir.no_age")))
    else:
        covariates["age_year"] = age
    return Baseline(covariates, tuple(notes))


def _chosen(own: Sequence[tuple[float, Result]]) -> tuple[float, Result] | None:
    before = [found for found in own if EARLIEST_DAY <= found[0] <= 0]
    after = [found for found in own if 0 < found[0] <= LATEST_DAY]
    if before:
        return max(before, key=lambda found: (found[0], found[1].rank))
    return min(after, key=lambda found: (found[0], -found[1].rank), default=None)


def _notes_on(
    analyte: Analyte, own: Sequence[tuple[float, Result]], chosen: tuple[float, Result] | None
) -> Iterator[Message]:
    """Yield what is to be said about the chosen result, about others of its time, and about the rest."""
    if chosen:
        yield from chosen[1].notes
        if chosen[0] > 0:
            yield note_at(chosen[1].place, message("fhir.baseline_after", analyte=analyte.said, day=figure(chosen[0])))
        if chosen[1].measured.censored and analyte.name == "ada_ng_per_mL":
            yield note_at(chosen[1].place, message("fhir.antibodies_below", value=figure(chosen[1].measured.value)))
        for day, result in own:
            if day == chosen[0] and _values_of(result) != _values_of(chosen[1]):
                yield note_at(result.place, message("fhir.baseline_twice", analyte=analyte.said, other=chosen[1].place))
    rest = [day for day, _ in own if chosen is None or day != chosen[0]]
    if rest:
        # Semicolons, since a language may write a number with a comma.
        days = Figure("; ".join(figure(round(day, 2)) for day in sorted(set(rest))))
        key = "fhir.baseline_others" if chosen else "fhir.baseline_none"
        yield message(key, analyte=analyte.said, days=days)


def _values_of(result: Result) -> dict[str, object]:
    measured, name = result.measured, result.analyte.name
    value = int(measured.value) if measured.value.is_integer() else measured.value
    # Where no antibody was found the case takes the limit of detection, and for C-reactive protein has a key of its own.
    return {"crp_below_mg_per_L" if measured.censored and name == "crp_mg_per_L" else name: value}


def _age_on(day: date, birth: str | None) -> int | None:
    """Return the age in whole years, or None where the date of birth is no full date or the age not possible."""
    try:
        born = read_moment(birth or "").on
    except RefusedError:
        return None
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return age if is_possible_covariate("age_year", age) else None
