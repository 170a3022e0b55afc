"""From what stands on the page to a case, or to a sentence at each input that is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from crohns_srs.predict.effects import Uncertainty
from dosing_app.decision.crohns.case import class_ids, example_tree, to_json
from dosing_app.language import speaking
from dosing_app.ui.crohns.screen import (
    CrohnsScreen,
    empty_screen,
    is_begun,
    read_screen,
    screen_from_tree,
)

EXAMPLE = screen_from_tree(example_tree())


def with_fields(**fields: str | None) -> CrohnsScreen:
    return replace(EXAMPLE, fields={**EXAMPLE.fields, **fields})


@pytest.mark.parametrize(
    "tree",
    [
        example_tree(),
        example_tree() | {"crp_mg_per_L": None, "ileal": None, "sex": None},
        example_tree() | {"unavailable": ["anti_tnf"], "crp_mg_per_L": 1.234, "year": 2010},
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_case_on_the_page_is_read_as_itself(tree: dict[str, Any], language: str):
    with speaking(language):
        reading = read_screen(screen_from_tree(tree))

    assert not reading.faults
    assert reading.tree is not None
    assert to_json(reading.tree) == to_json(tree)


def test_nothing_entered_is_nothing_known_and_every_class():
    screen = empty_screen()
    reading = read_screen(screen)

    assert not is_begun(screen)
    assert is_begun(EXAMPLE)
    assert reading.tree == {"schema": "asuc-crohns-case/1", **dict.fromkeys(EXAMPLE.fields), "unavailable": []}


@pytest.mark.parametrize("typed", ["", "?", None, "  "])
def test_a_question_mark_is_not_known(typed: str | None):
    reading = read_screen(with_fields(crp_mg_per_L=typed, steroid="?", sex=None))

    assert reading.tree is not None
    assert reading.tree["crp_mg_per_L"] is None
    assert reading.tree["steroid"] is None
    assert reading.tree["sex"] is None


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("crp_mg_per_L", "0,87 mg/dL", 8.7),
        ("crp_mg_per_L", "8.7", 8.7),
        ("age_year", "70 y", 70.0),
        ("cdai", "348", 348.0),
    ],
)
def test_units_are_converted(key: str, typed: str, value: float):
    reading = read_screen(with_fields(**{key: typed}))

    assert reading.tree is not None
    assert reading.tree[key] == value


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("age_year", "7O", ".*letter O"),
        ("age_year", "700", "700 is not possible; type a number from 0 to 120"),
        ("bmi_kg_per_m2", "-3", "-3 is not possible"),
        ("crp_mg_per_L", "<5", ".*5"),
        ("crp_mg_per_L", "5 g/L", ".*g/L"),
        ("cdai", "nan", ".*nan"),
        ("cdai", "1e999", ".*1e999"),
    ],
)
def test_each_fault_is_one_sentence_at_its_input(key: str, typed: str, said: str):
    reading = read_screen(with_fields(**{key: typed}))

    assert reading.tree is None
    assert list(reading.faults) == [key]
    assert re.match(said, reading.faults[key])


@pytest.mark.parametrize("typed", ["0", "-5", "301", "many"])
def test_a_smallest_worthwhile_difference_that_is_none_is_told(typed: str):
    reading = read_screen(replace(EXAMPLE, worthwhile=typed))

    assert reading.tree is None
    assert list(reading.faults) == ["worthwhile"]


def test_what_is_chosen_is_read():
    reading = read_screen(replace(EXAMPLE, classes=["anti_tnf"], uncertainty="paper", worthwhile="35"))

    assert reading.tree is not None
    assert reading.tree["unavailable"] == [name for name in class_ids() if name != "anti_tnf"]
    assert (reading.uncertainty, reading.worthwhile) == (Uncertainty.PAPER, 35.0)


def test_an_uncertainty_that_is_none_is_the_usual_one():
    assert read_screen(replace(EXAMPLE, uncertainty="?")).uncertainty is Uncertainty.COHERENT
