"""Arrays that kernels are given: another kind of array would have them compiled anew, which takes half a minute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.likelihood.population import bind_population, packed_at
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

NIYIGENA = load_model("niyigena_2026_asuc")


@pytest.mark.parametrize("n_subjects", [1, 2])
@pytest.mark.parametrize("has_covariates", [False, True])
def test_arrays_of_a_population_are_of_one_kind_however_few_subjects_there_are(
    n_subjects: int, *, has_covariates: bool
):
    drawn = virtual_cohort(NIYIGENA, Design(n_subjects, missing=0.0), np.random.default_rng(1))
    terms = NIYIGENA.terms if has_covariates else tuple(replace(term, effects=()) for term in NIYIGENA.terms)
    model = replace(NIYIGENA, terms=terms)
    population = bind_population(model, with_model_covariates(drawn, model).cohort)
    packed = packed_at(population, population.model)
    arrays = {name: value for name, value in packed._asdict().items() if isinstance(value, np.ndarray)}
    assert len(arrays) > 10
    assert [name for name, one in arrays.items() if not (one.flags.writeable and one.flags.c_contiguous)] == []
