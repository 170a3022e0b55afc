"""Figures of event times: what is drawn, what is said instead, and that tables hold all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.figures.sheet import Drawing
from tests.tte.estimation.event_data import mixed_events, weibull_events
from tte.data.events import events_of
from tte.estimation.comparison import fit_every_hazard
from tte.estimation.fit import fit
from tte.estimation.model import event_time_model
from tte.estimation.profile import profiles
from tte.figures.profile import profile_figure
from tte.figures.survival import hazards_figure, survival_figure


def drawn(found) -> Drawing:
    assert isinstance(found, Drawing)
    return found


def test_survival_shows_what_was_seen_and_what_was_fitted():
    events = weibull_events(60)
    figure = drawn(survival_figure(fit(events, event_time_model("weibull", ["X"]))))
    for name in ("observed", "interval", "censored", "fit", "band"):
        assert f'data-marks="{name}"' in figure.svg
    rows = [row for row in figure.table.rows if row[0] == "observed"]
    assert len(rows) == np.unique(events.stop[events.kind == 1]).size
    assert "60 subjects" in figure.caption


def test_events_known_by_an_interval_have_no_steps_and_the_caption_says_so():
    figure = drawn(survival_figure(fit(mixed_events(), event_time_model("weibull"))))
    assert 'data-marks="observed"' not in figure.svg
    assert "known by an interval only" in figure.caption


def test_very_many_subjects_are_drawn_thin_and_told_in_full():
    figure = drawn(survival_figure(fit(weibull_events(6000), event_time_model("exponential"))))
    assert 'data-marks="censored"' not in figure.svg
    assert "strokes" not in figure.caption
    assert len(figure.svg) < 1_000_000
    assert sum(row[0] == "observed" for row in figure.table.rows) > 3000


def test_all_hazards_stand_in_one_figure():
    figure = drawn(hazards_figure(fit_every_hazard(weibull_events(80), ["X"])))
    names = {row[0] for row in figure.table.rows}
    assert names == {"observed", "exponential", "weibull", "gompertz", "loglogistic", "lognormal", "surge"}


def test_profiles_have_a_panel_each_and_open_ends_have_no_line():
    group = np.repeat([0.0, 1.0], [14, 6])
    time = np.linspace(1.0, 20.0, 20)
    events = events_of(time, (group == 0.0).astype(float), covariates={"G": group})
    found = fit(events, event_time_model("exponential", ["G"]))
    scales = dict(zip(found.model.names, found.model.names, strict=True))
    figure = drawn(profile_figure(profiles(found), scales, level=0.95))
    assert figure.svg.count('data-marks="profile"') == 2
    assert figure.svg.count('data-marks="ends"') == 3
    assert isinstance(profile_figure((), {}, level=0.95), str)


@pytest.mark.parametrize("hazard", ["weibull", "surge"])
def test_the_same_fit_gives_the_same_picture(hazard):
    found = fit(weibull_events(60), event_time_model(hazard))
    assert drawn(survival_figure(found)).svg == drawn(survival_figure(found)).svg


def test_profiles_of_one_coefficient_by_several_fits_have_their_names_above():
    found = fit(weibull_events(40), event_time_model("weibull"))
    one = profiles(found)[0]
    several = [replace(one, name=name) for name in ("plug-in", "joint")]
    figure = drawn(profile_figure(several, {"plug-in": "ln lambda", "joint": "ln lambda"}, level=0.95))
    assert all(f">{name}</text>" in figure.svg for name in ("plug-in", "joint"))
    alone = drawn(profile_figure([several[0]], {"plug-in": "ln lambda"}, level=0.95))
    assert ">plug-in</text>" not in alone.svg
