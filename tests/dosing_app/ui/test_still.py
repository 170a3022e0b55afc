"""Elements that no callback speaks to are drawn at one go, and everything else stays as it was."""

from __future__ import annotations

import json

from plotly.io.json import to_json_plotly

from dosing_app.ui.elements import dmc, html
from dosing_app.ui.still import Still, still


def test_elements_become_one_component_with_their_tags_attributes_and_texts():
    table = html.Table(html.Tr([html.Th("day", scope="row"), html.Td([3, " d"], className="x", **{"data-label": "a"})]))
    drawn = still([table, "after"])
    assert isinstance(drawn, Still)
    assert json.loads(str(to_json_plotly(drawn)))["props"]["tree"] == [
        [
            "table",
            {},
            [["tr", {}, [["th", {"scope": "row"}, ["day"]], ["td", {"className": "x", "data-label": "a"}, [3, " d"]]]]],
        ],
        "after",
    ]


def test_what_a_callback_may_speak_to_stays_a_component_and_what_is_beside_it_is_drawn():
    field, button = html.Div("typed", id="field"), dmc.Button("go")
    content = html.Section([html.H2("title"), field, html.P(button), None], className="box")
    drawn = still(content)
    assert (drawn.className, type(drawn)) == ("box", type(content))
    heading, same_field, paragraph, nothing = drawn.children
    assert isinstance(heading, Still)
    assert (same_field.id, same_field.children) == ("field", "typed")
    assert paragraph.children is button
    assert nothing is None
    assert content.children[0].children == "title"


def test_texts_numbers_and_figures_are_not_touched():
    figure = {"data": [], "layout": {"title": "x"}}
    for content in ("text", 3, None, "", figure, ["a", "b"]):
        assert still(content) == content


def test_a_group_of_texts_and_elements_is_drawn_in_its_place():
    drawn = still([html.Li([["a", html.Strong("b")], None])])
    assert drawn.tree == [["li", {}, [[None, {}, ["a", ["strong", {}, ["b"]]]], None]]]
