"""Whom a database knows with Crohn's disease: the list that a person is picked from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import String, cast, func, or_, select

from crohns_srs.omop.options import ReadOptions
from crohns_srs.omop.records import with_crohns
from crohns_srs.omop.tables import PERSON
from crohns_srs.omop.vocabulary import FEMALE, MALE, read_vocabulary

if TYPE_CHECKING:
    from crohns_srs.omop.database import Database

_SEXES = {FEMALE: "female", MALE: "male"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A person of the list.

    Parameters
    ----------
    person_id : int
        Who.
    sex : str or None
        "female", "male" or not known.
    year_of_birth : int or None
        As recorded.
    """

    person_id: int
    sex: str | None
    year_of_birth: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of the list.

    Parameters
    ----------
    people : tuple of Listed
        In the order of their ids.
    n_found : int
        How many the search found.
    """

    people: tuple[Listed, ...]
    n_found: int


def people(database: Database, search: str = "", limit: int = 50) -> Listing:
    """Return persons with a record of Crohn's disease.

    Parameters
    ----------
    database : Database
        Where from.
    search : str
        Beginning of the id, or the whole source value of the person, which is never shown; empty for everybody.
    limit : int
        How many at most.

    Raises
    ------
    InputError
        Where the database does not answer.
    """
    chosen = PERSON.c.person_id.in_(with_crohns(read_vocabulary(database, ReadOptions())))
    if wanted := search.strip():
        by_id = cast(PERSON.c.person_id, String(20)).startswith(wanted, autoescape=True)
        chosen &= or_(by_id, PERSON.c.person_source_value == wanted)
    query = select(PERSON.c.person_id, PERSON.c.gender_concept_id, PERSON.c.year_of_birth).where(chosen)
    with database.connect() as connection:
        rows = connection.execute(query.order_by(PERSON.c.person_id).limit(limit)).all()
        n_found = connection.execute(select(func.count()).select_from(PERSON).where(chosen)).scalar_one()
    return Listing(tuple(Listed(one, _SEXES.get(gender), year) for one, gender, year in rows), n_found)
