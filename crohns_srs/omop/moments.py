"""Dates and times as databases keep them.

PostgreSQL has types of its own. SQLite has none: files hold ISO text, integers like 20240131, or seconds since 1970. What is no date at all is read as
None, so that one record that cannot be placed in time ends nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, DateTime, String, TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

_FIRST_PLAIN, _LAST_PLAIN = 1800_01_01, 2300_12_31


def moment_of(stored: object) -> datetime | None:
    """Return the time that a stored value stands for, in the clock it was written in; None where it stands for none.

    Parameters
    ----------
    stored : object
        Date, time, ISO text, an integer of year, month and day, or seconds since 1970.
    """
    if isinstance(stored, datetime):
        return stored.replace(tzinfo=None)
    if isinstance(stored, date):
        return datetime(stored.year, stored.month, stored.day)  # noqa: DTZ001 - the clock of the record
    try:
        if isinstance(stored, str):
            return datetime.fromisoformat(stored.strip()).replace(tzinfo=None)
        if isinstance(stored, int) and _FIRST_PLAIN <= stored <= _LAST_PLAIN:
            return datetime.strptime(str(stored), "%Y%m%d")  # noqa: DTZ007
        if isinstance(stored, int | float):
            return datetime.fromtimestamp(stored, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def day_of(stored: object) -> date | None:
    """Return the day that a stored value stands for, or None."""
    if type(stored) is date:
        return stored
    if isinstance(stored, str) and len(stored) == len("2024-01-31"):
        try:
            return date.fromisoformat(stored)
        except ValueError:
            return None
    found = moment_of(stored)
    return found.date() if found else None


class Day(TypeDecorator[date]):
    """A date."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the database's type; SQLite's files hold whatever was put there, and give it back as it is."""
        return String() if dialect.name == "sqlite" else Date()

    def process_bind_param(self, value: date | None, dialect: Dialect) -> object:
        """Return what is stored."""
        return value.isoformat() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: object, dialect: Dialect) -> date | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the date."""
        return None if value is None else day_of(value)


class Moment(TypeDecorator[datetime]):
    """A date with a time of the day."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the database's type, as `Day` does."""
        return String() if dialect.name == "sqlite" else DateTime()

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Return what is stored."""
        return value.isoformat(" ") if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the time."""
        return None if value is None else moment_of(value)
