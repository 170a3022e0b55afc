"""The list of checks."""

from __future__ import annotations

from typing import Any

from dosing_app.decision.case_warning import check, note
from dosing_app.ui.components.checks import checks_list


def sentences(children: list[Any]) -> list[str]:
    return [item.children[2].children for item in children[1].children]


def test_many_warnings_of_a_kind_hide_no_other():
    early = [check("sample_early", f"Sample of day {day} is early.", place=f"samples[{day}]") for day in range(190)]
    listed = checks_list((), (*early, note("antibodies_unknown", "Antibodies are not known.")), is_stale=False)

    assert sentences(listed) == [
        "Sample of day 0 is early.",
        "Sample of day 1 is early.",
        "Sample of day 2 is early.",
        "… and 187 more of the same kind.",
        "Antibodies are not known.",
    ]
    assert "191" in str(listed[0])


def test_three_warnings_of_a_kind_are_all_shown():
    early = [check("sample_early", f"Sample of day {day} is early.") for day in range(3)]

    assert len(sentences(checks_list((), early, is_stale=False))) == 3
