"""The page on patient cases says what the reader does."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from dosing_app.decision import case_schema
from dosing_app.decision.case_fields import Part
from dosing_app.decision.patient import read_case
from pkpd.errors import InputError
from tests.docs.pages import ROOT, blocks, page

PAGE = page("docs/how-to/patient-case.md")
VALID: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
    "doses": [{"time_day": 0, "amount_mg": 600}, {"time_day": 7, "amount_mg": 600}],
    "planned": [{"time_day": 14, "amount_mg": 600}],
    "samples": [{"time_day": 13.9, "concentration_mg_per_L": 9.1, "lloq_mg_per_L": 0.4, "uloq_mg_per_L": 20}],
    "now_day": 14,
}
SAMPLE = VALID["samples"][0]
LATE = [{"time_day": 2, "amount_mg": 600}]
REFUSED: list[dict[str, Any]] = [
    {"dose": []},
    {"schema": "asuc-case/2"},
    {"covariates": {"weight_kg": "63"}},
    {"doses": [{"time_day": 0, "amount_mg": float("nan")}]},
    {"covariates": {"albumin_g_per_L": 3.1}},
    {"doses": []},
    {"doses": [{"time_day": 7, "amount_mg": 600}, {"time_day": 0, "amount_mg": 600}]},
    {"samples": [SAMPLE, SAMPLE]},
    {"doses": LATE, "samples": [{"time_day": 1, "concentration_mg_per_L": 9}]},
    {"now_day": 10},
    {"planned": [{"time_day": 12, "amount_mg": 600}]},
    {"samples": [{"time_day": 13.9}]},
    {"samples": [{"time_day": 13.9, "censored": "below"}]},
    {"samples": [{"time_day": 13.9, "concentration_mg_per_L": 25, "uloq_mg_per_L": 20}]},
    {"limits": {"weekdays_allowed": ["Mon"]}},
    {"model": "zhao_2026_pediatric", "samples": [{**SAMPLE, "assay": "foo"}]},
    {"covariates_over_time": [{"time_day": 5, "crp_mg_per_L": 80}]},
    {"covariates": {"weight_kg": 63, "fat_free_mass_kg": 80}},
]
WRITTEN = ['{"schema": "asuc-case/1",}', '{"schema": "asuc-case/1", "schema": "asuc-case/1"}']


@pytest.mark.parametrize("example", blocks(PAGE, "json"))
def test_an_example_case_is_read(example: str):
    assert read_case(example).doses


def test_the_python_example_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(blocks(PAGE, "python")[0], {})  # noqa: S102 (our own documentation)
    assert capsys.readouterr().out.splitlines() == ["63.0 13.75 3.0", '{"schema": "asuc-case/1",']


def test_the_page_names_every_key():
    parts = [part for part in vars(case_schema).values() if isinstance(part, type) and issubclass(part, Part)]
    missing = {key for part in parts for key in part.known_keys() if f"`{key}`" not in PAGE and f'"{key}"' not in PAGE}
    assert not missing


def test_the_page_states_the_defaults():
    limits, target = case_schema.CaseLimits(), case_schema.CaseTarget()
    for key in ("mg_per_kg_max", "gap_day_min", "doses_max_28_day"):
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{key}`"))
        assert float(row.split("|")[-2]) == getattr(limits, key)
    assert (limits.vial_mg, limits.dose_step_mg, limits.reference) == (100, 100, "planned")
    assert (target.risk_day90, target.confidence, target.criterion) == (0.2, 0.5, "posterior")


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: json.dumps(change)[:40])
def test_a_message_on_the_page_is_what_the_reader_says(change: dict[str, Any]):
    with pytest.raises(InputError) as caught:
        read_case(deepcopy(VALID) | change)
    assert f"`{caught.value.problems[0]}`" in PAGE


@pytest.mark.parametrize("text", WRITTEN)
def test_a_message_on_the_page_about_the_writing_is_what_the_reader_says(text: str):
    with pytest.raises(InputError) as caught:
        read_case(text)
    assert f"`{caught.value.problems[0]}`" in PAGE


def test_no_message_on_the_page_is_without_a_test():
    table = PAGE.split("| family | example of a message |")[1].split("\n\n")[0]
    assert len(table.strip().splitlines()) - 1 == len(REFUSED) + len(WRITTEN)
