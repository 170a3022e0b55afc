"""Age and sex."""

from __future__ import annotations

import calendar
from datetime import date
from typing import TYPE_CHECKING

from crohns_srs.omop.input_value import InputValue, SourceRecord, missing
from crohns_srs.omop.reason import of_input, said
from crohns_srs.omop.vocabulary import FEMALE, MALE

if TYPE_CHECKING:
    from crohns_srs.omop.reason import Said
    from crohns_srs.omop.records import Person

SEXES = {FEMALE: "female", MALE: "male"}
"""Words of a patient case for the concepts of sex."""
_OLDEST = 120
_MONTHS = 12


def born(person: Person) -> tuple[date | None, Said | None]:
    """Return the day of birth, and what of it is assumed: the middle of a month or year where that alone is known."""
    if person.birth is not None:
        return person.birth.date(), None
    year, month, day = person.year, person.month, person.day
    if year is None or not 1 <= year <= date.max.year:
        return None, None
    if month is None or not 1 <= month <= _MONTHS:
        return date(year, 7, 1), said("age.middle_of_year")
    if day is None or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return date(year, month, 15), said("age.middle_of_month")
    return date(year, month, day), None


def age_on(person: Person, index: date) -> InputValue:
    """Return the age on a day in completed years."""
    birth, assumed = born(person)
    if birth is None:
        return missing(said("age.no_birth"))
    years = completed_years(birth, index)
    found = SourceRecord("person", person.id, 0, birth, "", person.birth.isoformat() if person.birth else str(birth))
    if birth > index:
        return missing(said("age.born_after", birth=birth))
    if years > _OLDEST:
        return missing(said("age.too_old", birth=birth, years=years, most=_OLDEST))
    warnings: list[Said] = []
    if assumed:
        warnings.append(of_input("age_year", said("age.reckoned", assumed=assumed)))
    if person.birth is not None and person.year is not None and person.year != person.birth.year:
        two = said("age.two_years", year=person.birth.year, other=person.year)
        warnings.append(of_input("age_year", two))
    how = said("age.in_years_assumed", birth=birth, assumed=assumed) if assumed else said("age.in_years", birth=birth)
    return InputValue(years, how, (found,), tuple(warnings))


def completed_years(birth: date, day: date) -> int:
    """Return the completed years from one day to another."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def sex_of(person: Person) -> InputValue:
    """Return the sex by its concept; nothing stands for another one or none."""
    name = SEXES.get(person.gender)
    if name is None:
        if person.gender_source:
            source = repr(person.gender_source)
            return missing(said("sex.other_source", concept=person.gender, source=source, female=FEMALE, male=MALE))
        return missing(said("sex.other", concept=person.gender, female=FEMALE, male=MALE))
    record = SourceRecord("person", person.id, person.gender, None, "", person.gender_source)
    return InputValue(name, said("sex.by_concept"), (record,))
