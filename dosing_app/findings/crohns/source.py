"""What an OMOP database says of a person, input by input, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crohns_srs.omop import Said
from dosing_app.decision.crohns.case import inputs
from dosing_app.findings.crohns.names import input_name
from dosing_app.findings.crohns.words import value_words
from dosing_app.findings.numbers import shown
from dosing_app.language import Message, say, spoken

if TYPE_CHECKING:
    from crohns_srs.omop import InputValue, PersonInputs, SourceRecord
    from crohns_srs.omop.reason import Value


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where one input comes from.

    Parameters
    ----------
    name, value : str
        The input and its value, or that it is missing.
    how : str
        How it follows from the records, or why it is missing.
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


def reason_words(reason: Said) -> str:
    """Return what is said of an input of a database, in the language being spoken."""
    return spoken(_message(reason))


def _message(reason: Said) -> Message:
    values = {name: _value(name, one) for name, one in reason.values.items()}
    return Message(f"crohns.omop.said.{reason.code}", values)


def _value(name: str, value: Value) -> str | Message:
    if isinstance(value, Said):
        return _message(value)
    if isinstance(value, tuple):
        return ", ".join(one if isinstance(one, str) else shown(one) for one in value)
    if isinstance(value, float):
        return shown(value)
    return input_name(value) if name == "input" and isinstance(value, str) else str(value)


def _row(key: str, found: InputValue) -> SourceRow:
    value = say("crohns.omop.missing") if found.value is None else value_words(key, found.value)
    records = "; ".join(map(_record, found.records))
    return SourceRow(input_name(key), value, reason_words(found.how), records, found.value is None)


def _record(one: SourceRecord) -> str:
    parts = [f"{one.table} {one.id}", one.day.isoformat() if one.day else "", f"{one.value} {one.unit}".strip()]
    return ", ".join(part for part in parts if part)
