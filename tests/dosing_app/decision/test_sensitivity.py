"""The comparison of models answers whatever one of them makes of a case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dosing_app.decision.patient import read_case
from dosing_app.decision.sensitivity import compare_models
from pkpd.model import model_names
from tte import load_event_model


def case_of(amount_mg: float, *samples: dict[str, Any]) -> Any:
    return read_case(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
            "doses": [{"time_day": 0, "amount_mg": amount_mg}],
            "samples": list(samples),
        }
    )


@pytest.mark.parametrize(("amount_mg", "day", "lloq"), [(600, 5, 0.4), (300, 9, 0.1), (1300, 13.5, 0.1), (300, 3, 3.0)])
def test_an_early_sample_below_the_limit_is_answered_by_every_model(amount_mg, day, lloq):
    case = case_of(amount_mg, {"time_day": day, "censored": "below", "lloq_mg_per_L": lloq})
    found = compare_models(case, load_event_model())
    assert not found.skipped
    assert len(found.views) == len(model_names())
    assert np.isfinite(found.cl_quantiles).all()
    assert np.isfinite([view.log_evidence for view in found.views]).all()


def test_a_model_that_does_not_know_the_assay_is_left_out_with_the_reason():
    case = case_of(600, {"time_day": 6.9, "concentration_mg_per_L": 9.1, "assay": "Lisa-Tracker"})
    found = compare_models(case, load_event_model())
    assert [name for name, _ in found.skipped] == ["zhao_2026_pediatric"]
    assert "Lisa-Tracker" in found.skipped[0][1]
