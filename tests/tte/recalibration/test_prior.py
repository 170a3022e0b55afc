"""The prior that an event model is, and models that are none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.model.event_model_files import MATRIX, build, held, refitted, shipped
from tests.tte.recalibration.event_cohorts import PUBLISHED
from tte.recalibration.prior import prior_of


def test_the_published_model_is_eleven_events_and_the_wider_of_what_it_says_of_its_shape():
    """Relative standard error 26 %; bootstrap 0.70 to 2.29 is 0.302 on the logarithm."""
    prior = prior_of(PUBLISHED)
    np.testing.assert_allclose(prior.mean, [math.log(0.144700), math.log(1.08), -0.56], atol=5e-4)
    np.testing.assert_allclose(np.diag(prior.covariance), [1 / 11, (math.log(2.29 / 0.7) / 3.919928) ** 2, 0.22**2])
    assert np.count_nonzero(prior.covariance) == 3
    assert prior.centre == PUBLISHED.x_ref
    assert prior.shape_source == "bootstrap interval of 0.7 to 2.29"


def test_the_standard_error_counts_where_it_is_the_wider():
    content = shipped()
    content["parameters"]["shape"] |= {"rse_pct": 40}
    assert prior_of(build(content)).covariance[1, 1] == pytest.approx(0.16)


def test_a_weight_divides_the_covariance():
    np.testing.assert_allclose(prior_of(PUBLISHED, weight=0.25).covariance, 4.0 * prior_of(PUBLISHED).covariance)


def test_a_spread_of_the_shape_may_be_given():
    assert prior_of(PUBLISHED, shape_sd=0.5).covariance[1, 1] == pytest.approx(0.25)


def test_a_covariance_matrix_is_brought_to_the_hazard_by_day_90():
    prior, matrix = prior_of(refitted()), np.array(MATRIX)
    change = np.array([[1.0, math.log(90.0), 0.0], [0.0, 1.0 / 1.08, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(prior.covariance, change @ matrix @ change.T)


def test_a_model_without_uncertainty_is_no_prior():
    with pytest.raises(InputError, match="takes its estimates as exact"):
        prior_of(held())


def test_a_model_that_says_nothing_of_its_shape_asks_for_it():
    content = shipped()
    content["parameters"]["shape"] = {"value": 1.08}
    with pytest.raises(InputError, match="give a standard deviation of ln shape as --shape-sd"):
        prior_of(build(content))
    assert prior_of(build(content), shape_sd=0.3).covariance[1, 1] == pytest.approx(0.09)


@pytest.mark.parametrize("weight", [0.0, -1.0, 1.5, math.nan])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(InputError, match=r"--prior-weight: .* is not above 0 and up to 1"):
        prior_of(PUBLISHED, weight=weight)


def test_every_problem_is_named_at_once():
    with pytest.raises(InputError) as caught:
        prior_of(held(), weight=2.0, shape_sd=-1.0)
    assert len(caught.value.problems) == 3
