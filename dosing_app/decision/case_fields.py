"""The kinds of fields that a patient case is made of, and what its objects have in common."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

LATEST_DAY = 3650.0
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def weekday_number(name: str) -> int | None:
    """Return 0 for Monday to 6 for Sunday, or None where the text names no day of the week.

    Three letters or the full English name, in upper or lower case.
    """
    known = {short: number for number, full in enumerate(WEEKDAYS) for short in (full, full[:3])}
    return known.get(name.lower())


def _whole(value: object) -> object:
    """Read a float without a fraction as the whole number that it is (some programs write 3.0 for 3)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _yes_or_no(value: object) -> object:
    """Read 1 and 0 as true and false, as cohort files write them."""
    return bool(value) if type(value) in {int, float} and value in {0, 1} else value


def _iso_date(value: object) -> object:
    if isinstance(value, str):
        if re.fullmatch(r"(19|20|21)\d\d-\d\d-\d\d", value, re.ASCII):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        raise PydanticCustomError("case", "is not a date")
    return value


def _clock_time(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise PydanticCustomError("case", "is not a time of day")
    return value


def _weekday(value: object) -> object:
    if isinstance(value, str) and weekday_number(value) is None:
        raise PydanticCustomError("case", "is not a day of the week")
    return value


def _reason(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("case", "is empty")
    return value


Day = Annotated[float, Field(ge=0, le=LATEST_DAY)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Concentration = Annotated[float, Field(gt=0, le=10_000)]
WholeNumber = Annotated[int, BeforeValidator(_whole)]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]
ClockTime = Annotated[str, BeforeValidator(_clock_time)]
Words = Annotated[str, BeforeValidator(_reason), Field(max_length=2_000)]
Weekday = Annotated[str, BeforeValidator(_weekday)]
# Without strict=False a JSON list would not be taken for the tuple that keeps a case immutable.
NotStrict = Field(strict=False)


class Part(BaseModel):
    """What every object of a case has in common: immutable, no unknown key, no NaN, null for "not given"."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _leave_nulls_out(cls, data: dict[str, object]) -> dict[str, object]:
        """Treat the null of an optional key as if the key were absent; the reader hands in plain dictionaries."""
        if type(data) is not dict:
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.known_keys()}

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """Return the keys as they stand in the file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())
