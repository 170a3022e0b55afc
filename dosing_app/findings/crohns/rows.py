"""The answer in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.crohns.case import studied
from dosing_app.findings.crohns.names import begun, class_name, class_short, class_title, input_with_value
from dosing_app.findings.crohns.numbers import p_value, points, points_interval, signed
from dosing_app.findings.crohns.words import level_words
from dosing_app.findings.numbers import interval_text, percent
from dosing_app.findings.table import Table
from dosing_app.language import say
from dosing_app.language.speaking import spoken_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.what_if import WhatIf


def effects_table(answer: CrohnsAnswer) -> Table:
    """Return the expected fall of each class: its parts, the sum, the chance of a response and of being first."""
    level = level_words(answer)
    titles = (
        say("crohns.column_class"),
        say("crohns.column_placebo"),
        say("crohns.column_drug"),
        say("crohns.column_sum"),
        level,
        say("crohns.column_response", at=points(answer.threshold), interval=level),
        say("crohns.column_remission", below=points(answer.remission_below), interval=level),
        say("crohns.column_first", count=len(answer.classes)),
        say("crohns.column_studied"),
    )
    rows = tuple(
        (
            class_title(one.id),
            points(answer.placebo),
            points(one.drug),
            points(one.expected),
            points_interval(one.interval),
            interval_text(*one.response_interval),
            interval_text(*one.remission_interval),
            say("crohns.in_100", chance=percent(one.probability_first)),
            _studied(one.id),
        )
        for one in answer.classes
    )
    return Table(titles, rows)


def differences_table(answer: CrohnsAnswer) -> Table:
    """Return the differences of all pairs."""
    titles = (
        say("crohns.column_difference"),
        say("crohns.column_points"),
        level_words(answer),
        "p",
        say("crohns.column_holm"),
    )
    rows = tuple(
        (
            f"{class_title(one.a)} − {class_name(one.b)}",
            points(one.difference),
            points_interval(one.interval),
            p_value(one.p),
            p_value(one.p_holm),
        )
        for one in answer.contrasts
    )
    return Table(titles, rows)


def why_table(answer: CrohnsAnswer) -> Table:
    """Return by how many points each input moves the drug part of each class, the farthest-moving input first."""
    ids = [one.id for one in answer.classes]
    moved = sorted(answer.contributions.items(), key=lambda item: -max(map(abs, item[1].values()), default=0.0))
    rows = tuple(
        (begun(input_with_value(key, answer.tree.get(key))), *(signed(by_class[name]) for name in ids))
        for key, by_class in moved
        if any(by_class.values())
    )
    return Table(("", *map(class_short, ids)), rows)


def what_if_table(answer: CrohnsAnswer, variants: Sequence[WhatIf]) -> Table:
    """Return the chance of each class to be first as entered, and with each input changed."""
    ids = [one.id for one in answer.classes]
    entered = {one.id: one.probability_first for one in answer.classes}
    rows = [(say("crohns.as_entered"), *(percent(entered[name]) for name in ids))]
    rows += [(_variant(one), *(percent(one.probability_first[name]) for name in ids)) for one in variants]
    return Table(("", *map(class_short, ids)), tuple(rows))


def most_sensitive(answer: CrohnsAnswer, variants: Sequence[WhatIf]) -> str:
    """Return which of the changes moves the first class's chance most; nothing where there is none to compare."""
    if len(answer.classes) < 2 or not variants:
        return ""
    first = answer.classes[0]
    moved = max(variants, key=lambda one: abs(one.probability_first[first.id] - first.probability_first))
    return say(
        "crohns.most_sensitive",
        title=class_title(first.id),
        variant=_variant(moved),
        chance=percent(moved.probability_first[first.id]),
        before=percent(first.probability_first),
    )


def _studied(class_id: str) -> str:
    n_trials, n_obs = studied()[class_id]
    return f"{n_trials} · {spoken_number(f'{n_obs:,}')}"


def _variant(one: WhatIf) -> str:
    return begun(input_with_value(one.input, one.value))
