"""A case is written the same however it came, and refused with a sentence for each problem."""

from __future__ import annotations

import json

import pytest

from dosing_app.decision.crohns.case import example_tree, inputs, read_tree, to_json
from pkpd.errors import InputError


def test_a_case_is_read_back_as_it_was_written():
    tree = example_tree() | {"unavailable": ["anti_tnf", "anti_il12_23"], "crp_mg_per_L": None}

    again = read_tree(to_json(tree).encode())

    assert to_json(again) == to_json(tree)
    assert again["unavailable"] == ["anti_il12_23", "anti_tnf"]
    assert again["crp_mg_per_L"] is None
    assert again["year"] == 2006


def test_the_same_case_is_the_same_text():
    tree = example_tree()
    turned = dict(reversed(tree.items()))

    assert to_json(turned) == to_json(tree)
    assert [key for key in json.loads(to_json(tree)) if key in {one.case for one in inputs()}] == [
        one.case for one in inputs()
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff", "not UTF-8"),
        (b"[]", "holds list"),
        (b'{"schema": "asuc-case/1"}', "expected 'asuc-crohns-case/1'"),
        (b'{"schema": "asuc-crohns-case/1", "cdai": 5000}', "cdai: 5000"),
        (b'{"schema": "asuc-crohns-case/1", "age": 50}', "unknown key"),
    ],
)
def test_what_is_no_case_is_refused(content: bytes, expected: str):
    with pytest.raises(InputError, match=expected):
        read_tree(content)
