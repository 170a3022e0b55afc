"""What keeps a resource of a bundle from being read, and the sentences about resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dosing_app.language import Figure, message
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dosing_app.language import Message

_LONGEST_SHOWN = 20


class Finding(NamedTuple):
    """Why something in a bundle is not read, with the place of the resource, or with that in the text."""

    place: str | Message
    said: Message

    def problem(self) -> Problem:
        """Return the finding in English, as on the command line."""
        return Problem(str(self.place), str(self.said))


class BundleError(InputError):
    """A bundle that cannot be used.

    Parameters
    ----------
    findings : iterable of Finding
        At least one.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(finding.problem() for finding in self.findings)


class RefusedError(Exception):
    """A resource that contradicts itself or cannot be understood, so that the bundle is not read without it.

    Parameters
    ----------
    said : Message
        Why, in one sentence without the place.
    """

    def __init__(self, said: Message) -> None:
        super().__init__(said.key)
        self.said = said


class LeftOutError(RefusedError):
    """A resource that is understood and holds nothing for the case."""


def note_at(place: str | Message, said: Message) -> Message:
    """Return a sentence with the place of the resource before it."""
    return message("fhir.at", place=place, finding=said)


def figure(value: float) -> Figure:
    """Return a number for a sentence, to ten digits."""
    return Figure(f"{value:.10g}")


def with_unit(value: float, unit: str) -> Message:
    """Return a number and its unit for a sentence."""
    return message("fhir.quantity", value=figure(value), unit=shown_code(unit))


def shown_code(text: str) -> str:
    """Return a unit or code on one line, printable and short; never for text that may name somebody."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: _LONGEST_SHOWN + 1])
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"
