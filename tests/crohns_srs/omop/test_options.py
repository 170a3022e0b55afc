"""What counts as an input, by option."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crohns_srs.omop import PersonInputs, ReadOptions, read_people, read_vocabulary
from tests.crohns_srs.omop.databases import altered

if TYPE_CHECKING:
    from pathlib import Path

INDEX = date(2024, 6, 30)
ERA = "INSERT INTO drug_era VALUES (1, 2, 937368, '2019-01-01', '2019-03-01')"
GOLIMUMAB = "INSERT INTO drug_exposure (drug_exposure_id, person_id, drug_concept_id, drug_exposure_start_date) VALUES (9000, 2, 2000002004, '2019-01-01')"
HS_CRP = (
    "UPDATE measurement SET measurement_concept_id = 3010156 WHERE person_id = 2 AND measurement_concept_id = 3020460"
)
OBSERVED = "INSERT INTO observation (observation_id, person_id, observation_concept_id, observation_date, value_as_number, observation_source_value)"
CDAI = f"{OBSERVED} VALUES (1, 2, 0, '2024-06-29', 210, 'CDAI total')"
CDAI_TEXT = f"{OBSERVED} VALUES (2, 2, 0, '2024-06-30', NULL, 'CDAI total')"


@pytest.mark.parametrize(
    ("statements", "options", "key", "without", "expected"),
    [
        ((ERA,), {"drug_era": True}, "tnf_history", False, True),
        ((GOLIMUMAB,), {"golimumab": True}, "tnf_history", False, True),
        ((HS_CRP,), {"high_sensitivity": True}, "crp_mg_per_L", None, 31.0),
        ((), {"crp_days": 4}, "crp_mg_per_L", 31.0, None),  # drawn four days before, of which the fourth is no more
        ((), {"crp_days": 5}, "crp_mg_per_L", 31.0, 31.0),
        ((), {"bmi_days": 20}, "bmi_kg_per_m2", 24.5, None),
        ((), {"current_days": 60}, "steroid", False, True),  # ended 60 days before
        ((), {"current_days": 59}, "steroid", False, False),
        ((), {"history_days": 4001}, "tnf_history", False, None),
        ((), {"history_days": 4000}, "tnf_history", False, False),
        ((CDAI, CDAI_TEXT), {"cdai_sources": ("CDAI total",)}, "cdai", None, 210.0),
        ((), {"cdai_concepts": (2_000_004_001,)}, "cdai", None, 295.0),
        ((), {"cdai_concepts": (2_000_004_001,), "cdai_days": 3}, "cdai", None, None),
        ((), {"cdai_concepts": (2_000_004_001,), "cdai_days": 3, "assumed_cdai": 300.0}, "cdai", None, 300.0),
    ],
)
def test_an_option_changes_what_counts(
    demo_file: Path,
    tmp_path: Path,
    statements: tuple[str, ...],
    options: dict[str, Any],
    key: str,
    without: object,
    expected: object,
):
    database = altered(demo_file, tmp_path, *statements)
    assert read_people(database, [2], INDEX, ReadOptions())[0].case[key] == without
    assert read_people(database, [2], INDEX, ReadOptions(**options))[0].case[key] == expected


def test_golimumab_is_a_biologic_only_where_it_is_asked_for(demo_file: Path, tmp_path: Path):
    database = altered(demo_file, tmp_path, GOLIMUMAB)
    found = [read_people(database, [2], INDEX, ReadOptions(golimumab=asked))[0].biologics for asked in (False, True)]
    assert [[one.ingredient for one in each] for each in found] == [["ustekinumab"], ["golimumab", "ustekinumab"]]


def test_an_exposure_without_end_and_supply_lasts_as_long_as_is_said(demo_file: Path, tmp_path: Path):
    database = altered(demo_file, tmp_path, "UPDATE drug_exposure SET days_supply = NULL WHERE person_id = 1")
    uses = [read_people(database, [1], INDEX, ReadOptions(supply_days=days))[0].case["steroid"] for days in (14, 15)]
    assert uses == [False, True]  # begun 15 days before


def test_a_steroid_whose_way_is_not_known_is_neither_yes_nor_no(demo_file: Path, tmp_path: Path):
    unplaced = "UPDATE drug_exposure SET route_concept_id = 0, drug_concept_id = 1551099 WHERE person_id = 1 AND drug_concept_id = 2000002008"
    found = read_people(altered(demo_file, tmp_path, unplaced), [1], INDEX, ReadOptions())[0].values["steroid"]
    assert (found.value, found.how) == (None, "a steroid is current (drug_exposure 2) whose route is not known")


def test_a_vocabulary_can_be_kept(demo_file: Path, tmp_path: Path):
    database, options = altered(demo_file, tmp_path), ReadOptions()
    kept = read_vocabulary(database, options)

    def read(**more: Any) -> tuple[PersonInputs, ...]:
        return read_people(database, [1, 7], INDEX, options, **more)

    assert read() == read(vocabulary=kept)
