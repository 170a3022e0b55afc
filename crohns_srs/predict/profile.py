"""What is known of one patient, as the models take it: one set of values, or equally likely ones where inputs are not known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.design import INTERCEPT
from crohns_srs.predict.population import likely_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.class_model import ModelSet
    from pkpd.arrays import FloatArray

N_SETS = 1024
"""Sets of values that stand for inputs that are not known."""


class MissingInputs(Enum):
    """What becomes of inputs that are not known."""

    INTEGRATE = "integrate"
    DEFAULTS = "defaults"


@dataclass(frozen=True, slots=True)
class Profile:
    """Sets of values of one patient, equally likely.

    Parameters
    ----------
    values : dict of str to (n_sets,) array
        Values of each covariate by term, centred; one set where every input is known.
    n_sets : int
        Sets.
    """

    values: dict[str, FloatArray]
    n_sets: int

    def rows(self, terms: tuple[str, ...]) -> FloatArray:
        """Return the rows of a model's matrix, (n_sets, n_terms)."""
        return np.column_stack([np.ones(self.n_sets) if term == INTERCEPT else self.values[term] for term in terms])


def known_values(models: ModelSet, case: CrohnsCase) -> dict[str, float]:
    """Return the values of a case that are not defaults, by term, centred."""
    missing = {one.name for one in models.config.covariates if one.case in case.imputed}
    return {name: value for name, value in case.values.items() if name not in missing}


def filled(case: CrohnsCase) -> Profile:
    """Return a patient with the usual value in place of each that is not known."""
    return Profile({name: np.array([value]) for name, value in case.values.items()}, 1)


def integrated(models: ModelSet, known: Mapping[str, float], n_sets: int = N_SETS) -> Profile:
    """Return a patient with what may be in place of what is not known, given what is.

    Parameters
    ----------
    models : ModelSet
        Models, whose population says how covariates go together.
    known : mapping of str to float
        Values by term, centred, those of the placebo model alone among them.
    n_sets : int
        Sets of values.
    """
    population = models.population
    if all(term in known for term in population.terms):
        return Profile({name: np.array([value]) for name, value in known.items()}, 1)
    likely = likely_values(population, known, n_sets)
    return Profile({name: np.full(n_sets, value) for name, value in known.items()} | likely, n_sets)
