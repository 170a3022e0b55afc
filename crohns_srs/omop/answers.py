"""What the models say of persons of a database: the whole answer of one, or the label alone of many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scipy.special import stdtr

from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty, difference, effects_on
from crohns_srs.predict.recommend import recommend
from crohns_srs.subgroups import adjacent_groups, label_of, transitive_groups

if TYPE_CHECKING:
    from crohns_srs.omop.person_inputs import PersonInputs
    from crohns_srs.predict.class_model import ModelSet


def answer_for(one: PersonInputs, models: ModelSet, uncertainty: Uncertainty) -> dict[str, Any] | None:
    """Return the document that `asuc crohns recommend` gives for a person's case; None where the models do not speak for the person."""
    if one.refusal:
        return None
    return recommend(models, read_case(json.dumps(one.case), models.config), uncertainty)


def label_for(one: PersonInputs, models: ModelSet, uncertainty: Uncertainty) -> str:
    """Return the label of that document alone, some fifty times as fast; empty where the models do not speak for the person."""
    if one.refusal:
        return ""
    effects = effects_on(models, read_case(json.dumps(one.case), models.config), uncertainty)
    index = {model.id: k for k, model in enumerate(models.classes)}
    ranked = sorted(index, key=lambda name: -effects.effect[index[name]])

    def p_value(a: str, b: str) -> float:
        found = difference(effects, index[a], index[b])
        return float(2.0 * stdtr(found.df, -abs(found.value) / found.error))

    groups = transitive_groups if uncertainty is Uncertainty.COHERENT else adjacent_groups
    return label_of(groups(ranked, p_value))
