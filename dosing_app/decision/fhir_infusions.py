"""Infusions of infliximab from the medication administrations of a bundle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from dosing_app.decision.case_schema import CaseDose
from dosing_app.decision.fhir_entries import referred_medication, refuse_what_changes_meaning
from dosing_app.decision.fhir_faults import LeftOutError, RefusedError, figure, note_at, shown_code, with_unit
from dosing_app.decision.fhir_quantities import read_exact, read_quantity, read_ratio
from dosing_app.decision.fhir_resources import (
    CodeableConcept,
    Dosage,
    Medication,
    MedicationAdministration,
    NamedMedication,
    read_element,
)
from dosing_app.decision.fhir_times import Moment, hours_between, read_moment
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.fhir_entries import Entry
    from dosing_app.language import Message

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
INFLIXIMAB_ATC = "L04AB02"
INFLIXIMAB_RXNORM = frozenset({"310994", "1927285", "1927290", "191831"})
INFLIXIMAB_SNOMED = frozenset({"386891004"})
# The generic name, with the four letters that biosimilars carry in the United States or without, and the brands.
_INFLIXIMAB = re.compile(
    r"infliximab|remicade|inflectra|remsima|flixabi|renflexis|ixifi|avsola|zessly|zymfentra|\bifx\b"
)
_SUBCUTANEOUS_SNOMED = "34206005"
_SUBCUTANEOUS = re.compile(r"\bsub-?cutan|\bs\.?c\b")
_DEFAULT_HOURS = float(CaseDose.model_fields["duration_hour"].default)
# Statuses of R4 by which nothing was given, or it is not known what.
_NOT_GIVEN = frozenset({"not-done", "on-hold", "entered-in-error", "unknown"})
_MG, _MG_PER_HOUR = "mg", "mg/h"


@dataclass(frozen=True, slots=True)
class Infusion:
    """One infusion that was given.

    Parameters
    ----------
    place : str
        The resource that it comes from.
    start : Moment
        When it began.
    amount_mg : float
        Amount [mg].
    duration_hour : float
        Duration [h].
    notes : tuple of Message
        What was converted or assumed.
    """

    place: str
    start: Moment
    amount_mg: float
    duration_hour: float
    notes: tuple[Message, ...]


def how_infliximab_is_named(entry: Entry, entries: Sequence[Entry]) -> Literal["code", "text", "not"]:
    """Return whether an administration is of infliximab, and how that is known.

    Parameters
    ----------
    entry : Entry
        A medication administration.
    entries : sequence of Entry
        The bundle, which may hold the medication that it refers to.

    Raises
    ------
    LeftOutError
        The medication cannot be told: none is named, it is not in the bundle, or text and code contradict each other.
    """
    try:
        named = read_element(NamedMedication, entry.resource)
        reference = named.medicationReference
        referred = (
            referred_medication(entry, reference.reference, entries) if reference and reference.reference else None
        )
        concepts = [named.medicationCodeableConcept, read_element(Medication, referred).code if referred else None]
    except RefusedError as error:
        raise LeftOutError(error.said) from None
    found = [concept for concept in concepts if concept]
    words = "\n".join([*(concept.words() for concept in found), ((reference and reference.display) or "").lower()])
    if any(_is_coded_infliximab(concept) for concept in found):
        return "code"
    if _INFLIXIMAB.search(words):
        if any(concept.atc_codes() for concept in found):
            raise LeftOutError(message("fhir.medication_contradicts"))
        return "text"
    if not found and reference:
        raise LeftOutError(message("fhir.medication_absent"))
    if not any(concept.coding or concept.text for concept in found):
        raise LeftOutError(message("fhir.medication_unnamed"))
    return "not"


def read_infusion(entry: Entry, named: Literal["code", "text"]) -> Infusion:
    """Return the infusion that an administration of infliximab records.

    Parameters
    ----------
    entry : Entry
        A medication administration of infliximab.
    named : "code" or "text"
        How that is known.

    Raises
    ------
    LeftOutError
        It was not given, not finished, or its status is not known.
    RefusedError
        It was given, and when, how much or how cannot be read without doubt.
    """
    _check_status(entry.resource.get("status"))
    refuse_what_changes_meaning(entry)
    given = read_element(MedicationAdministration, entry.resource)
    dosage = given.dosage or Dosage()
    concept = read_element(NamedMedication, entry.resource).medicationCodeableConcept
    if (dosage.route and _is_subcutaneous(dosage.route)) or (concept and _SUBCUTANEOUS.search(concept.words())):
        raise RefusedError(message("fhir.subcutaneous"))
    start, hours = _time_of(given)
    rate = _rate_of(dosage)
    amount, of_amount = _amount_of(dosage, rate, hours)
    notes = [message("fhir.medication_by_text")] if named == "text" else []
    notes += of_amount
    if hours is None and rate:
        hours = round(amount / rate, 4)
        notes.append(message("fhir.duration_from_rate", hours=figure(hours)))
    elif hours is None:
        hours = _DEFAULT_HOURS
        notes.append(message("fhir.duration_assumed", hours=figure(hours)))
    _check_possible(amount, hours)
    return Infusion(entry.place, start, amount, hours, tuple(note_at(entry.place, said) for said in notes))


def _is_coded_infliximab(concept: CodeableConcept) -> bool:
    return (
        INFLIXIMAB_ATC in concept.atc_codes()
        or bool(INFLIXIMAB_RXNORM & concept.codes_of(RXNORM))
        or bool(INFLIXIMAB_SNOMED & concept.codes_of(SNOMED))
    )


def drug_word(entry: Entry, entries: Sequence[Entry]) -> str:
    """Return by what word an administration names its drug, for a note on one that is not read; nothing without any."""
    try:
        named = read_element(NamedMedication, entry.resource)
        reference = named.medicationReference
        referred = (
            referred_medication(entry, reference.reference, entries) if reference and reference.reference else None
        )
        concepts = [named.medicationCodeableConcept, read_element(Medication, referred).code if referred else None]
    except RefusedError:
        return ""
    return shown_code(next((word for concept in concepts if concept and (word := concept.first_word())), ""))


def _is_subcutaneous(route: CodeableConcept) -> bool:
    return _SUBCUTANEOUS_SNOMED in route.codes_of(SNOMED) or bool(_SUBCUTANEOUS.search(route.words()))


def _check_status(status: object) -> None:
    if status == "completed":
        return
    if status == "in-progress":
        raise LeftOutError(message("fhir.dose_in_progress"))
    if status == "stopped":
        raise LeftOutError(message("fhir.dose_stopped"))
    if isinstance(status, str) and status in _NOT_GIVEN:
        raise LeftOutError(message("fhir.dose_not_given", status=status))
    raise RefusedError(message("fhir.no_status"))


def _time_of(given: MedicationAdministration) -> tuple[Moment, float | None]:
    """Return the start of an infusion and its hours, None where they are not known."""
    period = given.effectivePeriod
    if given.effectiveDateTime is not None and period:
        raise RefusedError(message("fhir.two_times"))
    if not period:
        if given.effectiveDateTime is None:
            raise RefusedError(message("fhir.no_time"))
        return read_moment(given.effectiveDateTime), None
    if period.start is None:
        raise RefusedError(message("fhir.no_start"))
    start = read_moment(period.start)
    end = read_moment(period.end) if period.end is not None else None
    hours = hours_between(start, end) if end else None
    if end and (hours < 0 if hours is not None else end.on < start.on):
        raise RefusedError(message("fhir.end_before_start"))
    # Systems that know only the moment write it twice.
    return start, hours or None


def _rate_of(dosage: Dosage) -> float | None:
    """Return how fast the drug was given [mg/h]; None where that is not known, or known in volume only."""
    if dosage.rateQuantity:
        is_mass = _is_mass(dosage.rateQuantity.code or dosage.rateQuantity.unit)
        return read_exact(dosage.rateQuantity, _MG_PER_HOUR) if is_mass else None
    if dosage.rateRatio and dosage.rateRatio.numerator:
        numerator = dosage.rateRatio.numerator
        return read_ratio(dosage.rateRatio, _MG_PER_HOUR) if _is_mass(numerator.code or numerator.unit) else None
    return None


def _is_mass(unit: str | None) -> bool:
    """Return whether a unit does not begin with a volume; the drug in a volume is not known."""
    return (unit or "").strip()[:2].lower() != "ml" and (unit or "").strip()[:1].lower() != "l"


def _amount_of(dosage: Dosage, rate: float | None, hours: float | None) -> tuple[float, list[Message]]:
    if dosage.dose:
        measured = read_quantity(dosage.dose, _MG)
        if measured.censored:
            raise RefusedError(message("fhir.limit_not_value"))
        if measured.value == measured.written:
            return measured.value, []
        written, read = with_unit(measured.written, measured.unit), with_unit(measured.value, _MG)
        return measured.value, [message("fhir.converted", written=written, read=read)]
    if rate is None or hours is None:
        raise RefusedError(message("fhir.no_dose"))
    amount = round(rate * hours, 4)
    return amount, [message("fhir.amount_from_rate", amount=figure(amount), hours=figure(hours))]


def _check_possible(amount: float, hours: float) -> None:
    try:
        CaseDose.model_validate({"time_day": 0, "amount_mg": amount, "duration_hour": hours})
    except ValidationError as error:
        is_amount = error.errors()[0]["loc"][0] == "amount_mg"
        said = (
            message("fhir.impossible_dose", amount=figure(amount))
            if is_amount
            else message("fhir.impossible_duration", hours=figure(hours))
        )
        raise RefusedError(said) from None
