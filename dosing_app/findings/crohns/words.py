"""The answer in sentences: what comes out ahead, by how much, and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from dosing_app.decision.crohns.case import class_ids, inputs
from dosing_app.decision.crohns.verdict import Standing, is_settled
from dosing_app.findings.crohns.names import begun, class_name, class_short, class_title, input_with_value, label_text
from dosing_app.findings.crohns.numbers import points
from dosing_app.findings.numbers import percent, shown
from dosing_app.language import say

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.case import Tree
    from dosing_app.decision.crohns.compared import Contrast
    from dosing_app.decision.crohns.what_if import Value


def headline(answer: CrohnsAnswer) -> str:
    """Return the answer in one sentence."""
    found = answer.verdict
    if found.standing is Standing.NOTHING:
        return say("crohns.headline.nothing")
    return say(f"crohns.headline.{found.standing.value}", title=class_title(found.class_id))


def sentences(answer: CrohnsAnswer) -> list[str]:
    """Return what is said under the headline."""
    said: list[str] = []
    if len(answer.classes) > 1:
        said.append(_first_over_second(answer))
        said += [_between(one, answer.worthwhile) for one in answer.contrasts[len(answer.classes) - 1 :]]
    elif answer.classes:
        said.append(say("crohns.alone_more", points=points(answer.classes[0].expected)))
    if taken_out := [name for name in class_ids() if name in (answer.tree.get("unavailable") or [])]:
        said.append(taken_out_words(taken_out))
    return [*said, say("crohns.association")]


def taken_out_words(class_ids_out: list[str]) -> str:
    """Return that classes were taken out before anything was compared."""
    names = [class_name(name) for name in class_ids_out]
    listed = names[0]
    for name in names[1:]:
        listed = say("list.and", first=listed, second=name)
    return begun(say("crohns.taken_out", count=len(names), classes=listed))


def case_words(tree: Tree) -> list[str]:
    """Return the inputs of a case in words, so that a wrong one is seen."""
    words = [_person(tree)]
    for one in inputs():
        value = tree.get(one.case)
        if one.case in {"age_year", "sex"}:
            continue
        if value is None or value is False:
            continue
        words.append(input_with_value(one.case, value))
    unknown = [one for one in inputs() if tree.get(one.case) is None and one.case not in {"age_year", "sex"}]
    return [*words, *([say("crohns.case_unknown", count=len(unknown))] if unknown else [])]


def label_words(answer: CrohnsAnswer, uncertainty: Uncertainty) -> str:
    """Return the classes in their order by one way to state uncertainty; what the comparison comes to by the coherent one."""
    if uncertainty is not Uncertainty.COHERENT:
        return label_text(answer.labels[uncertainty])
    found = answer.coherent
    name = class_short(found.class_id) if found.class_id else ""
    return say(f"crohns.standing.{found.standing.value}", name=name)


def announced(answer: CrohnsAnswer) -> str:
    """Return what is read aloud after a change."""
    return headline(answer)


def answer_words(answer: CrohnsAnswer) -> tuple[str, str]:
    """Return the answer in one line, for the narrow screen: what comes out, and the chance."""
    if not answer.classes:
        return headline(answer), ""
    first = answer.classes[0]
    return headline(answer), say("crohns.chance_of", chance=percent(first.probability_first))


def figure_label(answer: CrohnsAnswer) -> str:
    """Return what the bars show, for who does not see them."""
    parts = [
        say(
            "crohns.figure_class",
            title=class_title(one.id),
            sum=points(one.expected),
            low=points(one.interval[0]),
            high=points(one.interval[1]),
            placebo=points(answer.placebo),
            drug=points(one.drug),
        )
        for one in answer.classes
    ]
    return " ".join([say("crohns.figure_label"), *parts])


def level_words(answer: CrohnsAnswer) -> str:
    """Return what the intervals are."""
    return say("crohns.interval", level=shown(round(100.0 * answer.level, 6)))


def value_words(key: str, value: Value) -> str:
    """Return the value of an input beside its name, as it was entered."""
    if value is None:
        return say("field.not_known")
    if isinstance(value, bool):
        return say("choice.yes" if value else "choice.no")
    return say(f"choice.{value}") if isinstance(value, str) else say(f"crohns.entered.{key}", value=shown(value))


def models_words() -> str:
    """Return the models behind every answer, with the beginning of their checksum."""
    models = shipped_models()
    return say("crohns.models", name=say(f"crohns.models.{models.id}"), hash=models.sha256[:8])


def _person(tree: Tree) -> str:
    age, sex = tree.get("age_year"), tree.get("sex")
    who = say(f"crohns.who.{sex or 'not_known'}")
    return say("crohns.who_aged", who=who, age=shown(age)) if age is not None else say("crohns.who_no_age", who=who)


def _first_over_second(answer: CrohnsAnswer) -> str:
    first, contrast = answer.classes[0], answer.contrasts[0]
    return say(
        "crohns.first",
        title=class_title(first.id),
        count=len(answer.classes),
        chance=percent(first.probability_first),
        points=points(contrast.difference),
        second=class_name(contrast.b),
        level=shown(round(100.0 * answer.level, 6)),
        low=points(contrast.interval[0]),
        high=points(contrast.interval[1]),
    )


def _between(one: Contrast, worthwhile: float) -> str:
    key = "crohns.between_settled" if is_settled(one, worthwhile) else "crohns.between_open"
    return say(key, a=class_name(one.a), b=class_name(one.b), title=class_title(one.a))
