"""What figures of event models show is what their tables say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.tte.evaluation.drawn_times import drawn_times
from tests.tte.evaluation.published_counts import published_counts
from tte.evaluation.calibration import calibration_groups
from tte.evaluation.calibration_curve import calibration_curve
from tte.evaluation.decision_curve import decision_curve
from tte.evaluation.event_times import event_times
from tte.evaluation.kaplan_meier import log_rank
from tte.evaluation.roc import auroc, roc_curve
from tte.evaluation.roc_band import roc_band
from tte.evaluation.threshold import evaluate_marker, rule
from tte.evaluation.time_dependent_roc import cumulative_dynamic_auc
from tte.figures.calibration import calibration_figure
from tte.figures.decision_curve import decision_curve_figure
from tte.figures.kaplan_meier import CurveGroup, CurvePanel, kaplan_meier_figure
from tte.figures.marker_density import marker_density
from tte.figures.roc import roc_figure
from tte.figures.threshold import threshold_figures
from tte.figures.time_dependent_auc import time_dependent_auc_figure
from tte.figures.wording import p_text


def points_of(svg: str, mark: str) -> np.ndarray:
    """Return the places of a drawn line, in the units of the picture."""
    found = re.search(rf'data-marks="{mark}">\s*<path d="([^"]*)"', svg)
    assert found is not None
    return np.array([[float(a), float(b)] for a, b in re.findall(r"[ML] ([\d.]+) ([\d.]+)", found[1])])


def marks_in(svg: str) -> set[str]:
    return set(re.findall(r'data-marks="([^"]*)"', svg))


def landmark():
    times, columns = published_counts()
    later, kept = times.from_landmark(28.0)
    return later, columns["log_auc_cl"][kept], later.known_at(90.0) == 1


def test_curves_are_steps_with_bands_and_strokes():
    times, marker = drawn_times(60, 3)
    high = marker > 0.0
    figure = kaplan_meier_figure(
        [CurveGroup("high risk", times.rows(high)), CurveGroup("low risk", times.rows(~high))],
        end_day=90.0,
        test=log_rank(times, [high, ~high]),
        name="km",
        title="Freedom",
        population="60 subjects",
    )
    steps = points_of(figure.svg, "curve-high-risk")
    moves = np.abs(np.diff(steps, axis=0)) > 1e-6
    assert not moves.all(axis=1).any()  # either along the day or down, never both
    assert {"band-high-risk", "censored-high-risk", "curve-low-risk", "band-low-risk"} <= marks_in(figure.svg)
    rows = [row for row in figure.table.rows if row[0] == "high risk"]
    assert rows[0][1:4] == (0.0, int(high.sum()), 0)
    assert sum(int(row[3]) for row in rows) == (times.event & high & (times.time_day <= 90.0)).sum()
    assert "log-rank p" in figure.svg
    assert "At risk" in figure.svg


def test_a_group_of_nobody_is_left_out_and_a_landmark_starts_the_axis():
    later, marker, _ = landmark()
    none = marker > 100.0
    figure = kaplan_meier_figure(
        [CurveGroup("high risk", later.rows(none)), CurveGroup("low risk", later.rows(~none))],
        end_day=90.0,
        test=None,
        name="km",
        title="Freedom",
        population="66 subjects",
    )
    assert "curve-high-risk" not in marks_in(figure.svg)
    assert figure.table.rows[0][1:3] == (28.0, 66)


def test_the_key_takes_as_many_rows_as_its_names_need_and_leaves_the_numbers_room():
    short = CurvePanel(("high risk", "low risk"))
    assert (short.n_columns, short.left_mm) == (2, 26.0)
    long = CurvePanel(("below -1.23457e-05", "-1.23457e-05 or more", "a third", "a fourth"), "LOG_AUC_CL")
    assert long.n_columns < 4
    # A row more for each row of the key, and one for what parts the groups.
    n_rows = -(-4 // long.n_columns)
    assert long.top_mm == pytest.approx(short.top_mm + 4.6 * n_rows)
    assert long.left_mm > short.left_mm
    four = CurvePanel(("a", "b", "c", "d"))
    assert four.n_columns == 4
    # Rows of equal length: two and two, not three and one.
    assert CurvePanel(("x" * 10,) * 4).n_columns in (2, 4)


def test_long_names_overlap_neither_the_numbers_at_risk_nor_each_other():
    times, marker = drawn_times(60, 3)
    high = marker > 0.0
    names = ("-1.23457e-05 or more", "below -1.23457e-05 ")
    groups = [CurveGroup(name, times.rows(mask)) for name, mask in zip(names, (high, ~high), strict=True)]
    figure = kaplan_meier_figure(groups, end_day=90.0, test=None, name="km", title="Freedom", population="60 subjects")
    # The number at risk at the start stands centred on the beginning of the axes.
    begin = CurvePanel(names).left_mm * 72.0 / 25.4
    steps = points_of(figure.svg, "curve-" + names[0].replace(" ", "-"))
    assert steps[0, 0] == pytest.approx(begin, abs=0.5)
    assert begin > 0.5 * 8.0 * len(names[0])


def test_the_number_of_a_threshold_stands_beside_its_line():
    rng = np.random.default_rng(1)
    marker, is_case = rng.normal(size=60), np.arange(60) < 20
    for threshold, side in ((0.1234, 1.0), (float(marker.max()), -1.0)):
        figure = marker_density(
            marker, is_case, threshold=threshold, marker_name="X", name="d", population="60 subjects"
        )
        line = points_of(figure.svg, "threshold")[0, 0]
        anchor = re.search(rf"<text [^>]*>{re.escape(f'{threshold:.4g}'.replace('-', '−'))}</text>", figure.svg)
        assert anchor is not None
        places = re.findall(r"(?:translate\(| x=\")([\d.]+)", anchor.group())
        assert side * (float(places[0]) - line) > 2.0
        assert ("text-anchor: end" in anchor.group()) == (side < 0.0)


def test_the_dot_of_the_roc_curve_is_the_threshold():
    _, marker, is_case = landmark()
    curve, area = roc_curve(marker, is_case, "lower"), auroc(marker, is_case, "lower")
    band = roc_band(marker, is_case, "lower", n_draws=20, seed=1)
    later, _, _ = landmark()
    given = rule(later, marker, 5.79, "lower", horizon_day=90.0)
    figure = roc_figure(curve, area, band=band, rule=given, marker_name="x", name="roc", population="66 subjects")
    assert "sensitivity 83 %" in figure.svg
    assert "specificity 85 %" in figure.svg
    assert {"band", "roc", "threshold"} <= marks_in(figure.svg)
    assert "5.79: below it subjects are called high risk" in figure.caption
    bare = roc_figure(curve, area, band=None, rule=None, marker_name="x", name="roc", population="66 subjects")
    assert not {"band", "threshold"} & marks_in(bare.svg)


def test_a_density_needs_two_values_and_rugs_show_the_others():
    figure = marker_density(
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([1, 0, 0, 0], bool),
        threshold=1.5,
        marker_name="x",
        name="d",
        population="4 subjects",
    )
    assert "rug-with-event" in marks_in(figure.svg)
    assert "with-event" not in marks_in(figure.svg)
    assert "Too few different values for a density: with the event." in figure.caption
    x, y = np.array([(row[0], row[2]) for row in figure.table.rows], float).T
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=0.2)


def test_figures_of_a_marker_are_four_and_say_what_is_not_drawn():
    later, marker, _ = landmark()
    found = evaluate_marker(later, marker, name="LOG AUC/CL", horizon_day=90.0, given=[5.0], n_draws=20, seed=1)
    more = {"horizon_day": 90.0, "population": ("landmark", "66 subjects"), "n_draws": 20, "seed": 1}
    names = [one.name for one in threshold_figures(found, later, marker, **more) if not isinstance(one, str)]
    assert names == [
        "roc-log-auc-cl-landmark",
        "density-log-auc-cl-landmark",
        "kaplan-meier-log-auc-cl-landmark",
        "kaplan-meier-log-auc-cl-landmark-at-5",
        "auc-over-time-log-auc-cl-landmark",
    ]
    free = event_times([95.0, 96.0], [0, 0])
    nothing = evaluate_marker(free, np.array([1.0, 2.0]), name="x", horizon_day=90.0, n_draws=20, seed=1)
    said = list(threshold_figures(nothing, free, np.array([1.0, 2.0]), **more))
    assert len(said) == 1
    assert "no figure" in str(said[0])
    late = event_times([10.0, 20.0, 95.0, 95.0], [1, 1, 0, 0], [0.0, 0.0, 0.0, 15.0])
    values = np.array([1.0, 2.0, 3.0, 1.5])
    found = evaluate_marker(late, values, name="x", horizon_day=90.0, n_draws=20, seed=1)
    assert "no area over time" in str(list(threshold_figures(found, late, values, **more))[-1])


def test_calibration_and_decision_curves_hold_their_tables():
    times, marker = drawn_times(71, 4)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    groups = calibration_groups(times, risk, horizon_day=60.0, n_groups=4)
    curve = calibration_curve(times, risk, horizon_day=60.0, n_draws=10)
    figure = calibration_figure(groups, curve, risk, horizon_day=60.0, name="c", population="71 subjects")
    assert {"identity", "band", "curve", "groups", "interval", "predictions"} <= marks_in(figure.svg)
    assert [row[0] for row in figure.table.rows].count("group") == 4
    constant = calibration_curve(times, np.full(71, 0.3), horizon_day=60.0)
    bare = calibration_figure(groups, constant, np.full(71, 0.3), horizon_day=60.0, name="c", population="71 subjects")
    assert constant.status.value in bare.caption
    assert "curve" not in marks_in(bare.svg)
    found = decision_curve(times, risk, np.arange(1, 90) / 100, horizon_day=60.0, n_draws=10)
    drawn = decision_curve_figure(found, horizon_day=60.0, name="d", population="71 subjects")
    assert {"model", "everybody", "nobody", "band"} <= marks_in(drawn.svg)
    assert len(drawn.table.rows) == 89


def test_an_area_over_time_is_drawn_where_one_is_known():
    times, marker = drawn_times(40, 5)
    known = cumulative_dynamic_auc(times, marker, "higher", np.array([1.0, 20.0, 40.0]), n_draws=10)
    figure = time_dependent_auc_figure(known, marker_name="x", name="t", population="40 subjects")
    assert not isinstance(figure, str)
    assert len(figure.table.rows) == 3
    nothing = cumulative_dynamic_auc(times, marker, "higher", np.array([1.0]))
    assert "not drawn" in str(time_dependent_auc_figure(nothing, marker_name="x", name="t", population="40 subjects"))


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < 0.001"), (0.0123, "p = 0.012"), (0.4, "p = 0.40"), (np.nan, "no p value")]
)
def test_p_values_are_printed_with_the_digits_that_matter(p, text):
    assert p_text(p) == text
