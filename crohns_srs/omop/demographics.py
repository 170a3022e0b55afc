"""Age and sex."""

from __future__ import annotations

import calendar
from datetime import date
from typing import TYPE_CHECKING

from crohns_srs.omop.input_value import InputValue, SourceRecord, missing
from crohns_srs.omop.vocabulary import FEMALE, MALE

if TYPE_CHECKING:
    from crohns_srs.omop.records import Person

_OLDEST = 120
_MONTHS = 12
_SEXES = {FEMALE: "female", MALE: "male"}


def born(person: Person) -> tuple[date | None, str]:
    """Return the day of birth, and what of it is assumed: the middle of a month or year where that alone is known."""
    if person.birth is not None:
        return person.birth.date(), ""
    year, month, day = person.year, person.month, person.day
    if year is None or not 1 <= year <= date.max.year:
        return None, ""
    if month is None or not 1 <= month <= _MONTHS:
        return date(year, 7, 1), "the middle of the year of birth, which alone is known"
    if day is None or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return date(year, month, 15), "the middle of the month of birth, of which no day is known"
    return date(year, month, day), ""


def age_on(person: Person, index: date) -> InputValue:
    """Return the age on a day in completed years."""
    birth, assumed = born(person)
    if birth is None:
        return missing("no date of birth and no year of birth in person")
    years = completed_years(birth, index)
    found = SourceRecord("person", person.id, 0, birth, "", person.birth.isoformat() if person.birth else str(birth))
    if birth > index:
        return missing(f"born on {birth}, after the index date")
    if years > _OLDEST:
        return missing(f"born on {birth}, which makes {years} years; expected {_OLDEST} at most")
    warnings: list[str] = []
    if assumed:
        warnings.append(f"age_year: reckoned from {assumed}.")
    if person.birth is not None and person.year is not None and person.year != person.birth.year:
        warnings.append(
            f"age_year: birth_datetime says {person.birth.year}, year_of_birth {person.year}; taken: the former."
        )
    how = f"completed years from {birth}" + (f" ({assumed})" if assumed else "")
    return InputValue(years, how, (found,), tuple(warnings))


def completed_years(birth: date, day: date) -> int:
    """Return the completed years from one day to another."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def sex_of(person: Person) -> InputValue:
    """Return the sex by its concept; nothing stands for another one or none."""
    name = _SEXES.get(person.gender)
    if name is None:
        said = f", source value {person.gender_source!r}" if person.gender_source else ""
        return missing(f"gender_concept_id {person.gender}{said}; the models know {FEMALE} (female) and {MALE} (male)")
    record = SourceRecord("person", person.id, person.gender, None, "", person.gender_source)
    return InputValue(name, "gender_concept_id", (record,))
