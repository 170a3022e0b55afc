"""When somebody was observed."""

from __future__ import annotations

from datetime import date

import pytest

from crohns_srs.omop.observation import observed_since
from crohns_srs.omop.reason import Said
from crohns_srs.omop.records import Period

INDEX = date(2024, 6, 30)


def periods(*days: tuple[date | None, date | None]) -> list[Period]:
    return [Period(i, start, end) for i, (start, end) in enumerate(days)]


@pytest.mark.parametrize(
    ("given", "gap", "expected"),
    [
        (periods((date(2020, 1, 1), INDEX)), 0, date(2020, 1, 1)),
        (periods((date(2023, 1, 1), INDEX), (date(2020, 1, 1), date(2022, 12, 31))), 0, date(2020, 1, 1)),
        (periods((date(2023, 1, 1), INDEX), (date(2020, 1, 1), date(2022, 12, 30))), 0, date(2023, 1, 1)),
        (periods((date(2020, 1, 1), date(2024, 6, 29))), 0, None),
        (periods((date(2020, 1, 1), date(2024, 6, 29))), 1, date(2020, 1, 1)),
        (periods((date(2024, 7, 1), date(2025, 1, 1))), 0, None),
        (periods((INDEX, date(2020, 1, 1)), (None, INDEX)), 0, None),
        (periods((date(2020, 1, 1), date.max)), 0, date(2020, 1, 1)),
        (periods((date(2020, 1, 1), date(2024, 12, 31)), (date(2021, 1, 1), date(2022, 1, 1))), 0, date(2020, 1, 1)),
    ],
)
def test_observation_without_a_break(given: list[Period], gap: int, expected: date | None):
    found = observed_since(given, INDEX, gap)
    assert (None if isinstance(found, Said) else found) == expected


def test_periods_that_cannot_be_used_are_not_said_to_be_none():
    assert observed_since((), INDEX, 0) == "there is no observation period"
    expected = "no observation period has a start and an end after it"
    assert observed_since(periods((INDEX, date(2020, 1, 1)), (None, INDEX)), INDEX, 0) == expected
