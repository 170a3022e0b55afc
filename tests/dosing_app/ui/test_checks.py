"""The list of checks."""

from __future__ import annotations

from typing import Any

from dosing_app.decision.case_warning import check, note
from dosing_app.language import message
from dosing_app.ui.components.checks import Target, checks_list, target_of

# Any sentences of the catalogue will do.
EARLY = [check("sample_early", message("input.row", row=str(day)), place=f"samples[{day}]") for day in range(190)]
OTHER = note("antibodies_unknown", message("checks.none"))


def sentences(children: list[Any]) -> list[str]:
    return [item.children[2].children for item in children[1].children]


def test_many_warnings_of_a_kind_hide_no_other():
    listed = checks_list((), (*EARLY, OTHER), is_stale=False)

    assert sentences(listed) == [
        "row 0",
        "row 1",
        "row 2",
        "… and 187 more of the same kind.",
        "Nothing to point out.",
    ]
    assert "191" in str(listed[0])


def test_three_warnings_of_a_kind_are_all_shown():
    assert len(sentences(checks_list((), EARLY[:3], is_stale=False))) == 3


def test_a_warning_leads_to_its_row_on_the_screen():
    rows = {"samples": ("sample4", "sample2"), "planned": ("dose3",)}

    assert target_of("samples[1]", rows) == Target(grid="samples", row="sample2")
    assert target_of("planned[0].amount_mg", rows) == Target(grid="doses", row="dose3")


def test_a_warning_leads_to_its_field_on_the_screen():
    assert target_of("covariates.crp_below_mg_per_L", {}) == Target(field="crp_mg_per_L")
    assert target_of("now_day", {}) == Target(field="now_day")


def test_a_warning_about_the_whole_leads_nowhere():
    assert target_of("", {}) is None
    assert target_of("samples[7]", {"samples": ()}) is None
