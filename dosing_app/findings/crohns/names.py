"""Names of classes, inputs and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.numbers import shown
from dosing_app.language import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.crohns.what_if import Value


def class_name(class_id: str) -> str:
    """Return what a class is called within a sentence."""
    return say(f"crohns.class.{class_id}")


def class_title(class_id: str) -> str:
    """Return what a class is called where a line begins with it."""
    return begun(class_name(class_id))


def class_short(class_id: str) -> str:
    """Return what a class is called at the head of a column."""
    return say(f"crohns.short.{class_id}")


def begun(sentence: str) -> str:
    """Return a sentence with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def label_text(groups: Sequence[Sequence[str]]) -> str:
    """Return groups of classes as one line: IL-12/23 > integrin = TNF."""
    return " > ".join(" = ".join(map(class_short, group)) for group in groups) or say("crohns.label_none")


def input_name(key: str) -> str:
    """Return what an input is called where it stands alone."""
    return say(f"crohns.input.{key}")


def input_with_value(key: str, value: Value) -> str:
    """Return an input with its value: age 70, CRP 8.73 mg/L, anti-TNF in the past, no steroid."""
    if value is None:
        return say("crohns.value.not_known", input=input_name(key))
    if isinstance(value, bool):
        return say(f"crohns.value.{key}.{'yes' if value else 'no'}")
    if isinstance(value, str):
        return say(f"crohns.value.{key}.{value}")
    return say(f"crohns.value.{key}", value=shown(value))
