"""What to know about an answer before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crohns_srs.predict.effects import Uncertainty
from dosing_app.decision.crohns.case import inputs, studied
from dosing_app.findings.crohns.names import begun, class_name, input_name, input_with_value
from dosing_app.findings.numbers import figures, one_percent, shown
from dosing_app.language import say

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.compared import ClassAnswer

Level = Literal["error", "check", "note"]
# Fewer participants than this share lie as far from the middle of the trials: told.
_RARE = 0.01
# With fewer degrees of freedom an interval is wide because trials are few.
_FEW = 20.0


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
    found: dict[str, Any] = answer.document["applicability"]
    said = [_outside(one, answer) for one in found["ranges"] if not one["is_inside"]]
    said += [_unit(one, answer) for one in found["units"]]
    distance = found["distance"]
    if distance is not None and distance["p"] is not None and distance["p"] < _RARE:
        share = one_percent(distance["p"])
        said.append(Check("check", say("crohns.check.unusual"), say("crohns.check.unusual_more", share=share)))
    missing = answer.document["missing"]
    said += [_decisive(one) for one in missing if one["is_decisive"]]
    if others := [one for one in missing if not one["is_decisive"]]:
        said.append(_averaged(others))
    if answer.document["missing_inputs"] == "defaults":
        said += [_usual(key) for key in answer.document["imputed"]]
    if not answer.document["imputed"]:
        said.append(Check("note", say("crohns.check.complete"), say("crohns.check.complete_more", count=len(inputs()))))
    if answer.uncertainty is Uncertainty.COHERENT:
        said += [_few_trials(one) for one in answer.classes if one.df < _FEW]
    return said


def _outside(one: dict[str, Any], answer: CrohnsAnswer) -> Check:
    key = str(one["input"])
    lead = begun(say("crohns.check.outside", value=input_with_value(key, answer.tree[key])))
    low, high = shown(one["low"]), shown(one["high"])
    return Check("check", lead, say("crohns.check.outside_more", low=low, high=high), key)


def _unit(one: dict[str, Any], answer: CrohnsAnswer) -> Check:
    key = str(one["input"])
    lead = begun(say("crohns.check.unit", value=input_with_value(key, answer.tree[key])))
    other = input_with_value(key, float(f"{one['converted']:.3g}"))
    return Check("check", lead, say("crohns.check.unit_more", unit=str(one["suspected_unit"]), other=other), key)


def _decisive(one: dict[str, Any]) -> Check:
    """Return that knowing an input could change the order of the classes."""
    key = str(one["input"])
    averaged = say("crohns.check.averaged", inputs=_likely(one)) if one["range"] else say("crohns.check.averaged_over")
    more = f"{averaged} {say('crohns.check.decisive')}"
    return Check("check", say("crohns.check.not_known", input=input_name(key)), more, key)


def _averaged(missing: list[dict[str, Any]]) -> Check:
    """Return what stands for inputs that are not known, where knowing one of them would not change the order of the classes."""
    names = ", ".join(input_name(str(one["input"])) for one in missing)
    lead = say("crohns.check.imputed", count=len(missing), inputs=names)
    likely = ", ".join(f"{input_name(str(one['input']))} {_likely(one)}" for one in missing if one["range"])
    more = say("crohns.check.averaged", inputs=likely) if likely else say("crohns.check.averaged_over")
    return Check("note", lead, f"{more} {say('crohns.check.not_decisive')}", str(missing[0]["input"]))


def _likely(one: dict[str, Any]) -> str:
    """Return what is likely of an input that is a number."""
    low, high = (figures(end) for end in one["range"])
    return f"{low}–{high}"


def _usual(key: str) -> Check:
    return Check("check", say("crohns.check.not_known", input=input_name(key)), say("crohns.check.usual"), key)


def _few_trials(one: ClassAnswer) -> Check:
    n_trials, _ = studied()[one.id]
    lead = begun(say("crohns.check.few", count=n_trials, title=class_name(one.id)))
    return Check("note", lead, say("crohns.check.few_more"))
