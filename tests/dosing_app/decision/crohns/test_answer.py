"""The answer of one patient is the engine's, in the order and the direction that it is read in."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import recommend
from dosing_app.decision.crohns.answer import compute_answer
from dosing_app.decision.crohns.case import class_ids, example_tree, inputs, studied
from dosing_app.decision.crohns.export import answer_csv, answer_json
from dosing_app.decision.crohns.what_if import if_changed, if_missing, low_and_high

NOTHING_KNOWN: dict[str, Any] = {"schema": "asuc-crohns-case/1"}


def engine(tree: dict[str, Any], uncertainty: Uncertainty) -> dict[str, Any]:
    models = shipped_models()
    return recommend(models, read_case(json.dumps(tree), models.config), uncertainty)


@pytest.mark.parametrize("uncertainty", Uncertainty)
@pytest.mark.parametrize("tree", [example_tree(), NOTHING_KNOWN, example_tree() | {"age_year": 22, "cdai": None}])
@pytest.mark.requirement("CD-03")
def test_the_figures_are_the_engines(tree: dict[str, Any], uncertainty: Uncertainty):
    document = engine(tree, uncertainty)
    answer = compute_answer(tree, uncertainty=uncertainty)

    assert answer.placebo == document["placebo"]["effect"]
    for one in answer.classes:
        of = document["classes"][one.id]
        assert (one.drug, one.expected, one.response) == (of["effect"], of["expected"], of["response100"])
        assert one.probability_first == of["probability_best"]
        assert one.expected == pytest.approx(answer.placebo + one.drug, abs=1e-9)
        assert one.interval[0] < one.expected < one.interval[1]
        assert list(one.interval) == of["interval_expected"]
        assert list(one.response_interval) == of["response100_interval"]
        assert list(one.remission_interval) == of["remission_interval"]
    assert [one.expected for one in answer.classes] == sorted((one.expected for one in answer.classes), reverse=True)
    assert {one.id for one in answer.classes} == set(class_ids())


def test_differences_are_those_of_the_greater_over_the_smaller():
    answer = compute_answer(example_tree() | {"age_year": 25})
    by_id = {one.id: one for one in answer.classes}

    assert len(answer.contrasts) == 3
    for one in answer.contrasts:
        assert one.difference == pytest.approx(by_id[one.a].drug - by_id[one.b].drug, abs=1e-9)
        assert one.difference >= 0.0
        assert one.interval[0] < one.difference < one.interval[1]
    found = {frozenset((one["a"], one["b"])): one for one in answer.document["contrasts"]}
    for one in answer.contrasts:
        of = found[frozenset((one.a, one.b))]
        width = of["interval"][1] - of["interval"][0]
        assert one.interval[1] - one.interval[0] == pytest.approx(width, rel=1e-12)
        assert one.p == of["p"]


@pytest.mark.parametrize(
    "taken_out", [["anti_il12_23"], ["anti_tnf"], ["anti_integrin", "anti_tnf"], list(class_ids())]
)
@pytest.mark.requirement("CD-03")
def test_a_class_that_was_taken_out_is_in_nothing(taken_out: list[str]):
    answer = compute_answer(example_tree() | {"unavailable": taken_out})
    left = set(class_ids()) - set(taken_out)

    assert {one.id for one in answer.classes} == left
    assert {name for one in answer.contrasts for name in (one.a, one.b)} <= left
    assert all(set(by_class) == left for by_class in answer.contributions.values())
    for groups in answer.labels.values():
        assert {name for group in groups for name in group} == left
    assert sum(one.probability_first for one in answer.classes) == pytest.approx(1.0 if left else 0.0, abs=1e-9)


@pytest.mark.requirement("CD-03")
def test_the_published_example_has_the_published_labels():
    answer = compute_answer(example_tree())

    first, *others = answer.labels[Uncertainty.DASHBOARD]
    assert first == ("anti_il12_23",)
    assert [set(group) for group in others] == [{"anti_integrin", "anti_tnf"}]


@pytest.mark.parametrize("tree", [example_tree(), example_tree() | {"crp_mg_per_L": None}, NOTHING_KNOWN])
def test_contributions_add_up_to_the_drug_part_but_for_the_intercept(tree: dict[str, Any]):
    models = shipped_models()
    answer = compute_answer(tree)

    for model in models.classes:
        intercept = float(model.estimate[0])
        moved = sum(by_class[model.id] for by_class in answer.contributions.values())
        drug = next(one.drug for one in answer.classes if one.id == model.id)
        assert intercept + moved == pytest.approx(drug, abs=1e-9)


@pytest.mark.requirement("CD-04")
def test_what_if_asks_the_engine_with_one_input_changed():
    tree = example_tree()
    answer = compute_answer(tree)

    changed = if_changed(answer)
    assert [one.input for one in changed] == [one.case for one in inputs()]
    for one in changed:
        assert one.value != tree[one.input]
        best = {
            name: of["probability_best"]
            for name, of in engine(tree | {one.input: one.value}, Uncertainty.COHERENT)["classes"].items()
        }
        assert one.probability_first == pytest.approx(best, abs=1e-12)
    for one in if_missing(answer):
        assert one.value is None
        classes = engine(tree | {one.input: None}, Uncertainty.COHERENT)["classes"]
        best = {name: of["probability_best"] for name, of in classes.items()}
        assert one.probability_first == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("uncertainty", [Uncertainty.PAPER, Uncertainty.DASHBOARD])
def test_what_if_follows_the_uncertainty(uncertainty: Uncertainty):
    answer = compute_answer(example_tree(), uncertainty=uncertainty)

    for one in (*if_changed(answer), *if_missing(answer)):
        classes = engine(example_tree() | {one.input: one.value}, uncertainty)["classes"]
        best = {name: of["probability_best"] for name, of in classes.items()}
        assert one.probability_first == pytest.approx(best, abs=1e-12)


def test_values_that_are_tried_are_usual_among_participants():
    tried = low_and_high()

    assert set(tried) == {"age_year", "bmi_kg_per_m2", "crp_mg_per_L", "cdai"}
    assert 18 < tried["age_year"][0] < 30
    assert 45 < tried["age_year"][1] < 65
    assert 200 < tried["cdai"][0] < 280
    assert 320 < tried["cdai"][1] < 450
    assert 0 < tried["crp_mg_per_L"][0] < 10 < tried["crp_mg_per_L"][1] < 100


def test_trials_behind_the_classes_are_the_publications():
    assert studied() == {"anti_il12_23": (3, 587), "anti_integrin": (3, 1818), "anti_tnf": (9, 1677)}


def test_what_is_not_known_is_not_varied():
    answer = compute_answer(example_tree() | {"crp_mg_per_L": None, "ileal": None})

    for variants in (if_changed(answer), if_missing(answer)):
        assert {"crp_mg_per_L", "ileal"}.isdisjoint(one.input for one in variants)
        assert len(variants) == len(inputs()) - 2


def test_exports_hold_every_figure_with_all_its_digits():
    answer = compute_answer(example_tree())
    rows = [line.split(",") for line in answer_csv(answer).splitlines()]

    assert rows[0] == ["table", "row", "figure", "value"]
    values = {(table, row, figure): value for table, row, figure, value in rows[1:]}
    for one in answer.classes:
        assert float(values["classes", one.id, "expected"]) == one.expected
        assert float(values["classes", one.id, "lower"]) == one.interval[0]
    for one in answer.contrasts:
        assert float(values["differences", f"{one.a} - {one.b}", "p"]) == one.p
    assert json.loads(answer_json(answer)) == answer.document


def test_a_bar_axis_holds_every_interval():
    from dosing_app.findings.crohns.bars import bar_axis  # noqa: PLC0415 - one layer above

    for age in (18, 45, 70, 99, 120):
        answer = compute_answer(example_tree() | {"age_year": age, "cdai": 50})
        low, high, ticks = bar_axis(answer)
        assert all(low <= end <= high for one in answer.classes for end in (*one.interval, one.expected))
        assert low <= 0.0 <= answer.threshold <= high
        assert 3 <= len(ticks) <= 13
        assert {round(b - a, 9) for a, b in pairwise(ticks)} == {ticks[1] - ticks[0]}
