"""Dates as files of SQLite hold them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from crohns_srs.omop.moments import day_of, moment_of

DAY = date(2024, 1, 31)


@pytest.mark.parametrize(
    "stored",
    [
        "2024-01-31",
        " 2024-01-31 ",
        "2024-01-31 13:45:00",
        "2024-01-31T13:45:00.000",
        "2024-01-31T13:45:00+02:00",
        "20240131",
        20240131,
        1706659200,
        1706659200.0,
        date(2024, 1, 31),
        datetime(2024, 1, 31, 13, 45),  # noqa: DTZ001
    ],
)
def test_a_day_is_read_however_it_is_stored(stored: object):
    assert day_of(stored) == DAY


@pytest.mark.parametrize(
    "stored", ["", "31.01.2024", "2024-02-30", "soon", 20240230, float("nan"), 1e300, b"2024", None]
)
def test_what_is_no_date_is_none(stored: object):
    assert day_of(stored) is None
    assert moment_of(stored) is None
