"""Crohn's disease, and where it sits."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crohns_srs.omop.concepts import ABOVE_ILEUM, COLONIC, ILEAL
from crohns_srs.omop.input_value import InputValue, condition_source, missing
from crohns_srs.omop.reason import of_input, said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crohns_srs.omop.records import Condition
    from crohns_srs.omop.vocabulary import Vocabulary


def ileal_disease(conditions: Iterable[Condition], vocabulary: Vocabulary) -> InputValue:
    """Return whether the ileum is ill.

    Yes by any diagnosis of it; no where all that name a place name colon or rectum; missing where none names a place.

    Parameters
    ----------
    conditions : iterable of Condition
        Diagnoses of Crohn's disease up to the index date.
    vocabulary : Vocabulary
        What their concepts mean.
    """
    ordered = sorted(conditions, key=lambda one: (one.day or date.max, one.id))
    groups = [(one, vocabulary.conditions.meaning.get(one.concept, frozenset[str]())) for one in ordered]
    ileal = [one for one, of in groups if ILEAL in of]
    if ileal:
        named = [one for one, of in groups if ILEAL in of and ABOVE_ILEUM not in of]
        warnings = () if named else (of_input("ileal", said("ileal.by_small_intestine")),)
        return InputValue(
            value=True,
            how=said("ileal.yes"),
            records=(condition_source((named or ileal)[0]),),
            warnings=warnings,
        )
    placed = [one for one, of in groups if COLONIC in of]
    elsewhere = [one for one, of in groups if ABOVE_ILEUM in of]
    if placed and not elsewhere:
        return InputValue(
            value=False,
            how=said("ileal.no"),
            records=(condition_source(placed[0]),),
        )
    return missing(said("ileal.unknown"))
