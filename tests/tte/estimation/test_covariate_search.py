"""Stepwise search of covariates: its trace against fits made by hand, its level, and effects without a finite estimate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from pkpd.errors import InputError
from tte.data.events import Events, events_of
from tte.estimation.covariate_search import CovariateSearch, Form, candidates_of, covariate_search
from tte.estimation.covariate_search_document import covariate_search_document
from tte.estimation.fit import fit
from tte.estimation.model import event_time_model
from tte.hazards.hazard import Hazard

N = 150


@pytest.fixture(scope="module")
def events() -> Events:
    """Return event times with an effect of X, one of LOGGED by its logarithm, none of NONE, and logarithm and step as columns."""
    rng = np.random.default_rng(8)
    x, none, logged = rng.normal(size=N), rng.normal(size=N), rng.lognormal(0.0, 1.0, N)
    happened = 10.0 * (rng.exponential(size=N) * np.exp(-0.8 * x - 0.6 * np.log(logged))) ** (1.0 / 1.4)
    ended = rng.uniform(0.0, 30.0, N)
    columns = {"X": x, "NONE": none, "LOGGED": logged, "LN": np.log(logged), "STEP": x >= np.median(x)}
    columns |= {"BEYOND": np.maximum(x - np.median(x), 0.0)}
    return events_of(np.minimum(happened, ended), happened <= ended, covariates=columns)


@pytest.fixture(scope="module")
def search(events: Events) -> CovariateSearch:
    """Return a search over all forms."""
    words = ("X", "shape:X", "NONE", "LOGGED")
    found, left_out = candidates_of(events, Hazard.WEIBULL, words, list(Form))
    assert len(left_out) == 2  # the logarithm of X and of NONE
    return covariate_search(events, Hazard.WEIBULL, found)


def log_likelihood(events: Events, *covariates: str) -> float:
    return fit(events, event_time_model("weibull", covariates)).log_likelihood


def test_the_first_step_is_made_of_fits_by_hand(events: Events, search: CovariateSearch):
    base = log_likelihood(events)
    by_hand = {
        ("lambda", "X", Form.LINEAR): ("X",),
        ("lambda", "X", Form.THRESHOLD): ("STEP",),
        ("lambda", "X", Form.HOCKEY_STICK): ("X", "BEYOND"),
        ("shape", "X", Form.LINEAR): ("shape:X",),
        ("shape", "X", Form.HOCKEY_STICK): ("shape:X", "shape:BEYOND"),
        ("lambda", "LOGGED", Form.LOG): ("LN",),
        ("lambda", "NONE", Form.LINEAR): ("NONE",),
    }
    rows = {
        (one.candidate.parameter, one.candidate.covariate, one.candidate.form): one
        for one in search.tested
        if one.step == 1
    }
    assert len(rows) == 3 + 3 + 3 + 4
    for key, names in by_hand.items():
        value = log_likelihood(events, *names)
        assert rows[key].fit.log_likelihood == pytest.approx(value, rel=1e-9)
        assert rows[key].change == pytest.approx(-2.0 * (value - base), abs=1e-6)
        assert rows[key].p == pytest.approx(chi2.sf(2.0 * (value - base), len(names)), rel=1e-5)


def test_each_step_takes_the_smallest_p_and_the_search_ends_where_none_is_small(search: CovariateSearch):
    steps = {one.step for one in search.tested}
    for step in sorted(steps):
        rows = [one for one in search.tested if one.step == step]
        chosen = [one for one in rows if one.is_selected]
        smallest, largest = min(one.p for one in rows), max(one.p for one in rows)
        if rows[0].direction == "forward":
            assert [one.p for one in chosen] == ([smallest] if smallest < 0.05 else [])
        else:
            assert [one.p for one in chosen] == ([largest] if largest > 0.01 else [])
    assert {one.covariate for one in search.selected} == {"X", "LOGGED"}


def test_elimination_compares_with_the_fit_without_the_effect(events: Events):
    found, _ = candidates_of(events, Hazard.WEIBULL, ("X", "LN"), [Form.LINEAR])
    done = covariate_search(events, Hazard.WEIBULL, found)
    full = log_likelihood(events, "X", "LN")
    rows = {one.candidate.covariate: one for one in done.tested if one.direction == "backward"}
    for name, other in (("X", "LN"), ("LN", "X")):
        rise = 2.0 * (full - log_likelihood(events, other))
        assert rows[name].change == pytest.approx(rise, abs=1e-6)
        assert rows[name].p == pytest.approx(chi2.sf(rise, 1), rel=1e-5)
    assert done.final.log_likelihood == pytest.approx(full, rel=1e-9)
    # An effect that forward steps took is taken away again where its p lies above the level.
    strict = covariate_search(events, Hazard.WEIBULL, found, backward=1e-30)
    assert strict.selected == ()
    assert strict.final.log_likelihood == pytest.approx(log_likelihood(events), rel=1e-9)
    assert sum(one.is_selected for one in strict.tested if one.direction == "backward") == 2


def test_an_effect_without_a_finite_estimate_is_named_and_not_selected():
    rng = np.random.default_rng(1)
    group = np.repeat([0.0, 1.0], 30)
    time = rng.uniform(1.0, 20.0, 60)
    event = (group == 0.0) & (rng.random(60) < 0.7)
    events = events_of(time, event, covariates={"G": group, "Z": rng.normal(size=60)})
    found, _ = candidates_of(events, Hazard.EXPONENTIAL, ("G", "Z"), [Form.LINEAR])
    done = covariate_search(events, Hazard.EXPONENTIAL, found)
    document = covariate_search_document(done, forward=0.05, backward=0.01)
    row = next(one for one in document["trace"] if one["covariate"] == "G")
    assert row["status"] == "monotone_likelihood"
    assert (row["p"], row["change"], row["selected"]) == (None, None, 0)
    assert "lambda:G (linear) was not selected." in document["warnings"][-1]["text"]
    assert all(one.covariate != "G" for one in done.selected)


def test_a_covariate_without_effect_is_added_at_the_level_of_the_test():
    n_added = 0
    for k in range(200):
        rng = np.random.default_rng([3, k])
        happened, ended = rng.exponential(10.0, 100), rng.uniform(0.0, 30.0, 100)
        columns = {"X": rng.normal(size=100)}
        events = events_of(np.minimum(happened, ended), happened <= ended, covariates=columns)
        found, _ = candidates_of(events, Hazard.EXPONENTIAL, ["X"], [Form.LINEAR])
        n_added += covariate_search(events, Hazard.EXPONENTIAL, found).tested[0].is_selected
    # 10 expected of 200, standard deviation 3.1.
    assert 2 <= n_added <= 21


def test_words_and_forms_that_cannot_be_are_said(events: Events):
    with pytest.raises(InputError) as error:
        candidates_of(events, Hazard.WEIBULL, ("width:X", "AGE"), [Form.LINEAR])
    assert len(error.value.problems) == 2
    every, _ = candidates_of(events, Hazard.WEIBULL, ["all:X"], [Form.LINEAR])
    assert [one.parameter for one in every] == ["lambda", "shape"]
    group, left_out = candidates_of(events, Hazard.WEIBULL, ["STEP"], [Form.THRESHOLD])
    assert [one.form for one in group] == [Form.LINEAR]
    assert left_out == ("STEP has two values, which every form describes alike; only linear is tried.",)
