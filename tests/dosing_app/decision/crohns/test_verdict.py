"""What the comparison comes to, by the rule that the page prints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dosing_app.decision.crohns.answer import CrohnsAnswer, compute_answer
from dosing_app.decision.crohns.case import class_ids, example_tree
from dosing_app.decision.crohns.verdict import LEADS_FROM, Standing, is_settled

EXAMPLE = compute_answer(example_tree())


def with_lows(*lows: float, first: float) -> CrohnsAnswer:
    """Return the example with lower ends of the intervals of its differences, and a chance of its first class."""
    contrasts = tuple(
        replace(one, interval=(low, one.interval[1])) for one, low in zip(EXAMPLE.contrasts, lows, strict=True)
    )
    leader = replace(EXAMPLE.classes[0], probability_first=first)
    return replace(EXAMPLE, contrasts=contrasts, classes=(leader, *EXAMPLE.classes[1:]))


@pytest.mark.parametrize(
    ("lows", "first", "standing", "place"),
    [
        ((20.1, 30.0, -5.0), 0.5, Standing.SETTLED, 0),
        ((20.0, 30.0, -5.0), 0.99, Standing.AHEAD, 0),
        ((-5.0, -5.0, -5.0), LEADS_FROM, Standing.AHEAD, 0),
        ((-5.0, 20.1, 20.1), 0.5, Standing.BEHIND, -1),
        ((-5.0, 20.1, 20.0), 0.5, Standing.OPEN, 0),
        ((-5.0, -5.0, -5.0), 0.79, Standing.OPEN, 0),
    ],
)
def test_standings(lows: tuple[float, ...], first: float, standing: Standing, place: int):
    answer = with_lows(*lows, first=first)

    found = answer.verdict

    assert (found.standing, found.class_id) == (standing, answer.classes[place].id)


def test_one_class_or_none_is_no_comparison():
    ids = list(class_ids())
    alone = compute_answer(example_tree() | {"unavailable": ids[1:]}).verdict

    assert (alone.standing, alone.class_id) == (Standing.ALONE, ids[0])
    assert compute_answer(example_tree() | {"unavailable": ids}).verdict.standing is Standing.NOTHING


def test_a_smaller_worthwhile_difference_settles_no_less():
    for one in EXAMPLE.contrasts:
        assert is_settled(one, one.interval[0] - 1e-9)
        assert not is_settled(one, one.interval[0])


def test_the_example_is_ahead_and_not_settled():
    assert EXAMPLE.verdict.standing is Standing.AHEAD


def test_settled_is_what_the_engine_calls_worthwhile():
    for worthwhile in (1.0, 5.0, 20.0, 60.0):
        for age in (18, 30, 70):
            answer = compute_answer(example_tree() | {"age_year": age}, worthwhile=worthwhile)
            engine = {frozenset((one["a"], one["b"])): one["is_worthwhile"] for one in answer.document["contrasts"]}
            for one in answer.contrasts:
                assert is_settled(one, worthwhile) == engine[frozenset((one.a, one.b))]
