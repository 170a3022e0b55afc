"""A cohort's exposure is that of its patients in the dosing app, which is checked against a dense grid."""

from __future__ import annotations

import numpy as np
import pytest

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.forecast import forecast
from dosing_app.decision.subject import subject_from_case
from pkpd.data.cohort import cohort_of
from pkpd.exposure.cohort import PROBABILITIES, subject_exposure
from pkpd.model import load_model
from tte import load_event_model


@pytest.mark.parametrize("name", example_names())
def test_a_subject_of_a_cohort_has_the_exposure_of_its_case(name: str):
    case = example_case(name)
    model = load_model(case.model)
    expected = forecast(case, load_event_model())
    cohort = cohort_of([subject_from_case(case, model, with_planned=True)], ["a"])
    found = subject_exposure(model, cohort, 0, (14.0, 28.0))
    assert found.auc is not None
    assert found.log_auc_cl is not None
    assert expected.exposure.auc is not None
    assert expected.exposure.log_auc_cl is not None
    for own, other in (
        (found.auc, expected.exposure.auc),
        (found.log_auc_cl, expected.exposure.log_auc_cl),
        (found.parameters["cl"], expected.parameters["cl"]),
    ):
        assert own.quantiles == pytest.approx(np.interp(PROBABILITIES, other.probabilities, other.quantiles), rel=1e-6)
    assert found.at_mode == pytest.approx(expected.at_map, rel=1e-9)
