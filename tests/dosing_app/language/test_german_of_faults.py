"""German sentences about a case are whole ones, whatever name of a field stands in them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dosing_app.decision.case_faults import CaseError
from dosing_app.decision.examples import example_case
from dosing_app.decision.patient import read_case
from dosing_app.language import render, speaking
from dosing_app.language.catalogue import catalogue
from dosing_app.ui.reading import read_screen
from dosing_app.ui.state import screen_from_case

GERMAN = catalogue("de").templates
# A name stands in the nominative: none of these may govern it.
GOVERNING = re.compile(r"\b(über|unter|nach|vor|mit|neben|bei|verwendet|enthält) \{field\}")


@pytest.mark.parametrize("key", sorted(key for key in GERMAN if key.startswith(("fault.", "input."))))
def test_no_preposition_stands_before_the_name_of_a_field(key: str):
    templates = [template.replace("unter {field};", "") for template in GERMAN[key]]  # where a heading is meant

    assert not [template for template in templates if GOVERNING.search(template)]


def test_a_level_above_its_limit_is_told_in_german():
    tree: dict[str, Any] = {
        "schema": "asuc-case/1",
        "covariates": {"weight_kg": 63},
        "doses": [{"time_day": 0, "amount_mg": 600}],
        "samples": [{"time_day": 5, "concentration_mg_per_L": 25.5, "uloq_mg_per_L": 20.4}],
    }

    with pytest.raises(CaseError) as raised:
        read_case(tree)

    (fault,) = raised.value.faults
    assert render(fault.message, "de").startswith("25,5 ist höher als 20,4 (uloq_mg_per_L); erwartet: ")


def test_the_screen_says_so_with_its_own_names():
    screen = screen_from_case(example_case("typical"))
    screen.samples[2].update(level="25", lloq="", uloq="20")

    with speaking("de"):
        sentences = [fault.sentence for fault in read_screen(screen).faults]

    assert len(sentences) == 1
    assert "25 ist höher als 20 (obere Grenze)" in sentences[0]
