"""Whatever is handed in as a bundle, it is read as a valid case or refused with sentences; nothing else happens."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dosing_app.decision.fhir_bundle import read_bundle
from dosing_app.decision.patient import read_case
from dosing_app.language import render
from pkpd.errors import InputError
from tests.dosing_app.decision.fhir_examples import (
    ALBUMIN,
    ANTIBODIES,
    CRP,
    LEVEL,
    WEIGHT,
    bundle,
    infusion,
    observation,
    patient,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "mg", "\ud800"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.sampled_from(
    [
        "2026-01-05T10:00:00+01:00",
        "2026-01-05",
        "2026-01-12T09:00:00Z",
        "2026-01-12",
        "2026-01-20T10:00:00",
        "2199-12-31",
        "2026",
    ]
)
NUMBERS = st.floats(-10, 6000) | st.integers(-1, 1000) | st.sampled_from([1e-320, 1e11, -1e-9, 0.1])
UNITS = st.sampled_from(["mg", "g", "mg/L", "ug/mL", "mg/dL", "g/L", "g/dL", "kg", "[lb_av]", "ng/mL", "cm", "", "{x}"])
COMPARATORS = st.sampled_from([None, "<", "<=", ">", ">="])


def is_read_or_refused(source: str | bytes) -> bool:
    """Return whether a document is either refused with sentences or read into what can be written and said."""
    try:
        reading = read_bundle(source)
    except InputError as error:
        return bool(error.problems) and all(problem.place and problem.message for problem in error.problems)
    read_case(reading.tree)
    json.dumps(reading.tree, allow_nan=False)
    return all(render(note, language) for note in reading.notes for language in ("en", "de"))


def parts_of(value: Any) -> list[tuple[Any, Any]]:
    """Return every container of a tree with each of its keys."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [pair for key, item in steps for pair in ((value, key), *parts_of(item))]


@st.composite
def changed_bundles(draw: st.DrawFn) -> str:
    """Return a valid bundle of which some elements are replaced, taken away or repeated."""
    tree: Any = json.loads(
        bundle(
            patient(),
            infusion(),
            infusion(
                "2026-01-12",
                None,
                dosage={
                    "rateRatio": {"numerator": {"value": 5, "unit": "mg"}, "denominator": {"value": 1, "unit": "min"}}
                },
            ),
            observation(LEVEL, 9.1, at="2026-01-08T10:00:00Z"),
            observation(CRP, 41, comparator="<"),
            {"resourceType": "Medication", "id": "m", "code": {"text": "infliximab"}},
        )
    )
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(parts_of(tree)))
        action = draw(st.sampled_from(["replace", "remove", "repeat"]))
        if action == "replace":
            container[key] = draw(ANYTHING)
        elif action == "remove":
            del container[key]
        elif isinstance(container, list):
            container.append(container[key])
        if not parts_of(tree):
            break
    return json.dumps(tree)


@settings(deadline=None, max_examples=400)
@given(changed_bundles())
def test_a_changed_bundle_is_read_or_refused(source: str):
    assert is_read_or_refused(source)


@settings(deadline=None, max_examples=200)
@given(ANYTHING)
def test_any_json_is_read_or_refused(value: object):
    assert is_read_or_refused(json.dumps(value))
    assert is_read_or_refused(json.dumps({"resourceType": "Bundle", "entry": value}))
    assert is_read_or_refused(json.dumps({"resourceType": "Bundle", "entry": [{"resource": value}]}))


@settings(deadline=None, max_examples=200)
@given(st.text() | st.binary())
def test_any_text_is_read_or_refused(source: str | bytes):
    assert is_read_or_refused(source)


@st.composite
def plausible_bundles(draw: st.DrawFn) -> str:
    """Return a bundle of well-formed resources with values that may be anything."""
    infusions = [
        infusion(draw(TIMES), draw(TIMES | st.none()), mg=draw(NUMBERS)) for _ in range(draw(st.integers(0, 3)))
    ]
    codes = st.sampled_from([LEVEL, CRP, ALBUMIN, WEIGHT, ANTIBODIES])
    observations = [
        observation(draw(codes), draw(NUMBERS), draw(UNITS), at=draw(TIMES), comparator=draw(COMPARATORS))
        for _ in range(draw(st.integers(0, 6)))
    ]
    return bundle(infusion(), *infusions, *observations)


@settings(deadline=None, max_examples=400)
@given(plausible_bundles())
def test_a_plausible_bundle_is_read_or_refused(source: str):
    assert is_read_or_refused(source)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(TIMES, st.floats(0.1, 50)), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_resources_does_not_matter(levels: list[tuple[str, float]], random: Any):
    resources = [infusion(), *(observation(LEVEL, value, at=at) for at, value in levels)]
    shuffled = random.sample(resources, len(resources))

    def result(order: list[Any]) -> object:
        try:
            return read_bundle(bundle(*order)).tree
        except InputError as error:
            return len(error.problems)

    assert result(resources) == result(shuffled)
