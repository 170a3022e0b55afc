"""The sequence of models beside its definition, and beside R on the reference tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from crohns_srs.data.config import load_config
from crohns_srs.data.ipd_file import read_participants
from crohns_srs.srs.document import fit_document
from crohns_srs.srs.fit import SequenceFit, StageFit, fit_sequence, two_stage_covariance
from pkpd.errors import InputError
from tests.crohns_srs.lmm.published import FITS
from tests.crohns_srs.trials import rows, written

if TYPE_CHECKING:
    from pathlib import Path


def fitted(folder: Path, participants: list[dict[str, Any]]) -> SequenceFit:
    table, file = written(folder, participants)
    return fit_sequence(read_participants(table, load_config(file)))


@pytest.mark.reference
@pytest.mark.parametrize("table", list(FITS))
@pytest.mark.requirement("CD-02")
def test_the_models_of_a_reference_table_are_those_of_lme4(table: str, reference_dir: Path):
    """Both stages from the rows on, within 1e-5."""
    folder = reference_dir / "crohns"
    found = fit_document(fit_sequence(read_participants(str(folder / table), load_config())), level=0.95)["models"]
    told = json.loads((folder / FITS[table]).read_text(encoding="utf-8"))["fits"]
    assert list(found) == ["placebo", "anti_il12_23", "anti_integrin", "anti_tnf"]
    for name, fit in told.items():
        own = found[name]
        assert own["terms"] == fit["terms"]
        assert (own["n_obs"], own["n_trials"]) == (fit["n_obs"], fit["n_groups"])
        error = np.array(fit["se"])
        assert (np.array(own["estimate"]) - fit["estimate"]) / error == pytest.approx(0.0, abs=1e-5)
        for ours, theirs in (
            ("se", "se"),
            ("df", "satterthwaite_df"),
            ("p", "satterthwaite_p"),
            ("var_residual", "var_residual"),
            ("var_trial", "var_trial"),
            ("theta", "theta"),
        ):
            np.testing.assert_allclose(own[ours], fit[theirs], rtol=1e-5, err_msg=f"{name}, {ours}")
        np.testing.assert_allclose(
            own["vcov"] / np.outer(error, error), fit["vcov"] / np.outer(error, error), atol=1e-5
        )
        assert own["reml_criterion"] == pytest.approx(fit["reml_criterion"], abs=1e-6)
        assert own["status"] == ("boundary" if fit["singular"] else "inside")
        effects = [one["effect"] for one in own["trials"].values()]
        np.testing.assert_allclose(effects, fit["blup_intercept"], rtol=1e-5, atol=1e-5)
        assert own["likelihood_ratio"]["chi_square"] == pytest.approx(fit["ml"]["lrt_chisq"], rel=1e-5)
        assert own["likelihood_ratio"]["p"] == pytest.approx(fit["ml"]["lrt_p"], rel=1e-5)


def test_a_linear_function_of_the_covariates_on_every_outcome_changes_no_class(tmp_path: Path):
    """It all goes into the placebo model, and out of the drugs' part again; only the calendar effect links the stages."""
    given = rows()
    moved = [{**row, "fall": row["fall"] + 30.0 - 0.9 * row["age"] + 7.0 * row["male"]} for row in given]
    a, b = fitted(tmp_path, given), fitted(tmp_path, moved)
    np.testing.assert_allclose(
        b.placebo.fit.estimate - a.placebo.fit.estimate, [30.0 - 0.9 * 40.0, 0.0, -0.9, 7.0], atol=1e-9
    )
    for one, other in zip(a.classes, b.classes, strict=True):
        np.testing.assert_allclose(other.fit.estimate, one.fit.estimate, atol=1e-9)
        np.testing.assert_allclose(other.fit.covariance, one.fit.covariance, rtol=1e-8, atol=1e-11)


def test_differences_between_classes_know_the_placebo_model_by_its_season_alone(tmp_path: Path):
    """Classes less their difference from observed outcomes: the season's coefficient times what each class makes of the season."""
    found = fitted(tmp_path, rows())
    n = len(found.classes[0].fit.terms)
    for stage in found.classes:
        shared = stage.carried[:, [0, 2, 3]]  # intercept, age, male: the class's own terms
        np.testing.assert_allclose(shared, np.eye(n), atol=1e-10)
    difference = found.classes[0].carried - found.classes[1].carried
    assert np.abs(difference[:, [0, 2, 3]]).max() < 1e-10
    assert np.abs(difference[:, 1]).max() > 0.01


def dense(found: SequenceFit, stage: StageFit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which rows a model is of, their covariance at its variances, and what makes coefficients of their outcomes."""
    x, code = stage.fit.summary.design.matrix, stage.fit.summary.design.groupings[0].code
    sigma = stage.fit.residual_variance * np.eye(code.size) + stage.fit.group_variance[0] * (code[:, None] == code)
    inverse = np.linalg.inv(sigma)
    return found.participants.arm == stage.id, sigma, np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)


@pytest.mark.requirement("CD-02")
def test_the_two_stage_covariance_is_that_of_the_map_from_all_outcomes(tmp_path: Path):
    """Both stages as one matrix on the outcomes of placebo and active rows, whose covariance is known."""
    found = fitted(tmp_path, rows(1))
    is_placebo, sigma_placebo, lever_placebo = dense(found, found.placebo)
    given = found.participants
    maps = []
    for stage in found.classes:
        is_own, sigma, lever = dense(found, stage)
        expected = np.column_stack([np.ones(is_own.sum()), *(one[is_own] for one in given.covariates.values())])
        maps.append((-lever @ expected @ lever_placebo, lever, sigma))
        estimate = maps[-1][0] @ given.outcome[is_placebo] + lever @ given.outcome[is_own]
        np.testing.assert_allclose(estimate, stage.fit.estimate, rtol=1e-9)
    for i, one in enumerate(found.classes):
        for j, other in enumerate(found.classes):
            expected = maps[i][0] @ sigma_placebo @ maps[j][0].T
            if i == j:
                expected = expected + maps[i][1] @ maps[i][2] @ maps[i][1].T
            np.testing.assert_allclose(two_stage_covariance(found, one, other), expected, rtol=1e-8, atol=1e-12)


def test_every_class_that_cannot_be_fitted_is_told(tmp_path: Path):
    given = [row for row in rows() if row["arm"] == "none" or row["study"] in {"S0", "S1"}]
    with pytest.raises(InputError) as caught:
        fitted(tmp_path, given)
    found = [str(one).rpartition("participants.csv, ")[2] for one in caught.value.problems]
    expected = "study is {} in every row; expected at least two, for their variance to be estimated"
    assert found == [f"old drugs: {expected.format('S0')}", f"new drugs: {expected.format('S1')}"]
