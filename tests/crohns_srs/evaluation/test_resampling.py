"""Draws keep the design, exchanges make classes alike, and replicates depend on seed and number alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import erfc, sqrt

import numpy as np
import pytest

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.ablation import ablation, ablation_sets
from crohns_srs.evaluation.comparison import labelled, no_preference
from crohns_srs.evaluation.replicate_results import study_of
from crohns_srs.evaluation.resampling import (
    UNCERTAINTIES,
    Kind,
    Resampling,
    compare_by_draws,
    ordered_share,
    replicate,
    tasks_of,
)
from crohns_srs.evaluation.rows import Exchange, Unit, exchanged, resampled, usual_exchange
from crohns_srs.evaluation.study import evaluate
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence
from pkpd.errors import InputError
from tests.crohns_srs.evaluation.tables import CONFIG, IDS, drawn

TABLE = drawn(8)


def sizes(trial: np.ndarray, arm: np.ndarray) -> Counter[tuple[str, str]]:
    return Counter(zip(trial.tolist(), arm.tolist(), strict=True))


def test_drawn_participants_keep_the_size_of_every_arm():
    found = resampled(TABLE, Unit.PARTICIPANTS, np.random.default_rng(1))
    assert sizes(found.trial, found.arm) == sizes(TABLE.trial, TABLE.arm)
    assert len(set(found.outcome.tolist())) < TABLE.n_rows
    assert set(found.outcome.tolist()) <= set(TABLE.outcome.tolist())


def test_drawn_trials_are_as_many_of_each_kind_and_a_trial_drawn_twice_is_two():
    found = resampled(TABLE, Unit.TRIALS, np.random.default_rng(2))
    for one in IDS:
        before, after = (np.unique(table.trial[table.arm == one]).size for table in (TABLE, found))
        assert before == after
    assert len({name.split(" #")[0] for name in found.trial}) < 9


def test_exchanges_leave_outcomes_and_placebo_alone():
    between = exchanged(TABLE, Exchange.BETWEEN_TRIALS, np.random.default_rng(3))
    np.testing.assert_array_equal(between.arm == PLACEBO, TABLE.arm == PLACEBO)
    for trial in np.unique(TABLE.trial):
        assert np.unique(between.arm[(TABLE.trial == trial) & (between.arm != PLACEBO)]).size == 1
    assert Counter(between.arm.tolist()) == Counter(TABLE.arm.tolist())
    mixed = drawn(8, is_within=True)
    within = exchanged(mixed, Exchange.WITHIN_TRIALS, np.random.default_rng(4))
    assert sizes(within.trial, within.arm) == sizes(mixed.trial, mixed.arm)
    assert (within.arm != mixed.arm).any()
    assert usual_exchange(TABLE) is Exchange.BETWEEN_TRIALS
    assert usual_exchange(mixed) is Exchange.WITHIN_TRIALS
    some = replace(
        TABLE, arm=np.where((TABLE.trial == "T0") & (TABLE.outcome > 60.0) & (TABLE.arm != PLACEBO), IDS[1], TABLE.arm)
    )
    assert usual_exchange(some) is Exchange.PARTICIPANTS


def test_exchanges_that_the_design_does_not_have_are_refused():
    with pytest.raises(InputError, match="is within-trials, but some trial has one class alone"):
        exchanged(TABLE, Exchange.WITHIN_TRIALS, np.random.default_rng(0))
    with pytest.raises(InputError, match="is between-trials, but some trial has several classes"):
        exchanged(drawn(8, is_within=True), Exchange.BETWEEN_TRIALS, np.random.default_rng(0))


@pytest.mark.requirement("EVAL-03")
def test_labels_of_exchanged_participants_are_false_as_often_as_their_tests_say():
    table = drawn(9, n_trials=6, n_each=120, trial_sd=0.0)
    shared = Resampling(table, Unit.PARTICIPANTS, Exchange.PARTICIPANTS, 10, 5)
    found = [replicate(shared, (Kind.EXCHANGE, i)) for i in range(1, 121)]
    ordered = np.array([one["ordered"] for one in found])
    # Each of three pairs is tested at 5 %, the two neighbours in rank alone by the publication's rules: at most 5 % of pairs, with a Monte-Carlo error of about 1 %.
    assert (ordered.mean(axis=0) < 0.05 + 3.0 * ordered.std(axis=0) / np.sqrt(120)).all()
    assert (ordered[:, 1:].mean(axis=0) > 0.005).all()


def test_between_trials_labels_with_trial_effects_held_are_often_false():
    table = drawn(10, n_trials=12, n_each=300, trial_sd=40.0)
    shared = Resampling(table, Unit.PARTICIPANTS, Exchange.BETWEEN_TRIALS, 10, 5)
    found = np.array([replicate(shared, (Kind.EXCHANGE, i))["labelled"] for i in range(1, 41)]).mean(axis=0)
    coherent, paper, _ = found
    assert paper > 0.3
    assert coherent < 0.1


def test_a_replicate_depends_on_its_seed_and_number_alone():
    shared = Resampling(TABLE, Unit.PARTICIPANTS, Exchange.BETWEEN_TRIALS, 5, 3)
    for kind in Kind:
        first, again = replicate(shared, (kind, 4)), replicate(shared, (kind, 4))
        other = replicate(shared, (kind, 5))
        for name, values in first.items():
            np.testing.assert_array_equal(values, again[name])
        assert any((first[name] != other[name]).any() for name in first)


def test_number_0_of_a_learner_is_fitted_to_the_participants_themselves():
    shared = Resampling(drawn(12, n_each=600, is_within=True), Unit.PARTICIPANTS, Exchange.WITHIN_TRIALS, 60, 1)
    truth = np.column_stack([20.0 + shared.participants.covariates["Age_Cent"]])
    for kind in (Kind.FOREST, Kind.BOOSTING):
        found = replicate(shared, (kind, 0))["effect"]
        assert np.corrcoef(found[:, 0], truth[:, 0])[0, 1] > 0.7


def test_pairs_in_an_order_are_counted():
    group = np.array([[0, 0, 0], [0, 1, 1], [0, 1, 2]])
    assert ordered_share(group) == pytest.approx((0 + 2 + 3) / 9)


def test_tests_by_draws_have_the_spread_of_differences():
    rng = np.random.default_rng(6)
    shared = rng.standard_normal((500, 1, 1))  # goes up and down in all classes, and in no difference
    draws = 5.0 * shared + rng.standard_normal((500, 2, 2))
    found = compare_by_draws(np.array([[3.0, 0.0], [0.0, 0.1]]), draws)
    error = (draws[:, 0, 0] - draws[:, 0, 1]).std(ddof=1)
    assert found.p[0, 0, 1] == pytest.approx(erfc(3.0 / error / sqrt(2.0)), rel=1e-9)
    assert found.p[1, 0, 1] > 0.9


def test_a_study_counts_failures_and_leaves_out_what_was_not_asked():
    found = evaluate(TABLE, [("Ileal",)], n_folds=4, seed=1)
    shared = Resampling(TABLE, Unit.PARTICIPANTS, Exchange.BETWEEN_TRIALS, 5, 3)
    tasks = tasks_of(3, 0, 0, [])
    results = {task: replicate(shared, task) for task in tasks[:2]}
    study = study_of(shared, found, results, {tasks[2]: "was lost"})
    assert study.null is None
    assert study.learners == {}
    assert study.stability is not None
    assert (study.stability.n, study.stability.n_failed) == (2, 1)
    assert study.failures == {"bootstrap 3": "was lost"}
    original = np.array([found.groups[one] for one in UNCERTAINTIES])
    same = sum((one["group"] == original).all(axis=2) for one in results.values()) / 2
    np.testing.assert_array_equal(study.stability.same, same)


def test_ablation_is_the_fit_of_a_configuration_without_the_covariates():
    full = {one: labelled(fitted_models(fit_sequence(TABLE)), TABLE, one) for one in Uncertainty}
    found = ablation(TABLE, ("Age_Cent", "Ileal"), full)
    left = tuple(one for one in CONFIG.covariates if one.name not in ("Age_Cent", "Ileal"))
    fewer = replace(TABLE, config=replace(CONFIG, covariates=left))
    group = labelled(fitted_models(fit_sequence(fewer)), fewer, Uncertainty.PAPER)
    assert found.no_preference["paper"] == no_preference(group)
    same = (group == full[Uncertainty.PAPER]).all(axis=1).mean()
    assert found.agreement["paper"].same == same


def test_ablations_are_each_covariate_and_what_is_asked_for():
    found = ablation_sets(CONFIG, ["CRP_Cent, Ileal", "Ileal"])
    assert found[-1] == ("CRP_Cent", "Ileal")
    assert len(found) == len(CONFIG.covariates) + 1
    with pytest.raises(InputError, match="“CRP” is no covariate; expected some of Year_Cent, CDAI_baseline_Cent"):
        ablation_sets(CONFIG, ["CRP"])
