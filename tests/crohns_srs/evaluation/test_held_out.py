"""Held-out outcomes are predicted by models that never saw them, and what cannot be evaluated is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.held_out import leave_folds_out, leave_trials_out
from crohns_srs.evaluation.rows import chosen, folds, matrix
from crohns_srs.evaluation.study import evaluate
from crohns_srs.srs.fit import fit_sequence
from pkpd.errors import InputError
from tests.crohns_srs.evaluation.tables import IDS, drawn

TABLE = drawn(5)


@pytest.mark.requirement("EVAL-02")
def test_a_held_out_trial_is_predicted_by_both_stages_of_the_others():
    found = leave_trials_out(TABLE)
    out = TABLE.trial == "T4"
    sequence = fit_sequence(chosen(TABLE, ~out))
    placebo, drug = sequence.placebo.fit, sequence.classes[IDS.index(IDS[4 % 3])].fit
    expected = matrix(TABLE, placebo.terms) @ placebo.estimate
    active = out & (TABLE.arm != PLACEBO)
    expected[active] += (matrix(TABLE, drug.terms) @ drug.estimate)[active]
    np.testing.assert_allclose(found.predicted[out], expected[out], rtol=1e-10)
    # Observed coefficients of the class's outcomes minus B times the placebo model's: their error enters through x0 - Bx.
    stage = sequence.classes[4 % 3]
    x, x0 = matrix(TABLE, drug.terms)[active][0], matrix(TABLE, placebo.terms)[active][0]
    left = x0 - x @ stage.carried
    variance = (
        x @ drug.covariance @ x + left @ placebo.covariance @ left + drug.group_variance[0] + drug.residual_variance
    )
    assert found.error_of_new[active][0] == pytest.approx(np.sqrt(variance))


def test_predictions_do_not_follow_the_outcomes_that_are_held_out():
    outcome = TABLE.outcome.copy()
    outcome[TABLE.trial == "T4"] += 1000.0
    changed = replace(TABLE, outcome=outcome)
    own = TABLE.trial == "T4"
    first, second = (leave_trials_out(one).predicted[own] for one in (TABLE, changed))
    np.testing.assert_array_equal(first, second)
    part = folds(TABLE, 5, 1) == 0
    outcome = np.where(part, 500.0, TABLE.outcome)
    first, second = (leave_folds_out(replace(TABLE, outcome=y), 5, 1).predicted[part] for y in (TABLE.outcome, outcome))
    np.testing.assert_array_equal(first, second)


def test_folds_are_even_within_every_arm_of_every_trial():
    part = folds(TABLE, 5, 2)
    for trial in np.unique(TABLE.trial):
        for arm in np.unique(TABLE.arm[TABLE.trial == trial]):
            counts = np.bincount(part[(TABLE.trial == trial) & (TABLE.arm == arm)], minlength=5)
            assert counts.max() - counts.min() <= 1
    with pytest.raises(InputError, match=r"--folds: is 1; expected 2 to 540"):
        folds(TABLE, 1, 0)


def test_a_class_of_two_trials_cannot_be_evaluated_and_says_so():
    kept = ~np.isin(TABLE.trial, ["T8"])  # leaves two trials of the third class
    few = chosen(TABLE, kept)
    found = evaluate(few, [("Ileal",)], n_folds=5, seed=1)
    out = [one for one in found.arms if one.arm == IDS[2]]
    assert len(out) == 2
    for one in out:
        assert np.isnan(one.residual.value)
        assert one.said.startswith("Not evaluated. anti-TNF: Trial is T")
    others = [one for one in found.arms if one.arm == IDS[0]]
    assert all(np.isfinite(one.residual.value) for one in others)
    assert all("Only 2 other trials of anti-IL-12/23 are left" in one.said for one in others)
    assert isinstance(found.trials.by_class[IDS[2]], str)
    assert found.trials.n_missing == sum(one.n for one in out)
    assert not found.ablations[0].reason
