"""The bars: both parts end where the sum is, in whichever direction they go."""

from __future__ import annotations

from typing import Any

import pytest

from dosing_app.decision.crohns.answer import CrohnsAnswer, compute_answer
from dosing_app.decision.crohns.case import example_tree
from dosing_app.ui.crohns.figure import bars_figure


def traces(answer: CrohnsAnswer) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in bars_figure(answer)["data"]}


@pytest.mark.parametrize("tree", [example_tree(), example_tree() | {"cdai": 40, "age_year": 105}])
def test_parts_end_at_the_sum_and_the_interval_lies_below(tree: dict[str, Any]):
    answer = compute_answer(tree)
    found = traces(answer)

    for one in answer.classes:
        placebo, drug, interval = (found[f"{part} {one.id}"] for part in ("placebo", "drug", "interval"))
        assert placebo["x"] == drug["base"] == [answer.placebo]
        assert drug["base"][0] + drug["x"][0] == pytest.approx(one.expected, abs=1e-9)
        assert found[f"sum {one.id}"]["x"] == [one.expected]
        assert interval["x"] == list(one.interval)
        assert interval["y"][0] < drug["y"][0]


def test_a_part_that_goes_back_hides_no_other():
    answer = compute_answer(example_tree() | {"cdai": 40, "age_year": 105})
    order = [trace["name"] for trace in bars_figure(answer)["data"]]
    found = traces(answer)

    assert answer.placebo < 0.0
    for one in answer.classes:
        placebo, drug = f"placebo {one.id}", f"drug {one.id}"
        is_back = one.drug > 0.0
        assert (order.index(placebo) > order.index(drug)) == is_back
        assert (found[placebo]["width"] < found[drug]["width"]) == is_back


def test_the_greatest_fall_is_on_top_and_the_axis_is_in_the_language():
    answer = compute_answer(example_tree())
    axis = bars_figure(answer)["layout"]["yaxis"]

    assert axis["ticktext"] == ["<b>Anti-IL-12/23</b>", "<b>Anti-integrin</b>", "<b>Anti-TNF</b>"]
    assert axis["tickvals"] == sorted(axis["tickvals"], reverse=True)
