"""Models side by side: no lone percentage, and nothing cut off."""

from __future__ import annotations

from typing import Any

import pytest

from dosing_app.decision.patient import read_case
from dosing_app.findings.numbers import interval, one_percent
from dosing_app.language import speaking
from dosing_app.ui.components.sensitivity_panel import sensitivity_panel
from tests.dosing_app.findings.computed_cases import computed, computed_of


def found(component: Any, kind: str) -> list[Any]:
    """Return the components of a kind, in the order in which they are read."""
    if isinstance(component, list | tuple):
        return [one for part in component for one in found(part, kind)]
    own = [component] if type(component).__name__ == kind else []
    return own + found(getattr(component, "children", None) or [], kind)


@pytest.mark.parametrize(("language", "middle"), [("en", "middle"), ("de", "Mitte")])
def test_every_risk_is_an_interval_with_its_middle(language: str, middle: str):
    view, _, average = computed("typical")
    with speaking(language):
        body, *_ = found(sensitivity_panel(view, average), "Tbody")
        cells = [found(row, "Td")[-1] for row in found(body, "Tr")]
        ordered = sorted(average.views, key=lambda one: (-one.weight, one.model.id))
        said = [f"{interval(one.risk_quantiles)}, {middle} {one_percent(one.risk_quantiles[2])}" for one in ordered]

    assert len(cells) == len(average.views)
    assert all(cell.children.startswith(words) for cell, words in zip(cells, said, strict=True))
    assert all(cell.style == {"whiteSpace": "normal"} for cell in cells)


def test_clearance_stands_with_its_interval():
    view, _, average = computed("typical")
    for row in found(sensitivity_panel(view, average), "Tr")[1:]:
        assert "(" in found(row, "Td")[1].children


def test_without_drug_in_the_window_there_is_no_risk_to_say():
    case = {"schema": "asuc-case/1", "covariates": {"weight_kg": 63}, "doses": [{"time_day": 30, "amount_mg": 600}]}
    view, _, average = computed_of(read_case(case))

    body, *_ = found(sensitivity_panel(view, average), "Tbody")
    assert all("no drug in the window" in found(row, "Td")[-1].children for row in found(body, "Tr"))
