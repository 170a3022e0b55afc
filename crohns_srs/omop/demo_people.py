"""Invented people of the demonstration database: a few with one difficulty each, and as many drawn ones as are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crohns_srs.omop.tables import (
    CONDITION_OCCURRENCE,
    DRUG_EXPOSURE,
    MEASUREMENT,
    OBSERVATION_PERIOD,
    PERSON,
)
from crohns_srs.omop.vocabulary import FEMALE, MALE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from sqlalchemy import Table

    Row = tuple[Table, dict[str, Any]]

DEMO_INDEX = date(2024, 6, 30)
"""Index date that the demonstration is made for."""
CDAI_CONCEPT = 2_000_004_001
"""Concept of the CDAI in it, which is one of a site's own."""
_KG, _CM, _POUND, _INCH, _KG_PER_M2 = 9529, 8582, 8739, 9330, 9531
_MG_PER_L, _MG_PER_DL, _MMOL_PER_L, _NMOL_PER_L = 8751, 8840, 8753, 8736
_ORAL, _INTRAVENOUS, _SUBCUTANEOUS, _RECTAL, _TOPICAL = 4132161, 4171047, 4142048, 4290759, 4263689
_BMI, _WEIGHT, _HEIGHT, _CRP, _CRP_AMOUNT = 3038553, 3025315, 3036277, 3020460, 46234770
_INFLIXIMAB, _ADALIMUMAB, _CERTOLIZUMAB, _USTEKINUMAB, _NATALIZUMAB, _VEDOLIZUMAB = (
    2_000_002_002,
    2_000_002_001,
    2_000_002_003,
    2_000_002_005,
    2_000_002_006,
    2_000_002_007,
)
_PREDNISONE, _BUDESONIDE, _FOAM, _CREAM, _AZATHIOPRINE = (
    2_000_002_008,
    2_000_002_009,
    2_000_002_010,
    2_000_002_011,
    2_000_002_012,
)
_CROHNS, _ILEUM, _BOTH, _COLON, _COLITIS = 201606, 4244235, 195575, 4177488, 81893
_CODE_SMALL, _PACKAGE = 2_000_001_001, 2_000_002_021
_BELOW = 4171756


@dataclass(frozen=True, slots=True)
class _Of:
    """Rows of one person; days are counted back from the index date of the demonstration."""

    person: int

    def is_born(self, year: int, gender: int, **more: object) -> Row:
        row: dict[str, Any] = {"person_id": self.person, "gender_concept_id": gender, "year_of_birth": year}
        return PERSON, {**row, "person_source_value": f"demo-{self.person}", **more}

    def observed(self, since: int, until: int = 0) -> Row:
        row = {"observation_period_start_date": _back(since), "observation_period_end_date": _back(until)}
        return OBSERVATION_PERIOD, {"person_id": self.person, **row}

    def ill(self, concept: int, ago: int | None, **more: object) -> Row:
        row: dict[str, Any] = {
            "person_id": self.person,
            "condition_concept_id": concept,
            "condition_start_date": _back(ago),
        }
        return CONDITION_OCCURRENCE, {**row, **more}

    def took(self, concept: int, ago: int, until: int | None = None, route: int = 0, **more: object) -> Row:
        row: dict[str, Any] = {
            "person_id": self.person,
            "drug_concept_id": concept,
            "drug_exposure_start_date": _back(ago),
        }
        return DRUG_EXPOSURE, {**row, "drug_exposure_end_date": _back(until), "route_concept_id": route, **more}

    def measured(self, concept: int, ago: int, value: float | None, unit: int = 0, **more: object) -> Row:
        day = _back(ago)
        row: dict[str, Any] = {"person_id": self.person, "measurement_concept_id": concept, "measurement_date": day}
        return MEASUREMENT, {**row, "value_as_number": value, "unit_concept_id": unit, **more}


def _back(days: int | None) -> date | None:
    return None if days is None else DEMO_INDEX - timedelta(days=days)


def told_people() -> Iterator[Row]:
    """Yield the rows of the people with one difficulty each; docs/how-to/omop.md says which."""
    yield from _complete(1)
    yield from _complete(2)
    one = _Of(3)  # nothing but a diagnosis, without observation
    yield one.is_born(1960, 0, gender_source_value="U")
    yield one.ill(_CROHNS, 400)
    one = _Of(4)  # no Crohn's disease
    yield from (one.is_born(1970, FEMALE), one.observed(2000), one.ill(_COLITIS, 300))
    one = _Of(5)  # units: pounds and inches, CRP in mg/dL; a newer CRP in mmol/L is refused
    yield from (one.is_born(1985, MALE, month_of_birth=2, day_of_birth=29), one.observed(3000), one.ill(_COLON, 900))
    yield from (one.measured(_WEIGHT, 30, 176.0, _POUND), one.measured(_HEIGHT, 4000, 70.0, _INCH))
    yield from (one.measured(_CRP, 40, 1.2, _MG_PER_DL), one.measured(_CRP, 10, 14.0, _MMOL_PER_L))
    one = _Of(6)  # CRP below the limit, and several on a day; the day of birth alone by its year
    yield from (one.is_born(1974, FEMALE), one.observed(3000), one.ill(_BOTH, 900))
    yield one.measured(_CRP, 5, 9.0, _MG_PER_L, measurement_datetime=_at(5, 8))
    yield one.measured(_CRP, 5, 5.0, _MG_PER_L, measurement_datetime=_at(5, 17), operator_concept_id=_BELOW)
    one = _Of(7)  # source concepts alone: the diagnosis and the drug have concept 0
    yield from (one.is_born(1990, FEMALE), one.observed(2500))
    yield one.ill(0, 700, condition_source_concept_id=_CODE_SMALL, condition_source_value="K50.00")
    yield one.took(0, 600, 600, _INTRAVENOUS, drug_source_concept_id=_PACKAGE, drug_source_value="package")
    one = _Of(8)  # exposures: on the index date, an end before the start, local steroids, one of unknown route
    yield from (one.is_born(1958, FEMALE), one.observed(2500), one.ill(_ILEUM, 800))
    yield one.took(_INFLIXIMAB, 0, 0, _INTRAVENOUS)
    yield one.took(_AZATHIOPRINE, 20, 50, _ORAL, days_supply=90)
    yield from (one.took(_FOAM, 10, None, _RECTAL, days_supply=30), one.took(_CREAM, 10, None))
    one = _Of(9)  # a steroid by the form of the drug alone; observed for half a year
    yield from (
        one.is_born(2000, MALE),
        one.observed(180),
        one.ill(_ILEUM, 100),
        one.took(_BUDESONIDE, 40, None, days_supply=56),
    )
    one = _Of(10)  # dates: before birth, after the index date, and none
    yield from (
        one.is_born(1995, MALE),
        one.observed(2500),
        one.ill(_CROHNS, 12_000),
        one.ill(_ILEUM, -30),
        one.ill(_COLON, 50),
    )
    yield from (
        one.measured(_CRP, -3, 80.0, _MG_PER_L),
        one.measured(_CRP, 80, None, _MG_PER_L),
        one.took(_INFLIXIMAB, -7, -7),
    )
    one = _Of(11)  # born after the index date
    yield from (one.is_born(2025, FEMALE), one.observed(100), one.ill(_CROHNS, 50))
    one = _Of(12)  # amount of substance, and values that are not possible
    yield from (one.is_born(1968, MALE), one.observed(100, 30), one.ill(_CROHNS, 60))
    yield from (
        one.measured(_CRP_AMOUNT, 20, 90.0, _NMOL_PER_L),
        one.measured(_BMI, 20, 260.0, _KG_PER_M2),
        one.measured(_BMI, 10, 26.0),
    )


def drawn_people(n: int, rng: np.random.Generator, first: int) -> Iterator[Row]:
    """Yield the rows of drawn people, most of them with Crohn's disease.

    Parameters
    ----------
    n : int
        How many.
    rng : Generator
        Of all draws.
    first : int
        Id of the first.
    """
    for person in range(first, first + n):
        yield from _drawn(_Of(person), rng)


def _complete(person: int) -> Iterator[Row]:
    """Yield somebody of whom everything is known: a woman whom the published models expect most of anti-IL-12/23 for, and a young man."""
    one, is_first = _Of(person), person == 1
    birth = datetime(1954, 1, 2, 6, 30) if is_first else datetime(1996, 7, 1)  # noqa: DTZ001
    yield one.is_born(birth.year, FEMALE if is_first else MALE, birth_datetime=birth)
    yield from (one.observed(4000), one.ill(_COLON if is_first else _ILEUM, 3000))
    yield one.took(_INFLIXIMAB if is_first else _USTEKINUMAB, 1200, 700, _INTRAVENOUS)
    yield one.took(_PREDNISONE, 15, None, _ORAL, days_supply=30) if is_first else one.took(_PREDNISONE, 90, 60, _ORAL)
    yield from () if is_first else (one.took(_AZATHIOPRINE, 100, -10, _ORAL),)
    yield one.measured(_BMI, 20, 22.0 if is_first else 24.5, _KG_PER_M2)
    yield one.measured(_CRP, 4, 8.73 if is_first else 31.0, _MG_PER_L)
    yield one.measured(CDAI_CONCEPT, 3, 348.0 if is_first else 295.0)


def _at(ago: int, hour: int) -> datetime:
    return datetime.combine(DEMO_INDEX - timedelta(days=ago), datetime.min.time()).replace(hour=hour)


_PLACES = (_CROHNS, _ILEUM, _BOTH, _COLON)
_FIRST_BIOLOGICS = (_INFLIXIMAB, _ADALIMUMAB, _CERTOLIZUMAB, _USTEKINUMAB, _NATALIZUMAB, _VEDOLIZUMAB)
_SHARES = (0.3, 0.35, 0.05, 0.15, 0.01, 0.14)


def _drawn(one: _Of, rng: np.random.Generator) -> Iterator[Row]:
    draw = rng.random(8)
    age = int(rng.integers(18, 86))
    sex = FEMALE if draw[0] < 0.53 else MALE if draw[0] < 0.99 else 0
    month, day = int(rng.integers(1, 13)), int(rng.integers(1, 29))
    yield one.is_born(DEMO_INDEX.year - age, sex, month_of_birth=month, day_of_birth=day)
    seen = int(rng.integers(100, 4000))
    yield one.observed(seen, 0 if draw[1] < 0.95 else 60)
    if draw[2] >= 0.95:
        yield one.ill(_COLITIS, seen)
        return
    for place in rng.choice(4, size=2, p=(0.4, 0.3, 0.15, 0.15)):
        yield one.ill(_PLACES[int(place)], int(rng.integers(0, seen)))
    if draw[3] < 0.4:
        for which in rng.choice(6, size=int(rng.integers(1, 3)), replace=False, p=_SHARES):
            yield one.took(_FIRST_BIOLOGICS[int(which)], int(rng.integers(0, seen)))
    if draw[4] < 0.3:
        ago = int(rng.integers(0, 120))
        yield one.took(_PREDNISONE, ago, ago - int(rng.integers(5, 60)), _ORAL)
    if draw[5] < 0.35:
        yield one.took(_AZATHIOPRINE, int(rng.integers(0, 400)), None, _ORAL, days_supply=90)
    if draw[6] < 0.9:
        yield one.measured(_HEIGHT, int(rng.integers(0, 2000)), round(float(rng.normal(168.0, 9.0)), 1), _CM)
        weights = rng.normal(74.0, 15.0, size=2).clip(40.0, 150.0)
        yield from (one.measured(_WEIGHT, int(rng.integers(0, 500)), round(float(kg), 1), _KG) for kg in weights)
    if draw[7] < 0.8:
        levels = rng.lognormal(2.2, 1.1, size=2)
        yield from (one.measured(_CRP, int(rng.integers(0, 200)), round(float(of), 1), _MG_PER_L) for of in levels)
