"""Every document of the module has a JSON Schema in the documentation, and it is the one that the code makes."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from crohns_srs.data.config import config_bytes
from crohns_srs.data.schema import ConfigFile, config_json_schema
from crohns_srs.evaluation.schema import validation_json_schema
from crohns_srs.omop.schema import omop_cohort_json_schema, omop_json_schema
from crohns_srs.power.schema import power_json_schema
from crohns_srs.predict.subgroup_schema import subgroups_json_schema
from crohns_srs.srs.schema import bootstrap_json_schema, fit_json_schema
from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS: dict[str, Callable[[], str]] = {
    "asuc-crohns-bootstrap/1": bootstrap_json_schema,
    "asuc-crohns-config/1": config_json_schema,
    "asuc-crohns-fit/1": fit_json_schema,
    "asuc-crohns-omop-cohort/1": omop_cohort_json_schema,
    "asuc-crohns-omop/1": omop_json_schema,
    "asuc-crohns-power/1": power_json_schema,
    "asuc-crohns-subgroups/1": subgroups_json_schema,
    "asuc-crohns-validate/1": validation_json_schema,
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_of_the_documentation_is_generated(name: str):
    file = ROOT / "docs" / "schema" / f"{name.removeprefix('asuc-').replace('/', '-')}.schema.json"
    text = SCHEMAS[name]()
    assert file.read_text(encoding="utf-8") == text
    assert json.loads(text)["title"] == name


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_named_where_a_user_looks(name: str):
    pages = [one.read_text(encoding="utf-8") for one in (ROOT / "docs" / "how-to").glob("*.md")]
    assert any(f"schema/{name.removeprefix('asuc-').replace('/', '-')}.schema.json" in page for page in pages)


def test_the_shipped_configuration_follows_its_schema():
    told = tomllib.loads(config_bytes(None).decode())
    assert ConfigFile.model_validate(told).id == told["id"]
