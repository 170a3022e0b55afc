"""What is computed of the examples, once for all tests of a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dosing_app.decision.examples import example_case
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.decision.sensitivity import compare_models
from dosing_app.decision.view import compute_view
from tte import load_event_model

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.decision.sensitivity import ModelAverage
    from dosing_app.decision.view import View

EVENT_MODEL = load_event_model()


@cache
def computed(name: str) -> tuple[View, OptimizeResult | None, ModelAverage]:
    """Return what is computed of an example."""
    return computed_of(example_case(name))


def computed_of(case: PatientCase) -> tuple[View, OptimizeResult | None, ModelAverage]:
    """Return what is computed of a case; no search where there is no risk."""
    view = compute_view(case, EVENT_MODEL)
    search = None
    if view.has_mass and view.forecast.risk is not None:
        search = find_regimens(case, EVENT_MODEL, posterior=view.forecast.posterior)
    return view, search, compare_models(case, EVENT_MODEL)
