"""Models that a folder holds answer as the rows that they were fitted to do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from asuc.cli import run
from crohns_srs.data.config import load_config
from crohns_srs.data.ipd_file import read_participants
from crohns_srs.lmm import contrast, held_covariance, held_shift
from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.own_models import own_models
from crohns_srs.predict.recommend import HELD_CLOSED, recommend
from crohns_srs.srs.fit import SequenceFit, fit_sequence, two_stage_covariance
from pkpd.errors import InputError
from tests.crohns_srs.trials import rows, written

CASE = json.dumps({"schema": "asuc-crohns-case/1", "season": 12, "age": 60, "male": True})
X = np.array([1.0, 20.0, 1.0])


@pytest.fixture
def fitted(tmp_path: Path) -> tuple[str, SequenceFit]:
    table, config = written(tmp_path, rows(4))
    assert run(["crohns", "fit", table, "--config", config, "--out", str(tmp_path / "fit")]) == 0
    return str(tmp_path / "fit"), fit_sequence(read_participants(table, load_config(config)))


def answer(folder: str, uncertainty: Uncertainty, case: str = CASE) -> dict[str, Any]:
    models = own_models(folder)
    return recommend(models, read_case(case, models.config), uncertainty)


def test_coherent_answers_have_the_two_stage_covariance_of_the_rows(fitted: tuple[str, SequenceFit]):
    folder, sequence = fitted
    found = answer(folder, Uncertainty.COHERENT)
    old, new = sequence.classes
    for stage in sequence.classes:
        one = found["classes"][stage.id]
        assert one["effect"] == pytest.approx(X @ stage.fit.estimate)
        assert one["se"] ** 2 == pytest.approx(X @ two_stage_covariance(sequence, stage, stage) @ X)
    both = [two_stage_covariance(sequence, *pair) for pair in ((old, old), (new, new), (old, new))]
    difference = found["contrasts"][0]
    assert difference["se"] ** 2 == pytest.approx(X @ (both[0] + both[1] - both[2] - both[2].T) @ X)
    at = np.array([1.0, 2.0, 20.0, 1.0])
    placebo = contrast(sequence.placebo.fit, at)
    assert (found["placebo"]["effect"], found["placebo"]["se"]) == pytest.approx(
        (placebo.estimate, placebo.standard_error)
    )
    assert found["placebo"]["df"] == pytest.approx(placebo.df)
    assert found["placebo"]["interval"] == pytest.approx(placebo.interval)


def test_the_calculators_errors_are_those_of_the_class_alone(fitted: tuple[str, SequenceFit]):
    folder, sequence = fitted
    found = answer(folder, Uncertainty.DASHBOARD)
    for stage in sequence.classes:
        assert found["classes"][stage.id]["se"] == pytest.approx(contrast(stage.fit, X).standard_error)
    one = found["contrasts"][0]
    assert one["df"] == sum(stage.fit.n_obs - 3 for stage in sequence.classes)
    assert one["p"] == pytest.approx(2 * stats.t.sf(abs(one["difference"]) / one["se"], one["df"]))


def test_the_papers_errors_are_closed_forms_until_there_are_refits(tmp_path: Path, fitted: tuple[str, SequenceFit]):
    folder, sequence = fitted
    found = answer(folder, Uncertainty.PAPER)
    assert HELD_CLOSED in found["warnings"]
    for stage in sequence.classes:
        assert found["classes"][stage.id]["effect"] == pytest.approx(X @ (stage.fit.estimate + held_shift(stage.fit)))
        assert found["classes"][stage.id]["se"] ** 2 == pytest.approx(X @ held_covariance(stage.fit) @ X)
    table, config = str(tmp_path / "participants.csv"), str(tmp_path / "trials.toml")
    words = ["crohns", "bootstrap", table, "--config", config, "--n", "2000", "--out", str(tmp_path / "refits")]
    assert run(words) == 0
    refitted = answer(str(tmp_path / "refits"), Uncertainty.PAPER)
    assert HELD_CLOSED not in refitted["warnings"]
    for name, one in refitted["classes"].items():
        assert one["se"] == pytest.approx(found["classes"][name]["se"], rel=0.25)
    assert run([*words[:-1], str(tmp_path / "drawn"), "--effects", "redrawn"]) == 0
    assert HELD_CLOSED in answer(str(tmp_path / "drawn"), Uncertainty.PAPER)["warnings"]


def test_missing_inputs_follow_the_table(fitted: tuple[str, SequenceFit]):
    folder, sequence = fitted
    found = answer(folder, Uncertainty.COHERENT, json.dumps({"schema": "asuc-crohns-case/1", "age": 60}))
    given = sequence.participants.covariates
    age, male = given["age"] + 40.0, given["male"]
    slope = np.cov(age, male)[0, 1] / age.var(ddof=1)
    share = male.mean() + slope * (60.0 - age.mean())
    assert found["missing"][0]["mean"] == pytest.approx(share, abs=1e-3)
    assert found["worthwhile"] is None  # the configuration says nothing of it
    assert "remission" not in found["placebo"]


def test_a_variance_of_0_between_trials_is_told(fitted: tuple[str, SequenceFit]):
    models = own_models(fitted[0])
    old, new = (replace(one, var_trial=at) for one, at in zip(models.classes, (0.0, 1.0), strict=True))
    models = replace(models, classes=(old, new), placebo=replace(models.placebo, var_trial=1.0))
    said = "old drugs: its 3 trials differ no more than chance alone would make them"
    for uncertainty in Uncertainty:
        warnings = [
            one
            for one in recommend(models, read_case(CASE, models.config), uncertainty)["warnings"]
            if "trials differ" in one
        ]
        assert len(warnings) == (uncertainty is Uncertainty.COHERENT)
        assert all(one.startswith(said) for one in warnings)


def test_folders_that_hold_no_fit_are_refused(fitted: tuple[str, SequenceFit]):
    folder = Path(fitted[0])

    def problem() -> str:
        with pytest.raises(InputError) as caught:
            own_models(str(folder))
        return str(caught.value.problems[0])

    config, fit = (
        (folder / "config.toml").read_text(encoding="utf-8"),
        (folder / "fit.json").read_text(encoding="utf-8"),
    )
    (folder / "config.toml").write_text(config + "\n", encoding="utf-8")
    assert "config.toml: is not the configuration of the fit beside it; expected the folder that" in problem()
    (folder / "config.toml").write_text(config, encoding="utf-8")
    for text, expected in (
        ("{", "fit.json: the file: Invalid JSON"),
        (fit.replace('"df_test"', '"df_tests"'), "fit.json: models.placebo.df_test: Field required"),
        (fit.replace('"new": {', '"newer": {'), "fit.json: has no model of new"),
    ):
        (folder / "fit.json").write_text(text, encoding="utf-8")
        assert expected in problem()
    (folder / "fit.json").write_text(fit, encoding="utf-8")
    (folder / "bootstrap.json").write_text("[]", encoding="utf-8")
    assert "bootstrap.json: the file: " in problem()
    (folder / "fit.json").unlink()
    assert "fit.json: cannot be read; expected the folder that" in problem()
