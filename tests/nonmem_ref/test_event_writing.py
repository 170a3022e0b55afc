"""Exported event times: read again by our own importer, they have the model, the rows and the objective that were written."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nonmem_ref.control.read import parse_control
from nonmem_ref.translation.event_translation import EventTranslation, translated_events
from nonmem_ref.translation.translate import read_run
from nonmem_ref.writing.event_control import event_control, event_data
from pkpd.errors import InputError
from tte.data.events import EventKind, Events
from tte.data.events_file import read_events
from tte.estimation.fit import FitOptions, fit
from tte.estimation.model import Effect, EventTimeModel, on_linear_scale
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUES = {
    Hazard.EXPONENTIAL: {"lambda": 0.006},
    Hazard.WEIBULL: {"lambda": 0.002, "shape": 1.3},
    Hazard.GOMPERTZ: {"lambda": 0.008, "gamma": -0.012},
    Hazard.LOGLOGISTIC: {"alpha": 55.0, "beta": 1.4},
    Hazard.LOGNORMAL: {"mu": 4.0, "sigma": 1.2},
    Hazard.SURGE: {"A": 0.02, "PT": 28.0, "SW": 21.0},
}
COVARIATES = ("CRP", "LOG_AUC_CL", "a name with blanks, too long for NM-TRAN".upper())


def events_with(n: int, seed: int, *, is_process: bool = False) -> Events:
    """Return subjects with events, censored, in intervals and before a time, some of whom entered later; or two rows each."""
    rng = np.random.default_rng(seed)
    stop = np.round(rng.uniform(3.0, 90.0, n), 3)
    start = np.where(rng.random(n) < 0.4, np.round(0.4 * stop, 3), 0.0)
    kind = rng.integers(0, 3, n)
    kind[:3] = (EventKind.EVENT, EventKind.CENSORED, EventKind.INTERVAL)
    is_before = (kind == EventKind.INTERVAL) & (rng.random(n) < 0.4)
    upper = np.where(kind == EventKind.INTERVAL, stop + 4.5, stop)
    stop = np.where(is_before, start, stop)
    values = {
        COVARIATES[0]: np.round(rng.uniform(2.0, 80.0, n), 1),
        COVARIATES[1]: rng.normal(6.5, 1.0, n),
        COVARIATES[2]: rng.integers(0, 2, n) * 1.0,
    }
    ids = tuple(f"patient {i}" for i in range(n))
    if not is_process:
        return Events(ids, np.arange(n), start, stop, upper, kind, values)
    subject, is_second = np.repeat(np.arange(n), 2), np.arange(2 * n) % 2 == 1
    start, stop = np.zeros(2 * n), np.repeat(np.maximum(stop, 1.0), 2)
    start, stop = np.where(is_second, 0.5 * stop, 0.0), np.where(is_second, stop, 0.5 * stop)
    kind = np.where(is_second & (np.repeat(kind, 2) == EventKind.EVENT), EventKind.EVENT, EventKind.CENSORED)
    changing = {name: np.repeat(one, 2) + is_second * (name == "CRP") for name, one in values.items()}
    return Events(ids, subject, start, stop, stop.copy(), kind.astype(np.int64), changing)


def with_values(
    hazard: Hazard, effects: tuple[Effect, ...], values: Mapping[str, float], held: frozenset[str] = frozenset()
) -> EventTimeModel:
    bare = EventTimeModel(hazard, effects)
    return replace(bare, initial=on_linear_scale(bare, values), fixed=held)


def model_of(hazard: Hazard, effects: tuple[Effect, ...] = (), values: tuple[float, ...] = ()) -> EventTimeModel:
    named = {effect.name: value for effect, value in zip(effects, values, strict=True)}
    return with_values(hazard, effects, VALUES[hazard] | named)


def read_again(folder: Path, model: EventTimeModel, events: Events) -> EventTranslation:
    written = event_control(model, title="events", data="data.csv")
    (folder / "run.ctl").write_text(written.text, encoding="utf-8")
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(written.items)
        writer.writerows(event_data(events, written.covariates))
    return translated_events(read_run(folder / "run.ctl"))


def objective(model: EventTimeModel, events: Events) -> float:
    return -2.0 * fit(events, model, FitOptions(0)).log_likelihood


def objective_again(folder: Path, found: EventTranslation) -> float:
    """Return the objective of the files that an import writes."""
    with (folder / "events.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(found.head)
        writer.writerows(["" if value != value else value for value in row] for row in found.rows)  # noqa: PLR0124 - NaN
    events = read_events(str(folder / "events.csv"), found.model.covariates, is_estimated=False).checked()
    return objective(found.model, events)


@pytest.mark.parametrize("rows", ["one", "process"])
@pytest.mark.parametrize("hazard", Hazard)
def test_a_model_comes_back_with_its_values_and_its_objective(hazard: Hazard, rows: str, tmp_path: Path):
    parameters = [one.name for one in hazard.parameters]
    effects = (
        Effect(parameters[0], COVARIATES[1], 6.5),
        Effect(parameters[-1], COVARIATES[0], 30.0),
        Effect(parameters[0], COVARIATES[2]),
    )
    size = 0.002 if hazard is Hazard.GOMPERTZ else 0.01
    model, events = (
        model_of(hazard, effects, (-0.3, size / 10.0, 0.4)),
        events_with(40, 5, is_process=rows == "process"),
    )
    found = read_again(tmp_path, model, events)
    assert found.model.hazard is hazard
    assert sorted(found.model.given.values()) == sorted(model.given.values())
    assert {one.reference for one in found.model.effects} == {6.5, 30.0, 0.0}
    assert not found.model.fixed
    assert objective_again(tmp_path, found) == pytest.approx(objective(model, events), abs=1e-9)


@given(st.data())
@settings(max_examples=25)
def test_whatever_is_written_comes_back(draw: st.DataObject):
    hazard = draw.draw(st.sampled_from(Hazard))
    parameters = [one.name for one in hazard.parameters]
    share = st.floats(0.7, 1.4)
    values = {name: value * draw.draw(share) for name, value in VALUES[hazard].items()}
    chosen = draw.draw(
        st.lists(st.tuples(st.sampled_from(parameters), st.sampled_from(COVARIATES[:2])), unique=True, max_size=3)
    )
    references = {name: draw.draw(st.sampled_from((0.0, 6.5, 27.3))) for name in COVARIATES}
    effects = tuple(Effect(parameter, name, references[name]) for parameter, name in chosen)
    size = {"gamma": 1e-4, "mu": 0.01, "PT": 0.1}
    sign = draw.draw(st.sampled_from((-1.0, 1.0)))
    values |= {one.name: sign * size.get(one.parameter, 0.005) * draw.draw(share) for one in effects}
    held = frozenset(draw.draw(st.sets(st.sampled_from(sorted(values)))))
    model = with_values(hazard, effects, values, held)
    events = events_with(draw.draw(st.integers(6, 30)), draw.draw(st.integers(0, 1000)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = read_again(folder, model, events)
        assert found.model.hazard is hazard
        assert found.model.fixed == held
        for one, value in values.items():
            assert found.model.given[one] == pytest.approx(value, rel=1e-9)
        assert objective_again(folder, found) == pytest.approx(objective(model, events), abs=1e-9)


def test_an_interval_that_ends_late_is_not_taken_for_a_survival(tmp_path: Path):
    """It begins near 1 too where nearly nobody is left at its end."""
    model, events = model_of(Hazard.WEIBULL, (Effect("shape", "CRP"),), (0.006,)), events_with(6, 0)
    assert EventKind.INTERVAL in events.kind
    found = read_again(tmp_path, model, events)
    assert found.model.hazard is Hazard.WEIBULL
    assert objective_again(tmp_path, found) == pytest.approx(objective(model, events), abs=1e-9)


def test_intervals_and_entries_are_written_as_differences_of_survival():
    text = event_control(model_of(Hazard.WEIBULL), title="t", data="d.csv").text
    for line in (
        "$INPUT ID TIME DV START UPPER",
        "SUR = EXP(CHZS-CHZ)",
        "IF (DV.EQ.2) Y = SUR-EXP(CHZS-CHZU)",
        "$THETA (0.0,0.002) ; lambda",
        "$OMEGA 0 FIX",
        "$ESTIMATION METHOD=1 LAPLACE LIKELIHOOD NUMERICAL SLOW NOABORT NSIG=3 SIGL=9 PRINT=1 MAXEVAL=9999",
        "$COVARIANCE UNCONDITIONAL PRINT=E",
    ):
        assert line in text.splitlines()
    assert all(len(line) <= 160 for line in text.splitlines())


def test_an_evaluation_holds_what_is_zero_and_a_search_refuses_it():
    effect = Effect("lambda", "CRP")
    model = model_of(Hazard.WEIBULL, (effect,), (0.0,))
    evaluation = event_control(model, title="t", data="d.csv", n_evaluations=0).text
    assert "$THETA 0.0 FIX ; lambda:CRP" in evaluation
    assert "$COVARIANCE" not in evaluation
    with pytest.raises(
        InputError, match="lambda:CRP: is 0, which NM-TRAN takes as initial estimate of a fixed THETA alone"
    ):
        event_control(model, title="t", data="d.csv")
    held = replace(model, fixed=frozenset({"lambda:CRP"}))
    assert "$THETA 0.0 FIX" in event_control(held, title="t", data="d.csv").text
    with pytest.raises(InputError, match="gamma: is 0"):
        event_control(
            with_values(Hazard.GOMPERTZ, (), {"lambda": 0.1, "gamma": 0.0}), title="t", data="d.csv", n_evaluations=0
        )


def test_names_that_nm_tran_would_not_take_are_replaced_and_said():
    effects = (
        Effect("lambda", COVARIATES[2]),
        Effect("lambda", "MDV"),
        Effect("lambda", "CHZ"),
        Effect("lambda", "CRP"),
    )
    written = event_control(model_of(Hazard.EXPONENTIAL, effects, (1.0, 1.0, 1.0, 1.0)), title="t", data="d.csv")
    assert written.items == ("ID", "TIME", "DV", "START", "UPPER", "XCOV1", "XCOV2", "XCOV3", "CRP")
    assert f"; XCOV1 is {COVARIATES[2]}" in written.text
    assert not parse_control(enumerate(written.text.splitlines(), start=1)).problems
