"""Inputs of a patient from the tables of an OMOP database, by loops over whole tables: what the streamed reading is compared with.

Nothing here is shared with the package: SQLite's own module reads the file, ids and rules are written down once more.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_INGREDIENTS = {
    "tnf": [1119119, 937368, 912263],
    "il12": [40161532],
    "integrin": [735843, 45774639],
    "steroid": [1506270, 1550557, 1551099, 975125, 939259, 1115572],
    "immunomodulator": [19014878, 1436650, 1305058],
}
_TO_MG_PER_L = {8751: 1.0, 8840: 10.0}
_TO_KG = {9529: 1.0, 8739: 0.45359237}
_TO_METRES = {8582: 0.01, 9330: 0.0254}
_SYSTEMIC, _ELSEWHERE = {4132161, 4171047, 4142048}, {4290759, 4263689}
_FORMS_SYSTEMIC, _FORMS_ELSEWHERE = {2000003001, 2000003002}, {2000003003, 2000003004}


@dataclass
class Tables:
    """All tables of a file, grouped by person, and the concepts below each."""

    people: dict[int, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[int, list[dict[str, Any]]]] = field(default_factory=dict)
    below: dict[int, set[int]] = field(default_factory=dict)
    maps: dict[int, set[int]] = field(default_factory=dict)
    forms: dict[int, set[int]] = field(default_factory=dict)


def read_tables(file: Path) -> Tables:
    """Read everything."""
    found = Tables()
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    for row in connection.execute("SELECT * FROM person"):
        found.people[row["person_id"]] = dict(row)
    for table in ("observation_period", "condition_occurrence", "drug_exposure", "measurement"):
        by_person: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name from the line above
            by_person[row["person_id"]].append(dict(row))
        found.records[table] = by_person
    for ancestor, one in connection.execute("SELECT ancestor_concept_id, descendant_concept_id FROM concept_ancestor"):
        found.below.setdefault(ancestor, set()).add(one)
    for one, kind, other in connection.execute(
        "SELECT concept_id_1, relationship_id, concept_id_2 FROM concept_relationship"
    ):
        found.__dict__["maps" if kind == "Maps to" else "forms"].setdefault(one, set()).add(other)
    connection.close()
    return found


def plain_inputs(tables: Tables, person: int, index: date) -> dict[str, Any]:
    """Return what is compared: the case's values, with None for missing, and whether there is Crohn's disease."""
    who = tables.people[person]
    born_first = date(who["year_of_birth"], 1, 1) if who["year_of_birth"] <= index.year else date.min
    conditions = [
        _concepts(tables, row["condition_concept_id"], row["condition_source_concept_id"])
        for row in tables.records["condition_occurrence"][person]
        if _is_day(row["condition_start_date"], born_first, index)
    ]
    crohns = [one for one in conditions if one & tables.below[201606]]
    drugs = [
        (row, _concepts(tables, row["drug_concept_id"], row["drug_source_concept_id"]))
        for row in tables.records["drug_exposure"][person]
        if _is_day(row["drug_exposure_start_date"], born_first, index)
    ]
    since = _observed_since(tables, person, index)
    return {
        "has_crohns": bool(crohns),
        "age_year": _age(who, index),
        "sex": {8532: "female", 8507: "male"}.get(who["gender_concept_id"]),
        "bmi_kg_per_m2": _bmi(tables, person, index),
        "crp_mg_per_L": _latest(tables, person, index, {3020460, 46234770}, _TO_MG_PER_L, 90, (0, 1000)),
        "tnf_history": _tnf(tables, drugs, index, since),
        "steroid": _current(tables, drugs, "steroid", index, since),
        "immunomodulator": _current(tables, drugs, "immunomodulator", index, since),
        "ileal": _ileal(tables, crohns),
        "cdai": _latest(tables, person, index, {2000004001}, None, 30, (0, 1100)),
        "biologics": _biologics(tables, drugs),
    }


def _is_day(text: str | None, first: date, last: date) -> bool:
    return text is not None and first <= date.fromisoformat(text) <= last


def _concepts(tables: Tables, standard: int | None, source: int | None) -> set[int]:
    if standard:
        return {standard, *tables.maps.get(standard, set())}
    return {source, *tables.maps.get(source, set())} if source else set()


def _age(who: dict[str, Any], index: date) -> int | None:
    if who["birth_datetime"]:
        born = date.fromisoformat(who["birth_datetime"][:10])
    elif not who["month_of_birth"]:
        born = date(who["year_of_birth"], 7, 1)
    else:
        try:
            born = date(who["year_of_birth"], who["month_of_birth"], who["day_of_birth"])
        except (TypeError, ValueError):
            born = date(who["year_of_birth"], who["month_of_birth"], 15)
    if born > index:
        return None
    years = index.year - born.year
    return years - 1 if (born.month, born.day) > (index.month, index.day) else years


def _observed_since(tables: Tables, person: int, index: date) -> date | None:
    days: set[int] = set()
    for row in tables.records["observation_period"][person]:
        start, end = (row[f"observation_period_{side}_date"] for side in ("start", "end"))
        if start and end and start <= end:
            days |= set(range(date.fromisoformat(start).toordinal(), date.fromisoformat(end).toordinal() + 1))
    day = index.toordinal()
    if day not in days:
        return None
    while day - 1 in days:
        day -= 1
    return date.fromordinal(day)


def _has(tables: Tables, concepts: set[int], group: str) -> bool:
    return any(concepts & tables.below[one] for one in _INGREDIENTS[group])


def _tnf(tables: Tables, drugs: list[Any], index: date, since: date | None) -> bool | None:
    if any(
        _has(tables, concepts, "tnf") and date.fromisoformat(row["drug_exposure_start_date"]) < index
        for row, concepts in drugs
    ):
        return True
    return False if since is not None and index - since >= timedelta(days=365) else None


def _current(tables: Tables, drugs: list[Any], group: str, index: date, since: date | None) -> bool | None:
    is_unknown = False
    for row, concepts in drugs:
        if not _has(tables, concepts, group):
            continue
        start = date.fromisoformat(row["drug_exposure_start_date"])
        end = date.fromisoformat(row["drug_exposure_end_date"]) if row["drug_exposure_end_date"] else None
        if end is None or end < start:
            supply = row["days_supply"]
            end = start + timedelta(days=supply if supply and 0 < supply < 3_660 else 30)
        if not start <= index <= end:
            continue
        if group != "steroid" or row["route_concept_id"] in _SYSTEMIC:
            return True
        forms: set[int] = set().union(*(tables.forms.get(one, set()) for one in concepts))
        if row["route_concept_id"] not in _ELSEWHERE:
            if forms & _FORMS_SYSTEMIC:
                return True
            is_unknown |= not forms & _FORMS_ELSEWHERE
    return False if since is not None and not is_unknown else None


def _ileal(tables: Tables, crohns: list[set[int]]) -> bool | None:
    ileal = set().union(*(tables.below[one] for one in (4244235, 4055020, 195585, 195575)))
    colon = set().union(*(tables.below[one] for one in (4177488, 194684, 4242392)))
    if any(one & ileal for one in crohns):
        return True
    return False if any(one & colon for one in crohns) else None


def _latest(
    tables: Tables,
    person: int,
    index: date,
    concepts: set[int],
    factors: dict[int, float] | None,
    days: int | None,
    limits: tuple[float, float],
) -> float | None:
    usable: list[tuple[str, str, int, float]] = []
    first = date(1800, 1, 1) if days is None else index - timedelta(days=days - 1)
    for row in tables.records["measurement"][person]:
        if row["measurement_concept_id"] not in concepts or not _is_day(row["measurement_date"], first, index):
            continue
        factor = 1.0 if factors is None else factors.get(row["unit_concept_id"])
        if row["value_as_number"] is None or factor is None:
            continue
        value = row["value_as_number"] * factor
        if limits[0] <= value <= limits[1]:
            time = row["measurement_datetime"] or row["measurement_date"]
            usable.append((row["measurement_date"], time, row["measurement_id"], value))
    return max(usable)[-1] if usable else None


def _bmi(tables: Tables, person: int, index: date) -> float | None:
    direct = _latest(tables, person, index, {3038553}, {9531: 1.0}, 365, (8, 100))
    if direct is not None:
        return direct
    weight = _latest(tables, person, index, {3025315, 3013762}, _TO_KG, 365, (10, 500))
    height = _latest(tables, person, index, {3036277, 3023540}, _TO_METRES, 365, (0.5, 2.7))
    if height is None:
        grown = [
            row
            for row in tables.records["measurement"][person]
            if row["measurement_date"]
            and _age(tables.people[person], date.fromisoformat(row["measurement_date"])) is not None
            and (_age(tables.people[person], date.fromisoformat(row["measurement_date"])) or 0) >= 18
        ]
        only = Tables(records={"measurement": {person: grown}})
        height = _latest(only, person, index, {3036277, 3023540}, _TO_METRES, None, (0.5, 2.7))
    if weight is None or height is None:
        return None
    return weight / height**2 if 8 <= weight / height**2 <= 100 else None


def _biologics(tables: Tables, drugs: list[Any]) -> list[tuple[str, str]]:
    first: dict[str, str] = {}
    for row, concepts in drugs:
        for group in ("tnf", "il12", "integrin"):
            if _has(tables, concepts, group):
                day = row["drug_exposure_start_date"]
                first[group] = min(day, first.get(group, day))
    return sorted((day, group) for group, day in first.items())
