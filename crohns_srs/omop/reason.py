"""What is said of an input: an English sentence that keeps its code and values, so that another language can say the same."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES = {
    "age.in_years": "completed years from {birth}",
    "age.in_years_assumed": "completed years from {birth} ({assumed})",
    "age.middle_of_year": "the middle of the year of birth, which alone is known",
    "age.middle_of_month": "the middle of the month of birth, of which no day is known",
    "age.reckoned": "reckoned from {assumed}",
    "age.two_years": "birth_datetime says {year}, year_of_birth {other}; taken: the former",
    "age.no_birth": "no date of birth and no year of birth in person",
    "age.born_after": "born on {birth}, after the index date",
    "age.too_old": "born on {birth}, which makes {years} years; expected {most} at most",
    "sex.by_concept": "gender_concept_id",
    "sex.other": "gender_concept_id {concept}; the models know {female} (female) and {male} (male)",
    "sex.other_source": "gender_concept_id {concept}, source value {source}; the models know {female} (female) and {male} (male)",
    "death.before": "the person died on {day}, before the index date",
    "crohns.none": "no diagnosis of Crohn's disease on or before the index date",
    "ileal.yes": "a diagnosis of ileum or small intestine",
    "ileal.by_small_intestine": "coded as small intestine, by jejunum or duodenum alone",
    "ileal.no": "diagnoses of colon or rectum, and none of ileum or small intestine",
    "ileal.unknown": "no diagnosis says whether the ileum is ill",
    "drug.anti_tnf": "anti-TNF",
    "drug.steroid": "steroid",
    "drug.immunomodulator": "immunomodulator",
    "drug.not_in_vocabulary": "the vocabulary has no {drug}",
    "drug.ever": "an exposure that began before the index date",
    "drug.never": "no exposure began before the index date, observed since {since}",
    "drug.never_unobserved": "no exposure is recorded, and {why}",
    "drug.never_too_short": "no exposure is recorded, and somebody observed since {since} alone may have had one before: expected {days} days",
    "drug.current": "an exposure until {last} covers the index date",
    "drug.no_route": "a {drug} is current (drug_exposure {id}) whose route is not known",
    "drug.not_current": "no exposure covers the index date, observed since {since}",
    "drug.not_current_local": "no exposure covers the index date, observed since {since}; {n} of local use passed over",
    "drug.not_current_unobserved": "no exposure covers the index date, and {why}",
    "drug.ends_before_start": "{table} {id} ends on {end}, before it starts; the end is passed over",
    "observed.never": "there is no observation period",
    "observed.unusable": "no observation period has a start and an end after it",
    "observed.later": "observation begins on {start}, after the index date",
    "observed.ended": "observation ended on {end}, before the index date",
    "measured.bmi": "body mass index",
    "measured.weight": "weight",
    "measured.height": "height",
    "measured.crp": "C-reactive protein",
    "measured.cdai": "CDAI",
    "measured.latest": "latest {quantity}",
    "measured.converted": "{how}, converted from {unit}",
    "measured.limit_below": "{how}, a limit: the true value lies below",
    "measured.limit_above": "{how}, a limit: the true value lies above",
    "measured.reported_below": "reported as below {value}; the limit itself is taken",
    "measured.reported_above": "reported as above {value}; the limit itself is taken",
    "measured.bmi_of_weight": "weight by the square of height",
    "measured.bmi_impossible": "weight and height make {value} kg/m²; expected {low} to {high}",
    "measured.none": "no {quantity}",
    "measured.none_grown": "no {quantity} from {age} years on, the last is of {last}",
    "measured.none_in_days": "no {quantity} in the {days} days up to the index date",
    "measured.none_in_days_last": "no {quantity} in the {days} days up to the index date, the last is of {last}",
    "measured.none_usable": "no usable {quantity}: {why}",
    "measured.none_usable_before": "no usable {quantity}, nor {n} before: {why}",
    "measured.unusable": "{table} {id} of {day} cannot be used, {why}",
    "measured.no_number": "it has no number",
    "measured.impossible": "{value} is not possible; expected {low} to {high}",
    "measured.impossible_in": "{value} {unit} is not possible; expected {low} to {high}",
    "measured.other_unit": "unit {unit} ({name}) is not one of {units}",
    "measured.unknown_unit": "unit {unit} (of no UCUM concept) is not one of {units}",
    "measured.unmapped_unit": "unit {unit}, which has no concept, is not one of {units}",
    "measured.no_unit": "its unit is not recorded; expected one of {units}",
    "measured.same_day": "{table} holds other values of {day} too ({values}); the last is taken",
    "cdai.not_named": "no concept and no source value of the CDAI is named; databases have no standard one",
    "cdai.assumed": "assumed as asked for",
    "cdai.assumed_because": "{value} is assumed as asked for ({why})",
    "record.no_date": "{table} {id} has no date that can be read; it is passed over",
    "record.before_birth": "{table} {id} of {day} lies before the year of birth; it is passed over",
    "both": "{first}; {second}",
    "whole": "{said}.",
    "of_input": "{input}: {said}.",
}
"""English by code, with named values in braces."""


class Said(str):
    """A sentence, or a part of one, with the code and the values that it was made of (`said`)."""

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Value]


Value = Said | str | int | float | date | tuple[float | str, ...]
"""What stands in a sentence: another one, a word of the database, a number, a day, or several words or numbers."""


# Persons by the hundred thousand have the same few reasons.
@lru_cache(maxsize=4096, typed=True)
def said(code: str, **values: Value) -> Said:
    """Return the sentence of a code.

    Parameters
    ----------
    code : str
        Key of `SENTENCES`.
    **values
        What stands in it, by name.
    """
    sentence = Said(SENTENCES[code].format_map({name: _text(value) for name, value in values.items()}))
    sentence.code, sentence.values = code, values
    return sentence


def of_input(key: str, what: Said) -> Said:
    """Return what is to be kept in mind of one input of a case."""
    return said("of_input", input=key, said=what)


def _text(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
