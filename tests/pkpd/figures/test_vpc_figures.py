"""Figures of predictive checks: what is open is not drawn, tables hold the numbers, the same checks give the same picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.diagnostics.predictive_checks import CheckOptions, check_predictions
from pkpd.figures.vpc import check_figures
from tests.pkpd.diagnostics.test_vpc import population, values


@pytest.fixture(scope="module")
def checks():
    bound = population(60, seed=4)
    return check_predictions(bound, values(bound), CheckOptions(100, 1))


def test_three_figures_with_the_numbers_of_the_checks(checks):
    drawings, left_out = check_figures(checks)
    assert [one.name for one in drawings] == ["vpc", "vpc-limits", "npc"]
    assert not left_out
    visual = drawings[0]
    assert len(visual.table.rows) == checks.vpc.n.size
    place = visual.table.head.index("p50_observed")
    shown = [row[place] for row in visual.table.rows]
    assert np.array(shown, dtype=float) == pytest.approx(checks.vpc.observed[:, 1], nan_ok=True)
    for one in drawings:
        assert "nan" not in one.svg.lower()
        assert one.caption.endswith(".")


def test_a_band_is_drawn_only_where_both_ends_are_known(checks):
    (visual, *_), _ = check_figures(checks)
    ends = checks.vpc.simulated
    for p, name in enumerate(("p5", "p50", "p95")):
        known = np.isfinite(ends[:, p, 0]).astype(int) + np.isfinite(ends[:, p, 2]).astype(int)
        # One mark for a whole band, one for a single known end, none where nothing is known.
        assert visual.svg.count(f'data-marks="simulated-{name}"') == int((known > 0).sum())


def test_the_same_checks_give_the_same_picture(checks):
    first, again = check_figures(checks)[0], check_figures(checks)[0]
    assert [one.svg for one in first] == [one.svg for one in again]


def test_without_a_level_beyond_a_limit_no_shares_are_drawn_and_that_is_said():
    bound = population(40, seed=4)
    nothing = np.full(bound.cohort.level.size, np.nan)
    open_cohort = replace(
        bound.cohort,
        level=np.full(nothing.size, 5.0),
        censoring=np.zeros(nothing.size, dtype=np.int64),
        lloq=nothing,
        uloq=nothing,
    )
    found = check_predictions(replace(bound, cohort=open_cohort), values(bound), CheckOptions(100, 1))
    drawings, left_out = check_figures(found)
    assert [one.name for one in drawings] == ["vpc", "npc"]
    assert "no level and no simulation lies beyond a limit" in left_out[0]


def test_one_bin_of_one_time_is_drawn():
    bound = population(30, seed=4)
    alike = replace(bound.cohort, sample_time=np.full(bound.cohort.level.size, 7.0))
    found = check_predictions(replace(bound, cohort=alike), values(bound), CheckOptions(100, 1))
    drawings, _ = check_figures(found)
    assert "nan" not in drawings[0].svg.lower()
