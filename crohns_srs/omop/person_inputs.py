"""One person's inputs of the models on an index date: each with where it comes from, or why it is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from crohns_srs.omop.concepts import CROHNS, IMMUNOMODULATOR, STEROID
from crohns_srs.omop.demographics import age_on, born, sex_of
from crohns_srs.omop.diagnosis import ileal_disease
from crohns_srs.omop.drugs import Biologic, anti_tnf_history, biologics_of, current_use
from crohns_srs.omop.measurements import bmi_of, cdai_of, crp_of
from crohns_srs.omop.reason import said
from crohns_srs.omop.stream import stream_people
from crohns_srs.omop.tables import CONDITION_OCCURRENCE
from crohns_srs.omop.vocabulary import read_vocabulary
from crohns_srs.predict.case import SCHEMA
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crohns_srs.omop.database import Database
    from crohns_srs.omop.input_value import InputValue
    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.reason import Said
    from crohns_srs.omop.records import PersonRecords
    from crohns_srs.omop.vocabulary import Vocabulary

KEYS = (
    "age_year",
    "sex",
    "bmi_kg_per_m2",
    "crp_mg_per_L",
    "tnf_history",
    "steroid",
    "immunomodulator",
    "ileal",
    "cdai",
)
"""Inputs, called as in a patient case."""
Record = TypeVar("Record")
_FIRST_YEAR, _LAST_YEAR = 1900, 2300


@dataclass(frozen=True, slots=True)
class PersonInputs:
    """What a database says of one person on an index date.

    Parameters
    ----------
    person_id : int
        Who.
    index_date : date
        When.
    year_of_birth : int or None
        As recorded.
    values : dict of str to InputValue
        Every input of `KEYS`.
    crohns_since : date or None
        First diagnosis of Crohn's disease up to the index date.
    refusal : Said or None
        Why the models do not speak for this person; None where they do.
    biologics : tuple of Biologic
        Biologics up to the index date, by their first day.
    warnings : tuple of Said
        What to keep in mind, in one sentence each.
    """

    person_id: int
    index_date: date
    year_of_birth: int | None
    values: dict[str, InputValue]
    crohns_since: date | None
    refusal: Said | None
    biologics: tuple[Biologic, ...]
    warnings: tuple[Said, ...]

    @property
    def case(self) -> dict[str, Any]:
        """The patient case (`asuc-crohns-case/1`); null is missing."""
        return {"schema": SCHEMA, **{key: self.values[key].value for key in KEYS}}

    @property
    def missing(self) -> tuple[str, ...]:
        """Inputs without a value."""
        return tuple(key for key in KEYS if self.values[key].is_missing)


def read_people(
    database: Database,
    person_ids: Sequence[int],
    index_date: date,
    options: ReadOptions,
    vocabulary: Vocabulary | None = None,
) -> tuple[PersonInputs, ...]:
    """Return the inputs of some persons, in the order in which they are asked for.

    Parameters
    ----------
    database : Database
        Where from.
    person_ids : sequence of int
        Persons.
    index_date : date
        Index date.
    options : ReadOptions
        Rules.
    vocabulary : Vocabulary or None
        What `read_vocabulary` gave for the same options, where that is kept; it is read unless given.

    Raises
    ------
    InputError
        With one problem for each person whom the database does not know, and for an index date that is none.
    """
    known = vocabulary or read_vocabulary(database, options)
    found = {one.person_id: one for one in stream_inputs(database, known, person_ids, index_date, options)}
    unknown = [one for one in dict.fromkeys(person_ids) if one not in found]
    if unknown:
        raise InputError(Problem(f"person {one}", f"is not in table person of {database.name}") for one in unknown)
    return tuple(found[one] for one in dict.fromkeys(person_ids))


def stream_inputs(
    database: Database,
    vocabulary: Vocabulary,
    person_ids: Sequence[int] | None,
    index_date: date,
    options: ReadOptions,
) -> Iterator[PersonInputs]:
    """Yield the inputs of persons in the order of their ids, one query for each kind of record and one person at a time in memory.

    Parameters
    ----------
    database, vocabulary : Database, Vocabulary
        Where from.
    person_ids : sequence of int or None
        Persons, of whom those whom the database does not know are passed over; None for everybody with Crohn's disease.
    index_date : date
        Index date.
    options : ReadOptions
        Rules.
    """
    check_index(index_date)
    if person_ids is not None and not person_ids:
        return
    for records in stream_people(database, vocabulary, options, person_ids):
        yield inputs_of(records, index_date, vocabulary, options)


def check_index(index_date: date) -> None:
    """Refuse an index date that cannot be meant."""
    if not _FIRST_YEAR <= index_date.year <= _LAST_YEAR:
        raise input_error("index date", f"{index_date}; expected a day of the years {_FIRST_YEAR} to {_LAST_YEAR}")


def inputs_of(records: PersonRecords, index: date, vocabulary: Vocabulary, options: ReadOptions) -> PersonInputs:
    """Return the inputs of one person from the records."""
    birth, _ = born(records.person)
    usable, passed = _usable(records, birth, index, options)
    crohns = [
        one.day
        for one in usable.conditions
        if one.day is not None and CROHNS in vocabulary.conditions.meaning.get(one.concept, frozenset[str]())
    ]
    periods = usable.periods
    values = {
        "age_year": age_on(records.person, index),
        "sex": sex_of(records.person),
        "bmi_kg_per_m2": bmi_of(usable.measured, index, birth, vocabulary, options),
        "crp_mg_per_L": crp_of(usable.measured, index, vocabulary, options),
        "tnf_history": anti_tnf_history(usable.exposures, periods, index, vocabulary, options),
        "steroid": current_use(STEROID, usable.exposures, periods, index, vocabulary, options),
        "immunomodulator": current_use(IMMUNOMODULATOR, usable.exposures, periods, index, vocabulary, options),
        "ileal": ileal_disease(usable.conditions, vocabulary),
        "cdai": cdai_of(usable.measured, index, vocabulary, options),
    }
    died = min((day for day in records.deaths if day is not None), default=index)
    dead = (said("whole", said=said("death.before", day=died)),) if died < index else ()
    warnings = (*dead, *passed, *(warning for one in values.values() for warning in one.warnings))
    until_index = [one for one in usable.exposures if one.start is not None and one.start <= index]
    return PersonInputs(
        records.person.id,
        index,
        records.person.year,
        values,
        min(crohns, default=None),
        _refusal(birth, min(crohns, default=None), index),
        biologics_of(until_index, vocabulary, options),
        warnings,
    )


def _refusal(birth: date | None, crohns_since: date | None, index: date) -> Said | None:
    if birth is not None and birth > index:
        return said("age.born_after", birth=birth)
    return None if crohns_since else said("crohns.none")


def _usable(
    records: PersonRecords, birth: date | None, index: date, options: ReadOptions
) -> tuple[PersonRecords, list[Said]]:
    """Return the records dated from birth to the index date, and what is said of those that have no date or an earlier one."""
    passed: list[Said] = []
    # Records of the year of birth may lie before a day of birth that is itself assumed.
    first = date(birth.year, 1, 1) if birth is not None and birth <= index else date.min
    last = date.fromordinal(min(index.toordinal() + options.current_days, date.max.toordinal()))
    conditions = _dated(records.conditions, lambda one: (CONDITION_OCCURRENCE.name, one.id, one.day), first, passed)
    exposures = _dated(records.exposures, lambda one: (one.table, one.id, one.start), first, passed)
    measured = _dated(records.measured, lambda one: (one.table, one.id, one.day), first, passed)
    usable = replace(
        records,
        conditions=tuple(one for one in conditions if one.day is not None and one.day <= index),
        exposures=tuple(one for one in exposures if one.start is not None and one.start <= last),
        measured=tuple(one for one in measured if one.day is not None and one.day <= index),
    )
    return usable, passed


def _dated(
    records: Iterable[Record], placed: Callable[[Record], tuple[str, int, date | None]], first: date, passed: list[Said]
) -> list[Record]:
    found: list[Record] = []
    for one in records:
        table, key, day = placed(one)
        if day is None:
            passed.append(said("whole", said=said("record.no_date", table=table, id=key)))
        elif day < first:
            passed.append(said("whole", said=said("record.before_birth", table=table, id=key, day=day)))
        else:
            found.append(one)
    return found
