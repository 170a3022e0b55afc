"""Warnings in the reader's language, with words for the keys and settings of a case file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.language import message, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.optimize_result import OptimizeWarning
    from dosing_app.language import Value

_LIMITS = (
    "mg_per_kg_max",
    "dose_step_mg",
    "gap_day_min",
    "doses_max_28_day",
    "first_day",
    "days_allowed",
    "weekdays_allowed",
    "heart_failure",
)
_SETTINGS = {
    "days": "words.days",
    "limits.reference: none": "choice.none",
    "search.kind.fixed_interval": "kind.fixed_interval",
    "search.kind.fixed_dose": "kind.fixed_dose",
}

WORDS: Mapping[str, Value] = {
    **{name: message(f"field.{name}") for name in _LIMITS},
    **{name: message(key) for name, key in _SETTINGS.items()},
}
"""What a reader calls the limits of a search and its settings."""


def warning_text(warning: CaseWarning | OptimizeWarning) -> str:
    """Return a warning in the language being spoken, with the names of fields for the keys of a file."""
    return spoken(warning.message.with_words(WORDS))
