"""Whatever comes in, the reader gives a case without NaN or says what is wrong, and nothing else ever happens."""

from __future__ import annotations

import copy
import json
import math
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dosing_app.decision.case_schema import COVARIATE_NAMES, PARTS
from dosing_app.decision.patient import PatientCase, read_case, to_json
from pkpd.errors import InputError

KEYS = sorted({key for part in PARTS.values() for key in part.known_keys()})
WORDS = ["asuc-case/1", "niyigena_2026_asuc", "male", "CD", "above", "below", "Mon", "2026-01-05", "label", "plug_in"]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**310)
    | st.floats()
    | st.floats(min_value=0, max_value=100)
    | st.sampled_from(WORDS)
    | st.text(st.characters(codec=None), max_size=8)
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(st.characters(codec=None), max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)


def check(source: Any) -> PatientCase | None:
    """Read a source and hold the reader to its promise."""
    try:
        case = read_case(source)
    except InputError as error:
        problems = error.problems
    else:
        assert all(math.isfinite(number) for number in numbers(case.model_dump()))
        assert read_case(to_json(case)) == case
        return case
    assert problems
    for problem in problems:
        assert problem.place
        assert problem.message
        assert "\n" not in str(problem)
        str(problem).encode("utf-8")
    return None


def numbers(tree: Any) -> list[float]:
    """Return every number in a tree."""
    if isinstance(tree, dict):
        return [number for item in tree.values() for number in numbers(item)]
    if isinstance(tree, list | tuple):
        return [number for item in tree for number in numbers(item)]
    return [tree] if isinstance(tree, int | float) else []


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid case."""
    quarter_days = st.integers(0, 400).map(lambda quarters: quarters / 4)
    amount = st.floats(min_value=1e-3, max_value=5000)

    def optional(**strategies: st.SearchStrategy[Any]) -> dict[str, Any]:
        return draw(st.fixed_dictionaries({}, optional=strategies))

    def dose(time: float) -> dict[str, Any]:
        hours = st.floats(min_value=0, max_value=24, exclude_min=True)
        return {"time_day": time, "amount_mg": draw(amount)} | optional(duration_hour=hours)

    def sample(time: float) -> dict[str, Any]:
        lower, level, upper = sorted(draw(st.tuples(*[st.floats(min_value=1e-6, max_value=1e4)] * 3)))
        kinds: list[dict[str, Any]] = [
            {"concentration_mg_per_L": level},
            {"censored": "below", "lloq_mg_per_L": lower},
            {"censored": "above", "uloq_mg_per_L": upper},
        ]
        return {"time_day": time} | draw(st.sampled_from(kinds)) | optional(exclude=st.just("line"), assay=st.just("A"))

    given_times = sorted(draw(st.sets(quarter_days, min_size=1, max_size=5)))
    sample_times = sorted(draw(st.sets(quarter_days.map(lambda time: given_times[0] + 0.1 + time), max_size=5)))
    now = max(given_times + sample_times) + draw(st.floats(min_value=0, max_value=10))
    planned_times = sorted({now + 0.1 + draw(quarter_days) for _ in range(draw(st.integers(0, 3)))})
    covariates = optional(
        weight_kg=st.floats(min_value=40, max_value=300),
        crp_mg_per_L=st.floats(min_value=0, max_value=1000, exclude_min=True),
        albumin_g_per_L=st.floats(min_value=5, max_value=70),
        sex=st.sampled_from(["male", "female"]),
        ada_positive=st.booleans(),
        mayo=st.integers(1, 3),
    )
    return {
        "schema": "asuc-case/1",
        "covariates": covariates,
        "doses": [dose(time) for time in given_times],
        "samples": [sample(time) for time in sample_times],
        "planned": [dose(time) for time in planned_times],
        "now_day": now,
    } | optional(
        label=st.text(st.characters(codec="utf-8"), max_size=20),
        start_date=st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)).map(str),
        heart_failure=st.none() | st.booleans(),
        target=st.fixed_dictionaries({}, optional={"risk_day90": st.floats(0.001, 0.999)}),
        limits=st.fixed_dictionaries(
            {}, optional={"gap_day_min": st.floats(0.01, 365), "days_allowed": st.lists(quarter_days, min_size=1)}
        ),
    )


@given(cases())
def test_written_case_reads_back_as_the_same_case_with_every_value_as_given(case: dict[str, Any]) -> None:
    read = check(json.dumps(case))
    assert read is not None
    written = json.loads(to_json(read))
    assert written == {key: value for key, value in case.items() if value is not None}


@pytest.mark.requirement("DOSE-04", "BAD-01")
@given(cases(), st.data())
def test_damaged_case_is_read_or_refused(case: dict[str, Any], data: st.DataObject) -> None:
    damaged = copy.deepcopy(case)
    for _ in range(data.draw(st.integers(1, 4))):
        _damage(damaged, data)
    assert check(damaged) == check(json.dumps(damaged))


def _damage(tree: Any, data: st.DataObject) -> None:
    """Replace, remove, add or repeat something somewhere."""
    while True:
        steps = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not steps:
            return
        step = data.draw(st.sampled_from(steps))
        if isinstance(tree[step], dict | list) and tree[step] and data.draw(st.booleans()):
            tree = tree[step]
            continue
        match data.draw(st.sampled_from(["replace", "remove", "add", "repeat"])):
            case "replace":
                tree[step] = data.draw(trees)
            case "remove":
                del tree[step]
            case "add" if isinstance(tree, dict):
                tree[data.draw(st.sampled_from(KEYS) | st.text(max_size=3))] = data.draw(trees)
            case _:
                if isinstance(tree, list):
                    tree.append(copy.deepcopy(tree[step]))
        return


@given(trees)
@example({"schema": "asuc-case/1", "covariates": {"weight_kg": [1]}, "doses": [{"time_day": []}]})
def test_any_json_is_read_or_refused(tree: Any) -> None:
    assert check(tree) == check(json.dumps(tree))


@given(st.dictionaries(st.sampled_from(list(PARTS) + KEYS), trees))
def test_any_tree_of_known_keys_is_read_or_refused(tree: dict[str, Any]) -> None:
    case = {"schema": "asuc-case/1"} | tree
    assert check(case) == check(json.dumps(case))


@given(st.lists(st.dictionaries(st.sampled_from(["time_day", *COVARIATE_NAMES]), scalars), min_size=1, max_size=3))
def test_any_covariates_are_read_or_refused(rows: list[dict[str, Any]]) -> None:
    doses = [{"time_day": 0, "amount_mg": 600}]
    case = {"schema": "asuc-case/1", "covariates": rows[0], "covariates_over_time": rows[1:], "doses": doses}
    assert check(case) == check(json.dumps(case))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_case_are_refused(content: bytes) -> None:
    assert check(content) is None


@given(cases(), st.data())
def test_case_with_damaged_bytes_is_read_or_refused(case: dict[str, Any], data: st.DataObject) -> None:
    content = bytearray(json.dumps(case).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        text = bytes(content).decode()
    except UnicodeDecodeError:
        assert check(bytes(content)) is None
    else:
        assert check(bytes(content)) == check(text)


@given(st.text(st.characters(codec=None), max_size=100))
def test_text_that_is_no_case_is_refused(text: str) -> None:
    assert check(text) is None
