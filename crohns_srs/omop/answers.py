"""What the models say of persons of a database: the whole answer of one, or the label alone of many."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.predict.batch import create_rule, label_chunks, possible_labels
from crohns_srs.predict.case import read_case
from crohns_srs.predict.profile import known_values
from crohns_srs.predict.recommend import Choices, recommend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crohns_srs.omop.person_inputs import PersonInputs
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Uncertainty

# Persons that are held and labelled at once.
_TOGETHER = 512


def answer_for(one: PersonInputs, models: ModelSet, uncertainty: Uncertainty) -> dict[str, Any] | None:
    """Return the document that `asuc crohns recommend` gives for a person's case; None where the models do not speak for the person."""
    if one.refusal:
        return None
    return recommend(models, read_case(json.dumps(one.case), models.config), uncertainty)


def labelled_persons(
    people: Iterable[PersonInputs], models: ModelSet, uncertainty: Uncertainty
) -> Iterator[tuple[PersonInputs, str]]:
    """Yield persons, each with the label of that document alone, some hundreds at a time; empty where the models do not speak for the person.

    Parameters
    ----------
    people : iterable of PersonInputs
        Persons, of whom a few hundred are held at once.
    models : ModelSet
        Models.
    uncertainty : Uncertainty
        Error of an effect.
    """
    rule = create_rule(models, uncertainty)
    names = possible_labels(rule)
    population = models.population if Choices(uncertainty).is_integrated else None
    rest = iter(people)
    while some := list(islice(rest, _TOGETHER)):
        cases = [read_case(json.dumps(one.case), models.config) for one in some if not one.refusal]
        values = [case.values if population is None else known_values(models, case) for case in cases]
        columns = {
            one.name: np.array([own.get(one.name, np.nan) for own in values]) for one in models.config.covariates
        }
        chunks = label_chunks(rule, columns, len(cases), population)
        labels = iter([names[int(code)] for _, found in chunks for code in found.code])
        for one in some:
            yield one, "" if one.refusal else next(labels)
