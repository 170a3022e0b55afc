"""What the models say of persons of a database: the whole answer of one, or the label alone of many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crohns_srs.predict.case import read_case
from crohns_srs.predict.recommend import preferred, recommend

if TYPE_CHECKING:
    from crohns_srs.omop.person_inputs import PersonInputs
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Uncertainty


def answer_for(one: PersonInputs, models: ModelSet, uncertainty: Uncertainty) -> dict[str, Any] | None:
    """Return the document that `asuc crohns recommend` gives for a person's case; None where the models do not speak for the person."""
    if one.refusal:
        return None
    return recommend(models, read_case(json.dumps(one.case), models.config), uncertainty)


def label_for(one: PersonInputs, models: ModelSet, uncertainty: Uncertainty) -> str:
    """Return the label of that document alone, some fifty times as fast; empty where the models do not speak for the person."""
    if one.refusal:
        return ""
    return preferred(models, read_case(json.dumps(one.case), models.config), uncertainty)
