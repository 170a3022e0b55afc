"""Dates of PostgreSQL that Python has not: a date without end, and years before 1 or after 9999."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

if TYPE_CHECKING:
    from psycopg.abc import Buffer

_ENDLESS = b"infinity"


class _Days(DateLoader):
    """Dates; the last one stands for no end, the first one for what cannot be said."""

    def load(self, data: Buffer) -> date:
        """Return the date."""
        try:
            return super().load(data)
        except psycopg.DataError:
            return date.max if bytes(data) == _ENDLESS else date.min


class _Moments(TimestampLoader):
    """Times of the day, likewise."""

    def load(self, data: Buffer) -> datetime:
        """Return the time."""
        try:
            return super().load(data)
        except psycopg.DataError:
            return datetime.max if bytes(data) == _ENDLESS else datetime.min  # noqa: DTZ901


class _ZonedMoments(TimestamptzLoader):
    """Times of the day in a time zone, likewise."""

    def load(self, data: Buffer) -> datetime:
        """Return the time."""
        try:
            return super().load(data)
        except psycopg.DataError:
            return datetime.max if bytes(data) == _ENDLESS else datetime.min  # noqa: DTZ901


def read_any_date(connection: psycopg.Connection, _record: object) -> None:
    """Let a connection read dates that Python has not."""
    for name, loader in (("date", _Days), ("timestamp", _Moments), ("timestamptz", _ZonedMoments)):
        connection.adapters.register_loader(name, loader)
