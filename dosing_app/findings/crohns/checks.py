"""What to know about an answer before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dosing_app.decision.crohns.case import inputs
from dosing_app.findings.crohns.names import begun, input_name, input_with_value
from dosing_app.findings.numbers import shown
from dosing_app.language import say

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer

Level = Literal["error", "check", "note"]


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence.

    Parameters
    ----------
    level : str
        error, check (look before the figures are used) or note.
    lead, more : str
        What it says first and in bold, and what follows.
    input : str
        Key of the input that it speaks of; empty where it is no single one.
    """

    level: Level
    lead: str
    more: str = ""
    input: str = ""


def checks(answer: CrohnsAnswer) -> list[Check]:
    """Return every check of an answer, those to look at first."""
    found = [_outside(key, answer) for key in answer.outside]
    found.append(_imputed(answer))
    return found


def _outside(key: str, answer: CrohnsAnswer) -> Check:
    one = next(one for one in inputs() if one.case == key)
    low, high = map(shown, one.usual)
    lead = begun(say("crohns.check.outside", value=input_with_value(key, answer.tree[key])))
    return Check("check", lead, say("crohns.check.outside_more", low=low, high=high), key)


def _imputed(answer: CrohnsAnswer) -> Check:
    if not answer.imputed:
        return Check("note", say("crohns.check.complete"), say("crohns.check.complete_more", count=len(inputs())))
    names = ", ".join(input_name(key) for key in answer.imputed)
    lead = say("crohns.check.imputed", count=len(answer.imputed), inputs=names)
    return Check("note", lead, say("crohns.check.imputed_more"), answer.imputed[0])
