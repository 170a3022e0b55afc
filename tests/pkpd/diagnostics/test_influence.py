"""Case deletion against fits by hand, and the one-step approximation against fits."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.data.cohort import select_subjects
from pkpd.diagnostics.influence import (
    DeletedUnit,
    approximate_deletion,
    case_deletion,
    cases,
    influence,
    influence_document,
)
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.estimation.scale import to_free
from pkpd.likelihood.population import bind_population
from pkpd.model.library import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")
WANTED = (0, 7, 19)


@pytest.fixture(scope="module")
def original():
    cohort = virtual_cohort(MODEL, Design(60, missing=0.0), np.random.default_rng(4))
    return fit(bind_population(MODEL, cohort), FitOptions(Method.EXACT))


@pytest.fixture(scope="module")
def deletions(original):
    return [case_deletion(original, number, with_ratio=True) for number in WANTED]


def test_a_deletion_is_the_fit_to_the_others(original, deletions):
    others = np.delete(np.arange(60), WANTED[1])
    rest = bind_population(MODEL, select_subjects(original.population.cohort, others))
    alone = fit(rest, FitOptions(Method.EXACT))
    assert deletions[1].ofv == pytest.approx(alone.ofv, abs=1e-3)
    known, found = (
        uncertainty(alone, CovarianceKind.SANDWICH),
        influence(original, deletions[1], unit=DeletedUnit.SUBJECT),
    )
    all_known = uncertainty(original, CovarianceKind.SANDWICH)
    assert known is not None
    assert all_known is not None
    free = original.scale.free
    shift = (alone.values - original.values)[free]
    assert found.cook == pytest.approx(np.sqrt(shift @ np.linalg.inv(all_known.matrix) @ shift), rel=0.02)
    ratio = np.sqrt(np.linalg.det(known.matrix) / np.linalg.det(all_known.matrix))
    assert found.covariance_ratio == pytest.approx(ratio, rel=0.02)
    # Tolerances: searches end within 1e-6 of the objective, which is a thousandth of a standard error.
    assert found.shift_se[free] == pytest.approx(shift / all_known.se, abs=0.01)
    expected = original.ofv - original.evaluation.ofv_i[WANTED[1]] - alone.ofv
    assert found.d_ofv == pytest.approx(expected, abs=1e-3)


def test_one_newton_step_is_near_the_fits(original, deletions):
    known = uncertainty(original, CovarianceKind.SANDWICH)
    assert known is not None
    free = original.scale.free
    for deletion in deletions:
        near = approximate_deletion(original, deletion.number)
        fitted, step = (influence(original, one, unit=DeletedUnit.SUBJECT) for one in (deletion, near))
        # Terms of the second order are left out: a quarter of a shift, or a twentieth of a standard error.
        assert step.shift_se[free] == pytest.approx(fitted.shift_se[free], rel=0.25, abs=0.05)
        assert step.cook == pytest.approx(fitted.cook, rel=0.35)
        assert np.isnan(step.covariance_ratio)


def test_steps_of_all_subjects_cancel(original):
    """The scores of all subjects add up to the gradient, which is zero."""
    found = [approximate_deletion(original, number) for number in range(60)]
    at = to_free(original.scale, original.values)
    steps = np.array([to_free(original.scale, one.values) - at for one in found])
    assert (np.abs(steps.sum(axis=0)) < 0.01 * np.abs(steps).sum(axis=0)).all()


def test_the_fall_of_the_objective_is_never_negative(original, deletions):
    for deletion in deletions:
        assert influence(original, deletion, unit=DeletedUnit.SUBJECT).d_ofv > -1e-3
        assert (
            influence(original, approximate_deletion(original, deletion.number), unit=DeletedUnit.SUBJECT).d_ofv > 0.0
        )


def test_centres_hold_every_subject_once(original):
    found = cases(original.population.cohort, DeletedUnit.CENTRE)
    places = np.concatenate([one.places for one in found])
    np.testing.assert_array_equal(np.sort(places), np.arange(60))
    assert all(one.label.startswith("centre_") for one in found)
    whole = approximate_deletion(original, 0, unit=DeletedUnit.CENTRE)
    assert np.isfinite(whole.values).all()


def test_a_fit_without_covariance_has_no_scores_and_says_so(original):
    bare = fit(original.population, FitOptions(Method.EXACT, with_covariance=False), parameters=original.parameters)
    found = influence(bare, case_deletion(bare, 0), unit=DeletedUnit.SUBJECT)
    assert np.isnan(found.cook)
    document = influence_document(
        bare, [found], unit=DeletedUnit.SUBJECT, kind=CovarianceKind.SANDWICH, is_approximate=False
    )
    assert document["covariance"] is None
    assert document["cases"][0]["cook"] is None
    assert [one["code"] for one in document["warnings"]] == ["no_covariance"]
    with pytest.raises(ValueError, match="no information"):
        approximate_deletion(bare, 0)
