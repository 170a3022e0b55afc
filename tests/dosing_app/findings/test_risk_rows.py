"""The intervals of the risk are the forecast's; there is none where there is no risk."""

from __future__ import annotations

import numpy as np
import pytest

from dosing_app.decision.examples import example_names
from dosing_app.decision.patient import read_case
from dosing_app.decision.view import compute_view
from dosing_app.findings.numbers import interval, percent
from dosing_app.findings.risk_rows import risk_rows, risks_table
from tests.dosing_app.findings.computed_cases import EVENT_MODEL, computed


@pytest.mark.parametrize("name", example_names())
def test_the_first_row_leads_and_the_table_holds_every_quantile(name: str):
    view, _, _ = computed(name)
    rows, risk = risk_rows(view), view.forecast.risk
    assert risk is not None

    assert [row.is_headline for row in rows] == [True, *[False] * (len(rows) - 1)]
    assert np.array_equal(rows[0].quantiles, risk.total.day90.quantiles)
    assert np.array_equal(rows[1].quantiles, risk.day90.quantiles)
    assert rows[1].with_interval == f"{rows[1].name}, {interval(risk.day90.quantiles)}"
    assert [row[1:] for row in risks_table(view).rows] == [tuple(map(percent, row.quantiles)) for row in rows]


def test_a_model_without_calibrated_risk_has_no_row():
    case = read_case(
        {
            "schema": "asuc-case/1",
            "model": "fasanmade_2009",
            "covariates": {"weight_kg": 63, "albumin_g_per_L": 30, "sex": "male", "ada_positive": True},
            "doses": [{"time_day": 0, "amount_mg": 300}],
        }
    )

    assert risks_table(compute_view(case, EVENT_MODEL)).rows == ()
