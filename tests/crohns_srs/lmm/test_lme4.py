"""Fits beside those of R 4.2.2, lme4 1.1-31 and lmerTest 3.1-3, on the two data sets of the reference folder.

Tolerances are those of its README (criterion 1e-7, the rest 1e-5); lmerTest's degrees of freedom are numerical derivatives at lme4's optimum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from crohns_srs.design import create_design
from crohns_srs.lmm import FitStatus, Likelihood, contrast, fit_mixed, likelihood_ratio_test
from tests.crohns_srs.lmm.published import FITS, Reference, references

if TYPE_CHECKING:
    from pathlib import Path

EACH = pytest.mark.parametrize(
    "reference", [(table, model) for table in FITS for model in ("placebo", "anti_tnf")], indirect=True, ids=str
)
pytestmark = pytest.mark.reference


@pytest.fixture
def reference(request: pytest.FixtureRequest, reference_dir: Path) -> Reference:
    return references(reference_dir / "crohns")[request.param]


@EACH
@pytest.mark.requirement("CD-01")
def test_a_restricted_fit_is_that_of_lme4(reference: Reference):
    fit, told = fit_mixed(reference.design, reference.outcome), reference.fit
    assert list(fit.terms) == told["terms"]
    assert fit.deviance == pytest.approx(told["reml_criterion"], abs=1e-7)
    assert (fit.estimate - told["estimate"]) / told["se"] == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(fit.standard_error, told["se"], rtol=1e-6)
    scale = np.sqrt(np.outer(np.diag(told["vcov"]), np.diag(told["vcov"])))
    np.testing.assert_allclose(fit.covariance / scale, told["vcov"] / scale, atol=1e-6)
    assert np.sqrt(fit.ratio[0]) == pytest.approx(told["theta"], abs=1e-6)
    assert fit.group_variance[0] == pytest.approx(told["var_trial"], rel=1e-5, abs=0.0)
    assert fit.residual_variance == pytest.approx(told["var_residual"], rel=1e-7)
    assert (fit.status is FitStatus.BOUNDARY) == told["singular"]
    assert list(reference.design.groupings[0].levels) == told["group_levels"]
    np.testing.assert_allclose(fit.effects, told["blup_intercept"], atol=1e-5)


@EACH
@pytest.mark.requirement("CD-01")
def test_degrees_of_freedom_are_those_of_lmertest(reference: Reference):
    fit, told = fit_mixed(reference.design, reference.outcome), reference.fit
    found = [contrast(fit, one) for one in np.eye(len(fit.terms))]
    np.testing.assert_allclose([one.df for one in found], told["satterthwaite_df"], rtol=1e-5)
    np.testing.assert_allclose([one.p for one in found], told["satterthwaite_p"], rtol=1e-5)


@EACH
@pytest.mark.requirement("CD-01")
def test_a_full_likelihood_and_its_ratio_are_those_of_lme4(reference: Reference):
    told = reference.fit["ml"]
    fit = fit_mixed(reference.design, reference.outcome, likelihood=Likelihood.FULL)
    assert fit.deviance == pytest.approx(told["deviance"], abs=1e-7)
    assert (fit.estimate - told["estimate"]) / reference.fit["se"] == pytest.approx(0.0, abs=1e-6)
    assert np.sqrt(fit.ratio[0]) == pytest.approx(told["theta"], abs=1e-6)
    assert np.sqrt(fit.residual_variance) == pytest.approx(told["sigma"], rel=1e-7)
    bare = create_design(reference.design.place, {}, reference.design.groupings)
    smaller = fit_mixed(bare, reference.outcome, likelihood=Likelihood.FULL)
    assert smaller.deviance == pytest.approx(-2.0 * told["loglik_intercept_only"], abs=1e-7)
    test = likelihood_ratio_test(fit, smaller)
    assert (test.chi_square, test.df, test.p) == pytest.approx(
        (told["lrt_chisq"], told["lrt_df"], told["lrt_p"]), rel=1e-6
    )
