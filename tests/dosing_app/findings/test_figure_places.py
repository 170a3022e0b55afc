"""Marks of the figures stand where the numbers are."""

from __future__ import annotations

import numpy as np
import pytest

from dosing_app.decision.examples import example_case, example_names
from dosing_app.findings.figure_places import axis_top, in_percent, room_beside, samples_by_mark, stacked
from tests.dosing_app.findings.computed_cases import computed


@pytest.mark.parametrize("name", example_names())
def test_the_axis_leaves_a_quarter_above_the_highest_peak(name: str):
    view, _, _ = computed(name)
    assert view.bands is not None

    assert axis_top(view) >= 1.25 * view.bands[:, 2].max() - 1e-9


def test_the_axis_ends_at_a_round_number_above_the_highest_peak():
    view, _, _ = computed("typical")

    assert axis_top(view) == 100.0


def test_no_dot_straddles_the_threshold():
    x, heights = stacked(np.array([1.0, 15.0, 19.9, 20.0, 20.1, 23.0, 90.0]), 20.0)

    assert (np.abs(x - 20.0) >= 2.0 - 1e-12).all()
    assert (x < 20.0).tolist() == [True, True, True, True, False, False, False]
    assert heights.tolist() == [1, 1, 1, 2, 1, 2, 1]


def test_a_bin_of_dots_ends_at_the_threshold():
    x, heights = stacked(np.array([0.1, 3.9, 4.0, 4.1, 7.9, 99.0]), 4.0)

    assert x.tolist() == [2.0, 2.0, 2.0, 6.0, 6.0, 98.0]
    assert heights.tolist() == [1.0, 2.0, 3.0, 1.0, 2.0, 1.0]


def test_every_sample_has_one_mark():
    case = example_case("typical")
    days = {name: [sample.time_day for sample in samples] for name, samples in samples_by_mark(case).items()}

    assert days == {"samples": [13.5], "samples beyond a limit": [6.9], "samples not used": [1.0]}


def test_the_label_of_a_dose_has_room_up_to_the_next_dose():
    case = example_case("typical")

    assert room_beside((*case.doses, *case.planned), 49.0) == [7.0, 7.0, 28.0, 49.0]


def test_fractions_become_percentages():
    assert in_percent(np.array([0.0, 0.25, 1.0])).tolist() == [0.0, 25.0, 100.0]
