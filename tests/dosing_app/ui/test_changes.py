"""The browser is sent what changed and nothing else."""

from __future__ import annotations

from dosing_app.ui.changes import Group, only_changed
from dosing_app.ui.elements import html, no_update


def test_at_first_everything_is_sent():
    outputs = {"risk": "8–54 %", "errors": Group({"weight_kg": ""})}

    assert only_changed(outputs, {})[0] == outputs


def test_the_second_time_only_the_difference_is_sent():
    _, shown = only_changed({"risk": "a", "table": html.P("b"), "errors": Group({"x": "", "y": ""})}, {})

    changed, _ = only_changed({"risk": "a", "table": html.P("c"), "errors": Group({"x": "!", "y": ""})}, shown)

    assert changed["risk"] is no_update
    assert changed["table"].children == "c"
    assert changed["errors"] == {"x": "!", "y": no_update}


def test_what_is_left_alone_stays_known():
    _, first = only_changed({"risk": "a"}, {})
    _, second = only_changed({"risk": no_update}, first)

    assert only_changed({"risk": "a"}, second)[0]["risk"] is no_update
    assert only_changed({"risk": "b"}, second)[0]["risk"] == "b"
