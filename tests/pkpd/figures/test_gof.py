"""Figures of goodness of fit: every level once, censored ones as limits, and a sentence for what cannot be drawn."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pkpd.data.records import Censoring
from pkpd.figures.gof import dv_prediction, gof_figures
from pkpd.figures.sheet import Drawing
from tests.pkpd.figures.levels import LOWER, drawn_marks, made_up, path_numbers

if TYPE_CHECKING:
    from pkpd.diagnostics.records import LevelRecords

KINDS = (Censoring.NONE, Censoring.BELOW, Censoring.NONE, Censoring.ABOVE, Censoring.BETWEEN)
NAMES = [
    "dv-pred",
    "dv-ipred",
    "iwres-time",
    "iwres-ipred",
    "cwres-time",
    "cwres-pred",
    "npde-time",
    "npde-pred",
    "npde-distribution",
]


def dv_pred(records: LevelRecords) -> Drawing:
    found = dv_prediction(records, "pred", "Levels", "Prediction")
    assert isinstance(found, Drawing)
    return found


def test_every_figure_is_drawn_once_and_is_the_same_text_again():
    drawings, left_out = gof_figures(made_up(60, KINDS))
    again, _ = gof_figures(made_up(60, KINDS))

    assert [one.name for one in drawings] == NAMES
    assert left_out == ()
    assert [one.svg for one in drawings] == [one.svg for one in again]


def test_no_figure_holds_a_number_that_is_none():
    for drawing in gof_figures(made_up(60, KINDS))[0]:
        words = path_numbers(drawing.svg)
        assert len(words) > 20
        assert not {word for word in words if re.search("nan|inf", word, flags=re.IGNORECASE)}


@pytest.mark.parametrize("n", [1, 25, 60])
def test_levels_are_dots_and_censored_ones_stand_at_their_limit(n: int):
    records = made_up(n, KINDS)
    drawing = dv_pred(records)

    for kind, name in zip(Censoring, ("levels", "below", "above", "between"), strict=True):
        assert drawn_marks(drawing.svg, name) == int((records.censoring == int(kind)).sum()), name
    assert drawn_marks(drawing.svg, "identity") == 1


def test_all_levels_below_one_limit_stand_at_one_height():
    svg = dv_pred(made_up(12, (Censoring.BELOW,))).svg
    group = svg[svg.index('data-marks="below"') :]
    heights = re.findall(r'<use [^>]*y="([^"]*)"', group)
    assert len(heights) == 12
    assert len(set(heights)) == 1
    assert drawn_marks(svg, "levels") == 0


def test_the_caption_counts_what_is_drawn():
    caption = dv_pred(made_up(50, KINDS)).caption
    assert "quantified levels (dots): 20;" in caption
    assert "pointing down, standing at it): 10;" in caption
    assert "pointing up, standing at it): 10;" in caption
    assert "between two limits (bars): 10." in caption


def test_a_level_of_zero_has_no_place_on_logarithmic_axes_and_is_counted():
    records = made_up(10)
    records.level[3] = 0.0
    drawing = dv_pred(records)
    assert drawn_marks(drawing.svg, "levels") == 9
    assert "1 level has no place on a logarithmic axis" in drawing.caption


def test_predictions_far_below_all_levels_stand_at_the_left_border():
    records = made_up(30, (Censoring.NONE, Censoring.BELOW))
    records.pred[:3] = (1e-9, 0.0, 0.9 * 0.1 * LOWER)
    records.level[:] = np.where(np.isnan(records.level), np.nan, np.maximum(records.level, LOWER))
    drawing = dv_pred(records)
    assert drawn_marks(drawing.svg, "levels") + drawn_marks(drawing.svg, "below") == 30
    assert "3 predictions below 0.05 mg/L stand at the left border" in drawing.caption


def test_where_all_levels_are_censored_residuals_are_a_sentence():
    drawings, left_out = gof_figures(made_up(30, (Censoring.BELOW, Censoring.ABOVE)))
    assert [one.name for one in drawings] == ["dv-pred", "dv-ipred"]
    assert len(left_out) == len(NAMES) - 2
    assert all("not drawn, since no level has one" in sentence for sentence in left_out)


def test_without_a_level_every_figure_is_a_sentence():
    drawings, left_out = gof_figures(made_up(0))
    assert drawings == ()
    assert len(left_out) == len(NAMES)


def test_one_level_is_drawn():
    drawings, left_out = gof_figures(made_up(1))
    assert [one.name for one in drawings] == NAMES
    assert left_out == ()


def test_residuals_are_dots_of_quantified_levels_with_their_expectation():
    records = made_up(50, KINDS)
    by_name = {one.name: one for one in gof_figures(records)[0]}
    n = int(np.isfinite(records.cwres).sum())
    for name in ("iwres-time", "iwres-ipred", "cwres-time", "cwres-pred", "npde-time", "npde-pred"):
        assert drawn_marks(by_name[name].svg, "residuals") == n, name
        assert drawn_marks(by_name[name].svg, "expected") == (1 if name == "iwres-ipred" else 2), name
        assert f"censored levels ({50 - n}) have none" in by_name[name].caption
        assert "are a selection" in by_name[name].caption
        assert len(by_name[name].table.rows) == n


def test_the_trend_is_drawn_where_there_are_enough_levels_and_said():
    few, many = dv_pred(made_up(21)), dv_pred(made_up(22))
    assert (drawn_marks(few.svg, "trend"), drawn_marks(many.svg, "trend")) == (0, 1)
    assert "running median" not in few.caption
    assert "running median" in many.caption


def test_of_very_many_levels_evenly_chosen_ones_are_drawn_and_the_table_holds_all():
    drawing = dv_pred(made_up(12_345))
    assert drawn_marks(drawing.svg, "levels") == 10_000
    assert "Of 12,345 points 10,000 are drawn" in drawing.caption
    assert len(drawing.table.rows) == 12_345


def test_the_table_holds_the_numbers_and_limits_of_the_records():
    records = made_up(5, KINDS)
    table = dv_pred(records).table
    assert table.head == ("id", "line", "time", "censored", "level", "lower_limit", "upper_limit", "pred")
    assert [row[3] for row in table.rows] == ["", "below", "", "above", "between"]
    assert [row[-1] for row in table.rows] == records.pred.tolist()


def test_names_of_subjects_cannot_become_markup():
    records = made_up(3)
    drawing = dv_pred(replace(records, ids=("<b>", "&", '"')))
    assert "<b>" not in drawing.svg
