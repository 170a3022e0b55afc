"""Tables of documents: every number as it is there, and no table of an earlier run."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from asuc.cli.result_tables import write_entries, write_search

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_parts_of_an_entry_are_columns_and_what_is_not_there_is_empty(tmp_path: Path):
    entries = [
        (("a",), {"n": 3, "fixed": False, "bias": {"value": 0.25, "low": None}, "list": [1, 2]}),
        (
            ("b",),
            {"n": 4, "fixed": True, "bias": {"value": 1.0, "low": 0.5}, "end": {"status": "found", "x": {"y": 7}}},
        ),
    ]
    write_entries(tmp_path / "t.csv", ("name",), entries)
    assert rows_of(tmp_path / "t.csv") == [
        {"name": "a", "n": "3", "fixed": "0", "bias": "0.25", "bias_low": "", "end_status": "", "end_x_y": ""},
        {"name": "b", "n": "4", "fixed": "1", "bias": "1.0", "bias_low": "0.5", "end_status": "found", "end_x_y": "7"},
    ]


def test_without_an_entry_there_is_no_table(tmp_path: Path):
    (tmp_path / "t.csv").write_text("of an earlier run", encoding="utf-8")
    write_entries(tmp_path / "t.csv", ("name",), ())
    assert not (tmp_path / "t.csv").exists()


def test_the_final_model_of_a_search_names_the_effect_of_each_coefficient(tmp_path: Path):
    (tmp_path / "full.csv").write_text("of an earlier run", encoding="utf-8")
    effect = {"parameter": "cl", "covariate": "crp_mg_per_L", "form": "power", "reference": 30.0}
    document = {
        "base": {"estimates": {"cl": 0.5, "v": 11.0}},
        "final": {
            "effects": [effect | {"coefficients": {"cl_crp_mg_per_L": 0.2}}],
            "estimates": {"cl": 0.4, "v": 12.0, "cl_crp_mg_per_L": 0.2},
        },
    }
    write_search(tmp_path, document)
    found, v, coefficient = rows_of(tmp_path / "final.csv")
    assert [found[name] for name in ("parameter", "estimate", "base_estimate", "effect_form")] == [
        "cl",
        "0.4",
        "0.5",
        "",
    ]
    assert (v["estimate"], v["base_estimate"]) == ("12.0", "11.0")
    assert coefficient == {
        "parameter": "cl_crp_mg_per_L",
        "estimate": "0.2",
        "base_estimate": "",
        "effect_parameter": "cl",
        "effect_covariate": "crp_mg_per_L",
        "effect_form": "power",
        "effect_reference": "30.0",
    }
    assert not (tmp_path / "full.csv").exists()
