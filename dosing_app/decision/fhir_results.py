"""Infliximab levels and covariates from the observations of a bundle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dosing_app.decision.case_schema import CaseSample, is_possible_covariate
from dosing_app.decision.fhir_entries import refuse_what_changes_meaning
from dosing_app.decision.fhir_faults import LeftOutError, RefusedError, note_at, with_unit
from dosing_app.decision.fhir_quantities import Measured, read_quantity, read_words
from dosing_app.decision.fhir_resources import Coded, Observation, read_element
from dosing_app.decision.fhir_times import Moment, read_moment
from dosing_app.language import message

if TYPE_CHECKING:
    from dosing_app.decision.fhir_entries import Entry
    from dosing_app.language import Message

LOINC = "http://loinc.org"
LEVEL = "level"
# Laboratories that have no code of LOINC call a level by these words; those of antibodies are named alike.
_LEVEL_WORDS = re.compile(r"level|serum|concentration|trough|spiegel|konzentration")
_ONLY_DRUG = re.compile(r"\s*(infliximab|ifx)( \(?ifx\)?)?\s*(\n\s*(infliximab|ifx)\s*)*")
_ANTIBODY_WORDS = re.compile(r"antibod|antikörper|\baks?\b|\bada\b|\babs?\b|anti[- ]?(infliximab|drug)|neutrali[sz]")
# The later in this order, the more a result counts beside another one of the same time.
_READ_STATUSES = ("preliminary", "final", "amended", "corrected")
_LEFT_STATUSES = frozenset({"registered", "cancelled", "entered-in-error", "unknown"})


@dataclass(frozen=True, slots=True)
class Analyte:
    """What an observation can be about.

    Parameters
    ----------
    name : str
        ``level``, or the covariate of the case.
    codes : frozenset of str
        Codes of LOINC.
    unit : str
        The unit of the case, as UCUM writes it.
    said : Message
        Its name for a reader.
    """

    name: str
    codes: frozenset[str]
    unit: str
    said: Message


ANALYTES = (
    Analyte(LEVEL, frozenset({"39803-0"}), "mg/L", message("fhir.level")),
    Analyte("crp_mg_per_L", frozenset({"1988-5", "30522-7"}), "mg/L", message("fhir.crp")),
    Analyte("albumin_g_per_L", frozenset({"1751-7"}), "g/L", message("fhir.albumin")),
    Analyte("weight_kg", frozenset({"29463-7"}), "kg", message("fhir.weight")),
    Analyte("height_cm", frozenset({"8302-2"}), "cm", message("fhir.height")),
    Analyte("ada_ng_per_mL", frozenset({"39804-8"}), "ng/mL", message("fhir.antibodies")),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a laboratory or a measurement.

    Parameters
    ----------
    place : str
        The resource that it comes from.
    analyte : Analyte
        What was measured.
    drawn : Moment
        When.
    measured : Measured
        The value in the unit of the case, or the limit that it lies below or above.
    rank : int
        How much its status counts beside another result of the same time.
    notes : tuple of Message
        What was converted or assumed.
    """

    place: str
    analyte: Analyte
    drawn: Moment
    measured: Measured
    rank: int
    notes: tuple[Message, ...]


def analyte_of(entry: Entry) -> tuple[Analyte, bool] | None:
    """Return what an observation is about, and whether that is known by its text only.

    Parameters
    ----------
    entry : Entry
        An observation.

    Returns
    -------
    tuple of Analyte and bool, or None
        None where a case has no place for it.

    Raises
    ------
    LeftOutError
        What it is about cannot be read, or is two things.
    """
    try:
        concept = read_element(Coded, entry.resource).code
    except RefusedError as error:
        raise LeftOutError(error.said) from None
    codes = concept.codes_of(LOINC)
    found = [analyte for analyte in ANALYTES if analyte.codes & codes]
    if len(found) > 1:
        raise LeftOutError(message("fhir.two_analytes"))
    if found:
        return found[0], False
    words = concept.words()
    is_drug = re.search(r"infliximab|\bifx\b", words) is not None
    is_level = is_drug and (_LEVEL_WORDS.search(words) or _ONLY_DRUG.fullmatch(words))
    is_level = is_level and not _ANTIBODY_WORDS.search(words)
    return (ANALYTES[0], True) if is_level else None


def read_result(entry: Entry, analyte: Analyte, *, is_by_text: bool) -> Result:
    """Return the result that an observation records.

    Parameters
    ----------
    entry : Entry
        An observation.
    analyte : Analyte
        What it is about.
    is_by_text : bool
        Whether that is known by its text only.

    Raises
    ------
    LeftOutError
        There is no valid result, or none that a case has a place for.
    RefusedError
        There is one, and its value, unit or time cannot be read without doubt.
    """
    rank = _rank_of(entry.resource.get("status"))
    refuse_what_changes_meaning(entry)
    if entry.resource.get("focus"):
        raise LeftOutError(message("fhir.focus"))
    observation = read_element(Observation, entry.resource)
    measured, of_value = _value_of(observation, analyte)
    _check_value(measured, analyte)
    drawn, of_time = _time_of(observation)
    notes = [message("fhir.level_by_text")] if is_by_text else []
    notes += [message("fhir.preliminary", analyte=analyte.said)] if rank == 0 else []
    notes += [*of_value, *of_time]
    return Result(entry.place, analyte, drawn, measured, rank, tuple(note_at(entry.place, said) for said in notes))


def _rank_of(status: object) -> int:
    if isinstance(status, str) and status in _LEFT_STATUSES:
        raise LeftOutError(message("fhir.result_invalid", status=status))
    if not isinstance(status, str) or status not in _READ_STATUSES:
        raise RefusedError(message("fhir.no_status"))
    return _READ_STATUSES.index(status)


def _value_of(observation: Observation, analyte: Analyte) -> tuple[Measured, list[Message]]:
    quantity, text = observation.valueQuantity, observation.valueString
    if quantity and text is not None:
        raise RefusedError(message("fhir.two_values"))
    if text is not None:
        read = read_words(text, analyte.unit)
        if not read:
            raise LeftOutError(message("fhir.words_unreadable", analyte=analyte.said))
        value = with_unit(read.value, analyte.unit)
        if read.censored:
            value = message(f"fhir.{read.censored}", value=value)
        return read, [message("fhir.value_from_text", analyte=analyte.said, value=value)]
    if not quantity or quantity.value is None:
        raise LeftOutError(message("fhir.no_value", analyte=analyte.said))
    read = read_quantity(quantity, analyte.unit)
    if read.value == read.written:
        return read, []
    written, converted = with_unit(read.written, read.unit), with_unit(read.value, analyte.unit)
    if read.censored:
        written, converted = (message(f"fhir.{read.censored}", value=value) for value in (written, converted))
    return read, [message("fhir.converted", written=written, read=converted)]


def _check_value(measured: Measured, analyte: Analyte) -> None:
    """Check that a case has a place for a value."""
    shown = with_unit(measured.value, analyte.unit)
    if analyte.name == LEVEL and measured.value == 0:
        raise LeftOutError(message("fhir.level_zero"))
    if not _is_possible(analyte, measured.value):
        raise RefusedError(message("fhir.impossible_value", analyte=analyte.said, value=shown))
    if analyte.name == LEVEL or measured.censored is None:
        return
    if measured.censored == "above" or analyte.name not in {"crp_mg_per_L", "ada_ng_per_mL"}:
        raise LeftOutError(message("fhir.limit_not_read", analyte=analyte.said, value=shown))


def _is_possible(analyte: Analyte, value: float) -> bool:
    if analyte.name != LEVEL:
        return is_possible_covariate(analyte.name, value)
    try:
        CaseSample.model_validate({"time_day": 0, "concentration_mg_per_L": value})
    except ValidationError:
        return False
    return True


def _time_of(observation: Observation) -> tuple[Moment, list[Message]]:
    period = observation.effectivePeriod
    given = [text for text in (observation.effectiveDateTime, observation.effectiveInstant) if text is not None]
    if len(given) + bool(period) > 1:
        raise RefusedError(message("fhir.two_times"))
    if given:
        return read_moment(given[0]), []
    if not period:
        raise LeftOutError(message("fhir.no_time"))
    if period.start is None:
        raise RefusedError(message("fhir.no_start"))
    is_long = period.end is not None and period.end != period.start
    return read_moment(period.start), [message("fhir.start_of_period")] if is_long else []
