"""Many patients at once are told what each is told alone, and refitted models have the inference of their fits."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.special import stdtr

from crohns_srs.evaluation.comparison import (
    Comparison,
    label_name,
    label_shares,
    labelled,
    levels,
    no_preference,
)
from crohns_srs.evaluation.rows import chosen
from crohns_srs.lmm import contrast, held_covariance
from crohns_srs.power.population import synthetic_population
from crohns_srs.predict.batch import create_rule, label_chunks
from crohns_srs.predict.case import CrohnsCase, read_case
from crohns_srs.predict.class_model import degrees_of_freedom
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.predict.recommend import recommend
from crohns_srs.srs.fit import fit_sequence, two_stage_covariance
from tests.crohns_srs.evaluation.tables import IDS, drawn

CONFIG = shipped_models().config
FEW = replace(chosen(drawn(3), np.arange(24)), covariates=synthetic_population(shipped_models(), 24, 5).covariates)


def case(i: int) -> CrohnsCase:
    values: dict[str, object] = {}
    for one in CONFIG.covariates:
        value = float(FEW.covariates[one.name][i]) + one.centre
        values[one.case] = one.words[int(value)] if one.words else bool(value) if one.is_binary else value
    return read_case(json.dumps({"schema": "asuc-crohns-case/1", **values}), CONFIG)


@pytest.mark.requirement("EVAL-01")
@pytest.mark.parametrize("uncertainty", list(Uncertainty))
@pytest.mark.parametrize("trial_sd", [0.0, 25.0])
def test_every_patient_is_told_what_it_is_told_alone(uncertainty: Uncertainty, trial_sd: float):
    fitted = fitted_models(fit_sequence(drawn(1, trial_sd=trial_sd)))
    refitted = replace(shipped_models(), placebo=fitted.placebo, classes=fitted.classes)
    for models in (shipped_models(), refitted):
        [(_, found)] = label_chunks(create_rule(models, uncertainty), FEW.covariates, FEW.n_rows)
        groups = labelled(models, FEW, uncertainty)
        for i in range(FEW.n_rows):
            alone = recommend(models, case(i), uncertainty)
            assert label_name(groups[i], IDS) == alone["label"]
            for k, name in enumerate(IDS):
                assert found.effect[k, i] == pytest.approx(alone["classes"][name]["effect"], abs=1e-8)
            for entry in alone["contrasts"]:
                a, b = IDS.index(entry["a"]), IDS.index(entry["b"])
                pair = list(combinations(range(len(IDS)), 2)).index((min(a, b), max(a, b)))
                difference = found.effect[a, i] - found.effect[b, i]
                t = abs(difference) / np.sqrt(found.difference_variance[pair, i])
                assert 2.0 * stdtr(found.difference_df[pair, i], -t) == pytest.approx(entry["p"], rel=1e-7)
                assert difference == pytest.approx(entry["difference"], abs=1e-8)


@pytest.mark.parametrize("trial_sd", [0.0, 25.0])
def test_refitted_models_have_the_degrees_of_freedom_and_errors_of_their_fits(trial_sd: float):
    sequence = fit_sequence(drawn(2, trial_sd=trial_sd))
    models = fitted_models(sequence)
    weights = np.random.default_rng(0).standard_normal((5, 10))
    for stage, model in zip(sequence.classes, models.classes, strict=True):
        for one in weights:
            assert degrees_of_freedom(model, one) == pytest.approx(contrast(stage.fit, one).df, rel=1e-9)
        np.testing.assert_allclose(model.held_covariance, held_covariance(stage.fit))
        both = model.covariance + model.carried @ models.placebo.covariance @ model.carried.T
        np.testing.assert_allclose(both, two_stage_covariance(sequence, stage, stage), rtol=1e-10)


def test_labels_part_where_the_rules_say():
    effect = np.array([[3.0, 2.0, 1.0]])
    p = np.ones((1, 3, 3))
    p[0, 0, 1] = p[0, 1, 0] = 0.01  # the best is better than the second, not than the third
    found = Comparison(effect, p)
    assert label_name(levels(found, is_transitive=False)[0], list("abc")) == "a > b = c"
    assert label_name(levels(found, is_transitive=True)[0], list("abc")) == "a = b = c"
    p[0, 0, 2] = p[0, 2, 0] = 0.04
    assert label_name(levels(found, is_transitive=True)[0], list("abc")) == "a > b = c"


def test_shares_of_labels_add_up_and_ties_have_one_name():
    group = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0]])
    assert label_shares(group, list("abc")) == {"a = b = c": 0.5, "a > b = c": 0.25, "b = c > a": 0.25}
    assert no_preference(group) == 0.5


def test_labels_do_not_follow_a_linear_function_added_to_every_outcome():
    one = drawn(4)
    shift = 7.0 - 2.0 * one.covariates["Age_Cent"] + 30.0 * one.covariates["Ileal"]
    other = replace(one, outcome=one.outcome + shift)
    for uncertainty in Uncertainty:
        first, second = (labelled(fitted_models(fit_sequence(table)), one, uncertainty) for table in (one, other))
        np.testing.assert_array_equal(first, second)
