"""The numbers on the figures are the forecast's."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.patient import read_case
from dosing_app.decision.view import compute_view, curve_times
from dosing_app.findings.numbers import interval
from dosing_app.language import speaking
from dosing_app.ui.components.parameters_table import parameters_table
from dosing_app.ui.components.risk_panel import risk_basis, risk_text, stop_rule
from dosing_app.ui.figures import concentration_figure
from dosing_app.ui.risk_figures import risk_figure, survival_figure
from pkpd.simulation.predict import curve_problem, predict_curve
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.view import View

EVENT_MODEL = load_event_model()


@pytest.fixture(scope="module")
def view_of() -> Callable[[str], View]:
    views: dict[str, View] = {}

    def computed(name: str) -> View:
        if name not in views:
            views[name] = compute_view(example_case(name), EVENT_MODEL)
        return views[name]

    return computed


def trace(figure: dict[str, Any], name: str, *, part: int = 0) -> dict[str, Any]:
    return [trace for trace in figure["data"] if trace["name"] == name][part]


def said(component: Any) -> str:
    """Return every text of a component."""
    if isinstance(component, str):
        return component
    if isinstance(component, list | tuple):
        return " ".join(said(part) for part in component)
    return said(getattr(component, "children", None) or "")


@pytest.mark.parametrize("name", example_names())
def test_every_figure_is_one_that_plotly_accepts(view_of: Callable[[str], View], name: str):
    view = view_of(name)
    assert view.forecast.risk is not None

    for figure in (
        concentration_figure(view),
        risk_figure(view),
        survival_figure(view, view.forecast.risk),
    ):
        go.Figure(figure)
        json.dumps(figure, allow_nan=False)


def test_the_solid_curve_is_the_middle_and_the_bands_are_the_quantiles(view_of: Callable[[str], View]):
    view = view_of("typical")
    figure = concentration_figure(view)
    assert view.bands is not None

    assert trace(figure, "a posteriori")["y"] == view.bands[:, 2].tolist()
    assert trace(figure, "90 %")["y"] == view.bands[:, 4].tolist()
    assert trace(figure, "90 %", part=1)["y"] == view.bands[:, 0].tolist()
    assert trace(figure, "50 %")["y"] == view.bands[:, 3].tolist()
    assert trace(figure, "50 %", part=1)["y"] == view.bands[:, 1].tolist()


def test_the_dashed_curve_is_the_typical_one_of_the_covariates(view_of: Callable[[str], View]):
    view = view_of("typical")
    result = view.forecast
    problem = curve_problem(result.model, result.regimen, view.times)

    dashed = trace(concentration_figure(view), "a priori")

    np.testing.assert_allclose(dashed["y"], predict_curve(problem, np.zeros(problem.n_eta)))
    assert "dash" in dashed["line"]


def test_samples_stand_at_their_level_and_censored_ones_at_their_limit(view_of: Callable[[str], View]):
    figure = concentration_figure(view_of("typical"))

    assert (trace(figure, "samples")["x"], trace(figure, "samples")["y"]) == ([13.5], [18.4])
    assert (trace(figure, "samples beyond a limit")["x"], trace(figure, "samples beyond a limit")["y"]) == ([6.9], [20])
    assert trace(figure, "samples not used")["x"] == [1]


@pytest.mark.parametrize(("index", "points_up"), [(0, True), (2, False)])
def test_a_censored_sample_has_an_arrow_in_its_direction(
    view_of: Callable[[str], View],
    index: int,
    points_up: bool,  # noqa: FBT001 - a row of the table
):
    figure = concentration_figure(view_of("all_samples_censored"))
    arrows = [note for note in figure["layout"]["annotations"] if note["showarrow"]]

    assert (arrows[index]["ay"] > 0) is points_up


def test_given_doses_are_filled_and_planned_ones_hollow(view_of: Callable[[str], View]):
    figure = concentration_figure(view_of("typical"))

    assert trace(figure, "given")["customdata"] == [600, 600]
    assert trace(figure, "planned")["customdata"] == [400, 400]
    assert trace(figure, "given")["marker"]["color"] != trace(figure, "planned")["marker"]["color"]


def test_days_14_to_28_are_shaded(view_of: Callable[[str], View]):
    window = concentration_figure(view_of("typical"))["layout"]["shapes"][0]

    assert (window["x0"], window["x1"]) == (14, 28)


def test_the_curve_runs_to_a_week_after_the_last_dose_and_holds_every_infusion():
    case = example_case("typical")
    times = curve_times(case, EVENT_MODEL.window_day[1])

    assert times[0] == 0.0
    assert times[-1] == 49.0
    assert {0.0, 7.0, 14.0, 42.0} <= set(times.tolist())
    assert np.all(np.diff(times) > 0.0)


def test_without_a_sample_the_dashed_line_is_the_middle_and_the_risk_says_so():
    case = read_case(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
            "doses": [{"time_day": 0, "amount_mg": 600}],
            "planned": [{"time_day": 14, "amount_mg": 600}],
        }
    )
    view = compute_view(case, EVENT_MODEL)

    assert "a posteriori" not in {trace["name"] for trace in concentration_figure(view)["data"]}
    assert "no sample is in use" in said(risk_text(view))


def test_the_survival_curve_is_the_forecasts(view_of: Callable[[str], View]):
    view = view_of("fast_clearance")
    risk = view.forecast.risk
    assert risk is not None

    middle = trace(survival_figure(view, risk), "middle")

    np.testing.assert_allclose(middle["y"], 100.0 * risk.total.survival[:, 2])
    np.testing.assert_allclose(middle["y"][-1], 100.0 * (1.0 - risk.total.day90.quantiles[2]), rtol=1e-6)


def test_the_intervals_are_the_forecasts(view_of: Callable[[str], View]):
    view = view_of("fast_clearance")
    risk = view.forecast.risk
    assert risk is not None
    figure = risk_figure(view)

    headline_row = trace(figure, "levels and risk model together")
    np.testing.assert_allclose(headline_row["x"], 100.0 * risk.total.day90.quantiles[[0, 4]])
    from_levels = next(trace for trace in figure["data"] if trace["name"].startswith("from this patient's levels"))
    np.testing.assert_allclose(from_levels["x"], 100.0 * risk.day90.quantiles[[0, 4]])


def test_dots_are_quantiles_of_the_total_risk(view_of: Callable[[str], View]):
    view = view_of("fast_clearance")
    assert view.dots is not None
    assert view.forecast.risk is not None

    total = view.forecast.risk.total.day90.quantiles
    assert view.dots.size == 20
    assert view.dots[0] < total[0] < view.dots[1]
    assert view.dots[9] <= total[2] <= view.dots[10]
    assert view.dots[18] < total[4] < view.dots[19]


@pytest.mark.parametrize("name", example_names())
def test_the_panel_leads_with_the_interval_of_the_whole_uncertainty(view_of: Callable[[str], View], name: str):
    view = view_of(name)
    assert view.forecast.risk is not None
    words = said([*risk_text(view), *risk_basis(EVENT_MODEL), stop_rule()])

    assert interval(view.forecast.risk.total.day90.quantiles) in words
    assert words.index("90\u202f% interval") < words.index("Of 100 patients")
    assert "chances in 100" in words
    assert "surgical review, whatever is shown here" in words
    assert "not externally validated" in words.lower()
    for never in ("safe", "low risk", "success", "recommended"):
        assert never not in words.lower()


def test_a_model_without_calibrated_risk_shows_none():
    case = example_case("typical").model_copy(update={"model": "fasanmade_2009"})
    view = compute_view(case, EVENT_MODEL)

    assert view.forecast.risk is None
    assert "not calibrated" in said(risk_text(view))


def test_the_table_holds_the_forecasts_middle_and_interval(view_of: Callable[[str], View]):
    view = view_of("typical")
    clearance = view.forecast.parameters["cl"].quantiles
    words = said(parameters_table(view))

    assert f"{clearance[2]:.2f}" in words
    assert f"{clearance[0]:.2f}–{clearance[4]:.2f}" in words


def test_no_drug_in_the_window_is_drawn_as_certain_risk():
    case = read_case(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
            "doses": [{"time_day": 30, "amount_mg": 600}],
        }
    )
    view = compute_view(case, EVENT_MODEL)
    assert view.forecast.risk is not None

    figure = risk_figure(view)

    json.dumps(figure, allow_nan=False)
    assert "100–100" in said(risk_text(view))
    assert math.exp(view.prior_log_auc) == 0.0
    assert "nan" not in said(parameters_table(view))


def test_an_interval_under_the_pointer_is_said_once(view_of: Callable[[str], View]):
    view = view_of("typical")
    assert view.forecast.risk is not None
    spread = interval(view.forecast.risk.day90.quantiles)

    hover = trace(risk_figure(view), "from this patient's levels alone")["hovertemplate"]

    assert hover == f"from this patient's levels alone, {spread}<extra></extra>"


def test_levels_on_the_curve_are_written_as_the_language_writes_numbers(view_of: Callable[[str], View]):
    with speaking("de"):
        figure = concentration_figure(view_of("typical"))

    assert trace(figure, "samples")["text"] == ["Tag 13,5: 18,4 mg/L"]
