"""What an OMOP database says of a person, input by input, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.crohns.case import inputs
from dosing_app.findings.crohns.names import input_name
from dosing_app.findings.crohns.words import value_words
from dosing_app.language import say

if TYPE_CHECKING:
    from crohns_srs.omop import InputValue, PersonInputs, SourceRecord


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where one input comes from.

    Parameters
    ----------
    name, value : str
        The input and its value, or that it is missing.
    how : str
        How it follows from the records, or why it is missing, in the words of the reading (English).
    records : str
        The records: table, number, day, unit.
    is_missing : bool
        Whether there is no value.
    """

    name: str
    value: str
    how: str
    records: str
    is_missing: bool


def source_rows(person: PersonInputs) -> tuple[SourceRow, ...]:
    """Return where each input comes from, in the order of the screen."""
    return tuple(_row(one.case, person.values[one.case]) for one in inputs())


def _row(key: str, found: InputValue) -> SourceRow:
    value = say("crohns.omop.missing") if found.value is None else value_words(key, found.value)
    records = "; ".join(map(_record, found.records))
    return SourceRow(input_name(key), value, found.how, records, found.value is None)


def _record(one: SourceRecord) -> str:
    parts = [f"{one.table} {one.id}", one.day.isoformat() if one.day else "", f"{one.value} {one.unit}".strip()]
    return ", ".join(part for part in parts if part)
