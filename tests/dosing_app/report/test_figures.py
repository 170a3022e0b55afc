"""The curves of the report's figures are the numbers of the view, and the same figure is the same text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from dosing_app.decision.examples import example_names
from dosing_app.decision.patient import read_case
from dosing_app.report.drawing import svg
from dosing_app.report.figures import draw_concentration
from dosing_app.report.risk_figures import draw_risk, draw_survival
from tests.dosing_app.findings.computed_cases import computed, computed_of
from tests.dosing_app.report.reports import BARE, UNEXPLAINED

if TYPE_CHECKING:
    from dosing_app.decision.view import View

NAMES = example_names()


def drawn(draw: Any, view: View) -> Any:
    figure = Figure(figsize=(7.0, 2.4))
    draw(figure, view)
    return figure


def lines(figure: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for axes in figure.axes:
        for line in axes.get_lines():
            found.setdefault(str(line.get_label()), []).append(line)
    return found


def band_of(figure: Any, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper edge of a filled band, in the order of time."""
    (band,) = [one for one in figure.axes[0].collections if one.get_label() == label]
    vertices = band.get_paths()[0].vertices
    n = (len(vertices) - 3) // 2
    return vertices[1 : n + 1, 1], vertices[n + 2 : 2 * n + 2, 1][::-1]


@pytest.mark.parametrize("name", NAMES)
def test_the_curve_and_its_bands_are_those_of_the_view(name: str):
    view, _, _ = computed(name)
    figure = drawn(draw_concentration, view)
    curves = lines(figure)
    assert view.bands is not None

    assert np.array_equal(curves["a posteriori"][0].get_xydata(), np.column_stack((view.times, view.bands[:, 2])))
    assert np.array_equal(curves["a priori"][0].get_ydata(), view.prior_curve)
    assert curves["a priori"][0].get_linestyle() == "--"
    for label, low, high in (("90 %", 0, 4), ("50 %", 1, 3)):
        edges = band_of(figure, label)
        assert np.allclose(edges[0], view.bands[:, low])
        assert np.allclose(edges[1], view.bands[:, high])


@pytest.mark.parametrize("name", NAMES)
def test_samples_stand_at_their_level_and_censored_ones_at_their_limit_with_an_arrow(name: str):
    view, _, _ = computed(name)
    figure, case = drawn(draw_concentration, view), view.forecast.case
    found = lines(figure)
    used = [sample for sample in case.samples if sample.exclude is None]
    measured = [(one.time_day, one.concentration_mg_per_L) for one in used if one.censored is None]
    beyond = [one for one in used if one.censored]

    assert list(map(tuple, found["samples"][0].get_xydata())) == measured
    assert len(found["samples beyond a limit"][0].get_xdata()) == len(beyond)
    assert len(found["samples not used"][0].get_xdata()) == len(case.samples) - len(used)
    texts: list[Any] = list(figure.axes[0].texts)
    arrows = [text for text in texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == len(beyond)
    limits = {text.get_text() for text in texts if text.get_text().startswith(("<", ">"))}
    expected = {f">{one.uloq_mg_per_L:g}" if one.censored == "above" else f"<{one.lloq_mg_per_L:g}" for one in beyond}
    assert limits == expected


@pytest.mark.parametrize("name", NAMES)
def test_doses_are_bars_filled_given_and_hollow_planned(name: str):
    view, _, _ = computed(name)
    figure, case = drawn(draw_concentration, view), view.forecast.case
    given, planned = figure.axes[1].containers
    highest = max(dose.amount_mg for dose in (*case.doses, *case.planned))

    for bars, doses in ((given, case.doses), (planned, case.planned)):
        assert [bar.get_height() for bar in bars] == pytest.approx([dose.amount_mg / highest for dose in doses])
        assert [bar.get_center()[0] for bar in bars] == pytest.approx([dose.time_day for dose in doses])
    assert {bar.get_facecolor() for bar in planned} == {(1.0, 1.0, 1.0, 1.0)}


def test_now_and_the_days_that_count_are_marked():
    view, _, _ = computed("typical")
    figure = drawn(draw_concentration, view)

    assert set(lines(figure)["now"][0].get_xdata()) == {13.75}
    window = figure.axes[0].patches[0]
    assert (window.get_x(), window.get_x() + window.get_width()) == view.forecast.event_model.window_day


@pytest.mark.parametrize("name", NAMES)
def test_the_dots_are_the_twenty_equally_likely_risks(name: str):
    view, _, _ = computed(name)
    found = lines(drawn(draw_risk, view))
    assert view.dots is not None
    target = 100.0 * view.forecast.case.target.risk_day90

    assert len(found["dots above"][0].get_xdata()) == np.count_nonzero(100.0 * view.dots > target)
    assert len(found["dots at or below"][0].get_xdata()) == np.count_nonzero(100.0 * view.dots <= target)
    assert all(found["dots above"][0].get_xdata() > target)
    assert all(found["dots at or below"][0].get_xdata() < target)


@pytest.mark.parametrize("name", NAMES)
def test_the_intervals_of_the_risk_are_those_of_the_view(name: str):
    view, _, _ = computed(name)
    found, risk = lines(drawn(draw_risk, view)), view.forecast.risk
    assert risk is not None

    for label, quantiles in (
        ("levels and risk model together", risk.total.day90.quantiles),
        ("from this patient's levels alone", risk.day90.quantiles),
    ):
        assert found[label][0].get_xdata() == pytest.approx([100.0 * quantiles[0], 100.0 * quantiles[-1]])


@pytest.mark.parametrize("name", NAMES)
def test_survival_is_that_of_the_view(name: str):
    view, _, _ = computed(name)
    figure, risk = drawn(draw_survival, view), view.forecast.risk
    assert risk is not None

    middle = lines(figure)["middle"][0]
    assert np.allclose(middle.get_ydata(), 100.0 * risk.total.survival[:, 2])
    low, high = band_of(figure, "90 %")
    assert np.allclose(low, 100.0 * risk.total.survival[:, 0])
    assert np.allclose(high, 100.0 * risk.total.survival[:, 4])


def test_without_a_sample_the_middle_is_dashed_and_without_parameters_there_is_no_band():
    bare = drawn(draw_concentration, computed_of(read_case(BARE))[0])
    unexplained = drawn(draw_concentration, computed_of(read_case(UNEXPLAINED))[0])

    assert "a posteriori" not in lines(bare)
    assert {one.get_label() for one in bare.axes[0].collections} >= {"50 %", "90 %"}
    assert not {one.get_label() for one in unexplained.axes[0].collections} & {"50 %", "90 %"}


def test_the_same_figure_is_the_same_text_and_has_its_text_in_the_font_of_the_page():
    view, _, _ = computed("typical")
    first, second = (svg(draw_concentration, view, width_mm=186, height_mm=60, name="a") for _ in range(2))
    other = svg(draw_concentration, view, width_mm=186, height_mm=60, name="b")

    assert first == second
    assert first.startswith("<svg ")
    assert "Source Sans 3" in first
    assert "DejaVu" not in first
    assert "http" not in first
    ids, others = (set(re.findall(r'id="([^"]*)"', text)) for text in (first, other))
    assert ids
    assert not ids & others
