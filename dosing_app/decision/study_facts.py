"""What an event model's file reports about the study behind it; nothing is said that it does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tte.model.event_model import EventModel, Fact

EARLY_EVENTS = "colectomies_before_week_4"
"""Events before the end of the exposure's window, among all; left out where threshold and accuracy were assessed."""
VALIDATED_ON = "external_validation_patients"
"""Patients of other centres on whom the model was validated."""


def study_fact(model: EventModel, name: str) -> Fact | None:
    """Return a fact by its name; None where the file does not report it."""
    return next((fact for fact in model.facts if fact.name == name), None)


def counted_fact(model: EventModel, name: str) -> Fact | None:
    """Return a count and among how many by its name; None where the file does not report both."""
    fact = study_fact(model, name)
    return fact if fact is not None and fact.out_of else None
