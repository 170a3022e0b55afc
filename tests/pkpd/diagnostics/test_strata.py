"""Parts of a cohort: every sample in one of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.diagnostics.predictive_checks import CheckOptions, check_predictions, checks_document
from pkpd.diagnostics.strata import strata
from pkpd.errors import InputError
from pkpd.figures.vpc import check_figures
from pkpd.likelihood.population import bind_population
from pkpd.model.library import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")


@pytest.fixture(scope="module")
def cohort():
    return virtual_cohort(MODEL, Design(60, missing=0.0), np.random.default_rng(3))


@pytest.mark.parametrize(
    ("by", "n"), [("centre", 7), ("assay", 3), ("crp_mg_per_L", 3), ("SEX", 2), ("albumin_g_per_l", 3)]
)
def test_every_sample_is_in_one_part(cohort, by, n):
    found = strata(cohort, by)
    assert len(found) == n
    assert (np.sum([one.rows for one in found], axis=0) == 1).all()
    assert len({one.label for one in found}) == n


def test_tertiles_are_of_subjects_and_a_missing_value_is_a_part(cohort):
    crp = cohort.covariates["crp_mg_per_L"].copy()
    crp[:5] = np.nan
    found = strata(replace(cohort, covariates={**cohort.covariates, "crp_mg_per_L": crp}), "crp_mg_per_L")
    owner = np.repeat(np.arange(60), np.diff(cohort.sample_start))
    sizes = [np.unique(owner[one.rows]).size for one in found]
    assert found[-1].label == "crp_mg_per_L missing"
    assert sizes[-1] == 5
    assert max(sizes[:3]) - min(sizes[:3]) <= 2


def test_an_unknown_part_is_refused_with_those_there_are(cohort):
    with pytest.raises(InputError, match="which has centre, assay, weight_kg"):
        strata(cohort, "colour")


def test_a_check_of_a_part_is_the_check_of_its_samples_and_leaves_the_whole_as_it_was(cohort):
    population = bind_population(MODEL, cohort)
    values = np.array([one.value for one in population.parameters])
    whole = check_predictions(population, values, CheckOptions(100))
    split = check_predictions(population, values, CheckOptions(100, stratify="assay"))
    plain, document = checks_document(whole), checks_document(split)
    assert document["bins"] == plain["bins"]
    assert document["npc"] == plain["npc"]
    assert [sum(b["n"] for b in part["bins"]) for part in document["strata"]] == [
        int(one.rows.sum()) for one in strata(cohort, "assay")
    ]
    names = [one.name for one in check_figures(split)[0]]
    assert names[-3:] == ["vpc-stratum-1", "vpc-stratum-2", "vpc-stratum-3"]
    assert "elisa_a" in check_figures(split)[0][-3].title
