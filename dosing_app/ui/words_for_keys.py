"""The screen's words for the keys and settings of a case file, in messages that were made for a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dosing_app.findings import warning_words
from dosing_app.language import Message, message
from dosing_app.ui.fields import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dosing_app.language import Value

_COLUMNS = {
    "time_day": "day",
    "amount_mg": "mg",
    "duration_hour": "hours",
    "concentration_mg_per_L": "level",
    "lloq_mg_per_L": "lloq",
    "uloq_mg_per_L": "uloq",
    "exclude": "exclude",
}
_SETTINGS = {
    '"censored": "below"': "words.below",
    '"censored": "above"': "words.above",
}
# What a file may hold and a field of the screen does not, and sentences that speak of keys only a file has.
_EXPECTED = ("exclude", "days_allowed", "weekdays_allowed", "first_day")
_SENTENCES = {
    "fault.sample_repeated": "input.sample_repeated",
    "fault.weekdays_without_date": "input.weekdays_without_date",
}

WORDS: Mapping[str, Value] = {
    **warning_words.WORDS,
    **{name: message(f"field.{name}") for name in BY_NAME},
    **{key: message(f"column.in_words.{column}") for key, column in _COLUMNS.items()},
    **{name: message(key) for name, key in _SETTINGS.items()},
    **{f"expected.{name}": message(f"expected_here.{name}") for name in _EXPECTED},
}
"""What stands on the screen for a name out of a file."""


def in_words(said: Message, more: Mapping[str, Value] | None = None) -> Message:
    """Return a message in the screen's words.

    Parameters
    ----------
    said : Message
        As made for a file.
    more : mapping of str to Value, optional
        Further words, for rows.
    """
    own = _SENTENCES.get(said.key)
    sentence = said if own is None else replace(said, key=own)
    return sentence.with_words({**WORDS, **(more or {})})
