"""Models from words, and as files that give the same model again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.estimation.event_data import mixed_events
from tte import load_event_model
from tte.data.events import events_of
from tte.estimation.fit import FitOptions, FitStatus, fit
from tte.estimation.model import Effect, event_time_model
from tte.estimation.model_file import EXPOSURE, model_file, model_text, read_model_file
from tte.hazards.hazard import Hazard
from tte.model.predict import risk_day90

if TYPE_CHECKING:
    from pathlib import Path


def test_a_covariate_acts_on_the_first_parameter_or_on_the_one_named():
    model = event_time_model("weibull", ["crp", "gamma:Alb"], references={"alb": 31.0})
    assert model.effects == (Effect("lambda", "CRP"), Effect("shape", "ALB", 31.0))
    assert model.names == ("lambda", "shape", "lambda:CRP", "shape:ALB")
    assert event_time_model("lognormal", ["crp"]).effects[0].parameter == "mu"


def test_values_are_named_as_parameters_effects_or_covariates():
    model = event_time_model("weibull", ["CRP"], initial={"CRP": -0.5}, fixed={"gamma": 1.2})
    assert model.given == pytest.approx({"lambda:CRP": -0.5, "shape": 1.2})
    assert model.fixed == frozenset({"shape"})


def test_every_wrong_word_is_named():
    with pytest.raises(InputError) as refused:
        event_time_model(
            "weibull", ["rate:CRP", "X", "x"], references={"Y": 1.0}, initial={"z": 1.0}, fixed={"shape": -1.0}
        )
    assert [str(problem) for problem in refused.value.problems] == [
        "covariate: “rate:CRP” is none; expected NAME or PARAMETER:NAME with a parameter of the weibull hazard (lambda, shape)",
        "covariate: lambda:X is given twice",
        "reference: Y is no covariate of the model",
        "initial value: “z” is no parameter of the model; it has lambda, shape, lambda:X",
        "fixed value: shape is -1; expected a number above 0",
    ]
    with pytest.raises(InputError, match="“cox” is none; expected one of exponential, weibull"):
        event_time_model("cox")


@pytest.mark.parametrize("hazard", list(Hazard))
def test_a_fit_is_written_and_read_again(hazard, tmp_path: Path):
    events = mixed_events(120, 8)
    last = hazard.parameters[-1].name
    found = fit(events, event_time_model(hazard, ["X", f"{last}:Z"], references={"Z": 50.0}))
    file = tmp_path / "model.toml"
    file.write_text(model_file(found, 'from "here"'), encoding="utf-8")
    read = read_model_file(str(file))
    assert read.origin == 'from "here"'
    assert (read.model.hazard, read.model.effects) == (hazard, found.model.effects)
    again = fit(events, read.model, FitOptions(0))
    assert again.status is FitStatus.EVALUATED
    assert again.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-12)
    if found.status in (FitStatus.CONVERGED, FitStatus.AT_BOUND):
        assert read.covariance is not None
        assert read.covariance.tolist() == found.covariance.tolist()


def test_the_shipped_event_model_gives_the_likelihood_of_its_own_risks():
    shipped, x = load_event_model(), np.array([5.79, 6.7])
    risk = risk_day90(shipped, x)
    events = events_of([90.0, 90.0], [0, 1], upper=[np.nan, np.nan], covariates={EXPOSURE: x})
    reading = read_model_file("niyigena_2026_asuc")
    found = fit(events, reading.model, FitOptions(0))
    hazard = -np.log1p(-risk[1]) * shipped.shape / 90.0
    assert found.log_likelihood == pytest.approx(np.log1p(-risk).sum() + np.log(hazard), rel=1e-12)


def written(folder, text):
    file = folder / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_what_a_file_holds_is_held_in_a_fit(tmp_path: Path):
    model = event_time_model("weibull", ["X"], initial={"lambda": 0.02, "X": 0.5}, fixed={"shape": 1.4})
    text = model_text(model, "here")
    assert 'fixed = ["shape"] # held in a fit' in text
    read = read_model_file(written(tmp_path, text))
    assert (read.model.fixed, read.model.initial) == (model.fixed, dict(model.initial))
    with pytest.raises(InputError, match="fixed: names 'mu'; expected some of lambda, shape, lambda:X"):
        read_model_file(written(tmp_path, text.replace('fixed = ["shape"]', 'fixed = ["mu"]')))


def test_a_covariate_with_two_references_is_refused(tmp_path: Path):
    effects = "".join(
        f'[[effects]]\nparameter = "{name}"\ncovariate = "X"\nvalue = 0.1\nreference = {reference}\n'
        for name, reference in (("lambda", 1.0), ("shape", 2.0))
    )
    head = 'schema = "asuc-tte-model/1"\nhazard = "weibull"\n[parameters]\nlambda = 0.1\nshape = 1.0\n'
    with pytest.raises(InputError, match="effects: have references 1, 2 of X; expected one"):
        read_model_file(written(tmp_path, head + effects))


def test_a_wrong_file_is_refused_with_every_problem(tmp_path: Path):
    path = written(
        tmp_path,
        'schema = "asuc-tte-model/1"\nhazard = "weibull"\n[parameters]\nlambda = -1.0\n[[effects]]\nparameter = "mu"\ncovariate = "X"\nvalue = 1.0\n',
    )
    with pytest.raises(InputError) as refused:
        read_model_file(path)
    assert [str(problem).replace(path, "wrong.toml") for problem in refused.value.problems] == [
        "wrong.toml, parameters: are lambda; the weibull hazard has lambda, shape",
        "wrong.toml, parameters.lambda: -1; expected a number above 0",
        "wrong.toml, effects#1: acts on 'mu'; expected one of lambda, shape",
    ]
    for text, expected in (
        ('schema = "x/1"', "has the schema 'x/1'"),
        ("= 3", "is not valid TOML"),
        ('schema = "asuc-tte-model/1"\nhazard = "cox"\n[parameters]\n', "hazard"),
    ):
        with pytest.raises(InputError, match=expected):
            read_model_file(written(tmp_path, text))
    with pytest.raises(InputError, match="cannot be read"):
        read_model_file(str(tmp_path / "nowhere.toml"))
