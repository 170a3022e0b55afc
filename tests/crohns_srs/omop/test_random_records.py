"""Records of every kind and every fault at random: what is read is what a plain reading of the tables finds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import create_engine

from crohns_srs.omop import KEYS, ReadOptions, open_database, read_vocabulary, stream_inputs
from crohns_srs.omop.demo import fill
from crohns_srs.omop.demo_vocabulary import vocabulary_rows
from crohns_srs.omop.tables import (
    CONDITION_OCCURRENCE,
    DRUG_EXPOSURE,
    MEASUREMENT,
    OBSERVATION_PERIOD,
    PERSON,
)
from tests.crohns_srs.omop.databases import of_its_own
from tests.oracles.omop_tables import plain_inputs, read_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Table

    from crohns_srs.omop import PersonInputs

INDEX = date(2024, 2, 29)
N_PEOPLE = 250
CONDITIONS = [
    201606,
    201606,
    4244235,
    4055020,
    195585,
    195575,
    4177488,
    194684,
    4242392,
    4210469,
    81893,
    0,
    2000001001,
    None,
]
CONDITION_CODES = [2000001001, 2000001002, 2000001003, 0, None]
DRUGS = [1119119, *range(2000002001, 2000002014), 1506270, 1436650, 0, 0, 2000002021, None]
DRUG_CODES = [2000002021, 2000002022, 0, None]
ROUTES = [4132161, 4171047, 4142048, 4290759, 4263689, 0, None]
MEASURED = [3038553, 3025315, 3013762, 3036277, 3023540, 3020460, 46234770, 3010156, 2000004001, 0]
UNITS = [8582, 9330, 9529, 8739, 9531, 8751, 8840, 8753, 8736, 0, None]
USUAL = {
    3038553: ([9531], [19.5, 31.0]),
    3025315: ([9529, 8739], [55.0, 140.0]),
    3013762: ([9529, 8739], [70.0, 210.0]),
    3036277: ([8582], [158.0, 181.0]),
    3023540: ([9330], [61.0, 72.5]),
    3020460: ([8751, 8840], [0.3, 4.4, 60.0]),
}
UNUSUAL = [None, -1.0, 0.0, 1.5, 22.0, 68.0, 180.0, 5000.0]


def random_rows(rng: np.random.Generator) -> Iterator[tuple[Table, dict[str, Any]]]:
    def one_of(values: list[Any]) -> Any:
        return values[int(rng.integers(len(values)))]

    def day(spread: int = 900) -> date | None:
        if rng.random() < 0.05:
            return None
        return INDEX - timedelta(days=int(rng.integers(-60, spread if rng.random() < 0.9 else 30_000)))

    for person in range(1, N_PEOPLE + 1):
        year = int(rng.integers(1930, 2009))
        row: dict[str, Any] = {"person_id": person, "gender_concept_id": one_of([8507, 8532, 8521, 0, None])}
        row |= {
            "year_of_birth": year,
            "month_of_birth": one_of([None, 0, 2, 12]),
            "day_of_birth": one_of([None, 29, 31, 7]),
        }
        if rng.random() < 0.3:
            row["birth_datetime"] = datetime(year, 2, 28 + (year % 4 == 0), 23, 59)  # noqa: DTZ001
        yield PERSON, row
        for _ in range(rng.integers(0, 4)):
            start = day()
            end = None if start is None else start + timedelta(days=int(rng.integers(-50, 700)))
            row = {"observation_period_start_date": start, "observation_period_end_date": end}
            yield OBSERVATION_PERIOD, {"person_id": person, **row}
        for _ in range(rng.integers(0, 4)):
            row = {"condition_concept_id": one_of(CONDITIONS), "condition_source_concept_id": one_of(CONDITION_CODES)}
            yield CONDITION_OCCURRENCE, {"person_id": person, "condition_start_date": day(), **row}
        for _ in range(rng.integers(0, 5)):
            start = day(120)
            row = {"drug_concept_id": one_of(DRUGS), "drug_source_concept_id": one_of(DRUG_CODES)}
            row |= {"route_concept_id": one_of(ROUTES), "days_supply": one_of([None, 0, -5, 14, 90, 100_000])}
            if start is not None and rng.random() < 0.6:
                row["drug_exposure_end_date"] = start + timedelta(days=int(rng.integers(-10, 100)))
            yield DRUG_EXPOSURE, {"person_id": person, "drug_exposure_start_date": start, **row}
        for _ in range(rng.integers(0, 15)):
            when = day(130)
            concept = one_of(MEASURED)
            units, values = USUAL.get(concept, (UNITS, [22.0])) if rng.random() < 0.6 else (UNITS, UNUSUAL)
            row = {
                "measurement_concept_id": concept,
                "unit_concept_id": one_of(units),
                "value_as_number": one_of(values),
            }
            if when is not None and rng.random() < 0.5:
                row["measurement_datetime"] = datetime.combine(when, datetime.min.time()).replace(
                    hour=int(rng.integers(24))
                )
            yield MEASUREMENT, {"person_id": person, "measurement_date": when, **row}


def everybody(url: str) -> list[PersonInputs]:
    database, options = open_database(url), ReadOptions(cdai_concepts=(2000004001,))
    vocabulary = read_vocabulary(database, options)
    return list(stream_inputs(database, vocabulary, range(1, N_PEOPLE + 1), INDEX, options))


def rows_of(seed: int) -> list[tuple[Table, dict[str, Any]]]:
    return [*vocabulary_rows(), *random_rows(np.random.default_rng(seed))]


@pytest.mark.requirement("OMOP-01")
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_input_is_that_of_a_plain_reading(tmp_path: Path, seed: int):
    file = tmp_path / "random.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    fill(engine, rows_of(seed))
    engine.dispose()
    read = everybody(str(file))
    tables = read_tables(file)
    n_known = dict.fromkeys(KEYS, 0)
    for one in read:
        expected = plain_inputs(tables, one.person_id, INDEX)
        for key in KEYS:
            found = one.case[key]
            assert (found is None) is (expected[key] is None), (one.person_id, key, one.values[key])
            near = pytest.approx(expected[key], rel=1e-12) if isinstance(found, float) else expected[key]
            assert found == near, (one.person_id, key, one.values[key])
            n_known[key] += found is not None
        assert (one.crohns_since is not None) is expected["has_crohns"], one.person_id
    assert min(n_known.values()) > 5


@pytest.mark.requirement("OMOP-02")
def test_postgresql_and_sqlite_give_the_same_answers(tmp_path: Path, server: str):
    file = tmp_path / "random.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    fill(engine, rows_of(5))
    engine.dispose()
    assert everybody(str(file)) == everybody(of_its_own(server, "random_records", rows_of(5)))
