"""Figures of a recalibration: both models with their bands, and what is said instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pkpd.figures.sheet import Drawing
from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort
from tte import risk_day90
from tte.figures.recalibration import recalibration_figures
from tte.recalibration.recalibrate import Request, recalibrate


def figures_of(events, method: Any = "bayes"):
    found = recalibrate(events, Request(PUBLISHED, X, method, n_draws=10))
    return recalibration_figures(found, key="all", words="all patients", threshold=6.1)


def test_old_and_new_stand_with_their_bands_and_the_patients():
    risk, before, after = figures_of(cohort(120, 14, factor=1.8))
    assert isinstance(risk, Drawing)
    for name in ("old-band", "old-risk", "new-band", "new-risk", "threshold", "with-event", "without-event"):
        assert f'data-marks="{name}"' in risk.svg
    old = np.array([row[1:] for row in risk.table.rows if row[0] == "old"], dtype=float)
    np.testing.assert_allclose(old[:, 1], 100.0 * risk_day90(PUBLISHED, old[:, 0]), rtol=1e-9)
    at_anchor = [np.interp(5.79, old[:, 0], old[:, k]) for k in (2, 3)]
    assert at_anchor == pytest.approx([10.7, 35.6], abs=0.2)
    assert "not proof that more drug helps" in risk.caption
    assert isinstance(before, Drawing)
    assert isinstance(after, Drawing)
    assert (before.name, after.name) == ("calibration-before-all", "calibration-after-all")


def test_events_known_by_an_interval_have_no_calibration_and_a_sentence_instead():
    risk, before, after = figures_of(cohort(120, 4, factor=1.5, is_mixed=True), "intercept")
    assert isinstance(risk, Drawing)
    assert isinstance(before, str)
    assert before.startswith("Calibration before recalibration, all patients: not drawn. There is no calibration")
    assert isinstance(after, str)
