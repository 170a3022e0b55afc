"""The schemas of documentation are those of the documents."""

from __future__ import annotations

import json

import pytest

from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import Choices, recommend
from crohns_srs.predict.schema import CrohnsAnswer, answer_json_schema, case_json_schema
from tests.asuc.shell import ROOT
from tests.crohns_srs.predict.cases import FIGURE_3, case_text

MODELS = shipped_models()


def test_the_schemas_of_the_documentation_are_generated():
    folder = ROOT / "docs" / "schema"
    assert (folder / "crohns-1.schema.json").read_text(encoding="utf-8") == answer_json_schema()
    assert (folder / "crohns-case-1.schema.json").read_text(encoding="utf-8") == case_json_schema(MODELS.config)


@pytest.mark.parametrize("uncertainty", [*Uncertainty])
@pytest.mark.parametrize(
    "text",
    [
        case_text(),
        case_text(crp_mg_per_L=0.1, sex=None),
        '{"schema": "asuc-crohns-case/1"}',
        case_text(unavailable=["anti_tnf", "anti_integrin", "anti_il12_23"]),
    ],
)
@pytest.mark.requirement("BAD-02")
def test_every_answer_is_as_its_schema_says(uncertainty: Uncertainty, text: str):
    found = recommend(MODELS, read_case(text, MODELS.config), Choices(uncertainty))
    again = json.loads(json.dumps(found, allow_nan=False))
    assert CrohnsAnswer.model_validate(again, strict=True).label == found["label"]


def test_the_keys_of_a_case_are_those_that_are_read():
    schema = json.loads(case_json_schema(MODELS.config))
    assert set(FIGURE_3) <= set(schema["properties"])
    assert schema["properties"]["sex"]["enum"] == ["female", "male", None]
    assert schema["properties"]["cdai"]["maximum"] == 1100.0
