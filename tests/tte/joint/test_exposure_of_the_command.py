"""What `asuc exposure` writes beside event times is what the joint model's own integration gives."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from asuc.cli import run
from pkpd.data.cohort_file import read_cohort
from pkpd.data.planned_doses import add_planned_doses, read_planned_doses
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from tte.data.events_file import read_events
from tte.estimation.model import event_time_model
from tte.joint.data import joint_data
from tte.joint.held import levels_posterior

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_the_mean_of_the_exposure_under_given_and_planned_doses_is_that_of_the_joint_model(tmp_path: Path):
    files = [str(tmp_path / f"{name}.csv") for name in ("cohort", "events", "planned")]
    simulated = ["cohort", "simulate", "--n", "60", "--seed", "11", "--out", files[0]]
    assert run([*simulated, "--events", files[1], "--planned", files[2]]) == 0
    given = ["exposure", files[0], "--model", "niyigena_2026_asuc", "--events", files[1], "--planned", files[2]]
    assert run([*given, "--no-figures", "--out", str(tmp_path / "e")]) == 0
    with (tmp_path / "e" / "events_with_exposure.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))

    model = load_model("niyigena_2026_asuc")
    columns = {domain.column: name for name, domain in model.covariates.items()}
    data = read_cohort(files[0], columns).cohort
    assert data is not None
    data = with_model_covariates(data, model).cohort
    planned = add_planned_doses(data, read_planned_doses(files[2]), np.full(data.n_subjects, -np.inf))
    assert planned.changed_before(28.0).any()
    population = bind_population(model, data)
    events = read_events(files[1]).checked()
    joint = joint_data(
        population,
        planned.cohort,
        (14.0, 28.0),
        events=events,
        model=event_time_model("weibull", ["LOG_AUC_CL"], references={}, initial={}, fixed={}),
    )
    expected = levels_posterior(joint, np.array([one.value for one in population.parameters])).mean
    own = {line["ID"]: float(line["LOG_AUC_CL"]) for line in lines}
    # The joint model's rule leaves a thousandth of an integral in doubt, its square in truth.
    assert [own[name] for name in data.ids] == pytest.approx(expected.tolist(), abs=2e-4)
