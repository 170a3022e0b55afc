"""The list of checks."""

from __future__ import annotations

from typing import Any

from dosing_app.decision.case_warning import CaseWarning, check, note
from dosing_app.language import message
from dosing_app.ui.components.checks import checks_list


def left_out_sample(day: int) -> CaseWarning:
    said = message("check.sample_excluded", day=str(day), reason="clotted")
    return check("sample_excluded", said, place=f"samples[{day}]")


def sentences(children: list[Any]) -> list[str]:
    return [item.children[2].children for item in children[1].children]


def test_many_warnings_of_a_kind_hide_no_other():
    left_out = [left_out_sample(day) for day in range(190)]
    no_weight = note("weight_unknown", message("check.weight_unknown"))
    listed = checks_list((), (*left_out, no_weight), is_stale=False)

    assert sentences(listed) == [
        "Sample of day 0 is left out: “clotted”.",
        "Sample of day 1 is left out: “clotted”.",
        "Sample of day 2 is left out: “clotted”.",
        "… and 187 more of the same kind.",
        "Weight not entered: doses per kg cannot be checked.",
    ]
    assert "191" in str(listed[0])


def test_three_warnings_of_a_kind_are_all_shown():
    assert len(sentences(checks_list((), [left_out_sample(day) for day in range(3)], is_stale=False))) == 3
