"""Figures of exposure: what is drawn of whom, and what is said where there is nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.exposure import DrawnMeasure, exposure_figures
from tests.pkpd.figures.levels import drawn_marks, path_numbers

if TYPE_CHECKING:
    from pkpd.figures.sheet import Drawing

IDS = [str(i) for i in range(30)]
VALUES = np.random.default_rng(4).lognormal(0.0, 1.0, 30)
MEASURES = [
    DrawnMeasure("cl", VALUES.tolist()),
    DrawnMeasure("ln_auc_cl_0_7", [math.nan, *np.log(VALUES[1:])]),
    DrawnMeasure("cl_day7", [math.nan] * 30),
]
EVENT = [True] * 5 + [False] * 24 + [None]


def drawn(**changed) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    words = {"has_event": EVENT, "at_risk": None, "landmark": None, "what": "median", "hypothetical": None} | changed
    return exposure_figures(IDS, MEASURES, **words)


def test_every_subject_with_an_outcome_is_a_dot():
    (distribution, outcome), left_out = drawn()
    assert [distribution.name, outcome.name] == ["exposure-distribution", "exposure-by-outcome"]
    # One subject has no outcome, and one no value of the second measure.
    assert drawn_marks(outcome.svg, "event") == 5 + 4
    assert drawn_marks(outcome.svg, "no event") == 24 + 24
    assert outcome.caption.startswith("5 subjects with the event and 24 without")
    assert "associations, not effects" in outcome.caption
    assert len(outcome.table.rows) == 30
    assert left_out == ("CL of day 7 (L/day): not drawn, since no subject has one.",)
    for one in (distribution, outcome):
        assert not {word for word in path_numbers(one.svg) if "nan" in word.lower()}


def test_those_at_risk_are_drawn_beside_all():
    at_risk = [i > 2 for i in range(30)]
    (distribution, outcome), _ = drawn(at_risk=at_risk, landmark=28.0)
    assert distribution.svg.count('data-marks="landmark"') == 2
    assert "Dashed: those at risk on day 28." in distribution.caption
    assert "Hollow dots: not at risk on day 28." in outcome.caption
    assert drawn()[0][0].svg.count('data-marks="landmark"') == 0


def test_a_hypothetical_regimen_is_said_and_units_stand_at_the_axes():
    (distribution, outcome), _ = drawn(hypothetical="label")
    for one in (distribution, outcome):
        assert "The regimen is hypothetical (label): nobody was given it." in one.caption
    labels = [one.label for one in (*MEASURES, DrawnMeasure("trough_14", []), DrawnMeasure("cmax_0.5_7", []))]
    assert labels == [
        *("CL (L/day)", "ln(AUC/CL), days 0–7", "CL of day 7 (L/day)"),
        *("Trough, day 14 (mg/L)", "Cmax, days 0.5–7 (mg/L)"),
    ]


def test_with_one_outcome_alone_there_is_a_sentence():
    figures, left_out = drawn(has_event=[False] * 30)
    assert [one.name for one in figures] == ["exposure-distribution"]
    assert "By outcome: not drawn, since not both outcomes are there." in left_out
    assert [one.name for one in drawn(has_event=None)[0]] == ["exposure-distribution"]
