"""Records of many persons: one query for each kind, all in the order of persons, so that one person at a time is held in memory."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import func, select

from crohns_srs.omop.database import missing_in
from crohns_srs.omop.queries import (
    condition_builder,
    condition_query,
    death_of,
    death_query,
    era_of,
    era_query,
    exposure_builder,
    exposure_query,
    measured_builder,
    measurement_query,
    observation_query,
    period_of,
    period_query,
    person_of,
    person_query,
    with_crohns,
)
from crohns_srs.omop.records import PersonRecords
from crohns_srs.omop.tables import DEATH, MEASUREMENT, OBSERVATION, PERSON
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection

    from crohns_srs.omop.database import Database
    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.queries import AnyResult, AnyRow, AnySelect
    from crohns_srs.omop.vocabulary import Vocabulary

Record = TypeVar("Record")
_AT_ONCE = 5_000
_MOST_NAMED = 500


class _Stream(Generic[Record]):
    """Rows in the order of persons, handed out person by person."""

    def __init__(self, rows: Iterator[AnyRow], build: Callable[[AnyRow], Record]) -> None:
        self._rows, self._build = rows, build
        self._next = next(rows, None)

    def of(self, person: int) -> tuple[Record, ...]:
        """Return the records of a person; those of the persons before are passed over."""
        found: list[Record] = []
        row = self._next
        while row is not None and row[0] <= person:
            if row[0] == person:
                found.append(self._build(row))
            row = next(self._rows, None)
        self._next = row
        return tuple(found)


def stream_people(
    database: Database, vocabulary: Vocabulary, options: ReadOptions, persons: Sequence[int] | None
) -> Iterator[PersonRecords]:
    """Yield the records of persons, in the order of their ids.

    Parameters
    ----------
    database : Database
        Where from.
    vocabulary : Vocabulary
        Which concepts.
    options : ReadOptions
        Which tables.
    persons : sequence of int or None
        Persons; those who are not in the database are passed over. None for everybody with Crohn's disease.
    """
    has_deaths = _can_read_deaths(database)
    with database.connect() as connection, ExitStack() as opened:
        wanted = None if persons is None else frozenset(persons)

        def rows_of(query: AnySelect) -> Iterator[AnyRow]:
            person = query.selected_columns[0]
            chosen = query.where(_is_chosen(person, vocabulary, persons)).order_by(person)
            reading = connection.execution_options(stream_results=True, yield_per=_AT_ONCE)
            result = reading.execute(chosen)
            opened.callback(_close, connection, result)
            rows = iter(result)
            first = next(rows, None)
            if first is None:
                return rows
            if not isinstance(first[0], int):  # as text, 10 comes before 2
                message = f"person_id holds {first[0]!r}, a {type(first[0]).__name__}; expected whole numbers, in columns of integers"
                raise input_error(f"{database.name}: table {person.table.name}", message)
            return chain((first,), rows)

        people = rows_of(person_query())
        deaths = _Stream(rows_of(death_query()), death_of) if has_deaths else None
        periods = _Stream(rows_of(period_query()), period_of)
        conditions = _Stream(rows_of(condition_query(vocabulary)), condition_builder(vocabulary))
        exposures = [_Stream(rows_of(exposure_query(vocabulary)), exposure_builder(vocabulary))]
        if options.drug_era:
            exposures.append(_Stream(rows_of(era_query(vocabulary)), era_of))
        build = measured_builder(vocabulary, options, MEASUREMENT.name)
        measured = [_Stream(rows_of(measurement_query(vocabulary, options)), build)]
        if options.cdai_concepts or options.cdai_sources:
            build = measured_builder(vocabulary, options, OBSERVATION.name)
            measured.append(_Stream(rows_of(observation_query(options)), build))
        for row in people:
            one = person_of(row)
            if wanted is None or one.id in wanted:
                yield PersonRecords(
                    one,
                    periods.of(one.id),
                    conditions.of(one.id),
                    tuple(record for stream in exposures for record in stream.of(one.id)),
                    tuple(record for stream in measured for record in stream.of(one.id)),
                    () if deaths is None else deaths.of(one.id),
                )


def _can_read_deaths(database: Database) -> bool:
    """Return whether the table of deaths is there and may be read: some sites leave it out, or give it to nobody."""
    if any(missing_in(database, (DEATH,))):
        return False
    try:
        with database.connect() as connection:
            connection.execute(death_query().limit(1)).first()
    except InputError:
        return False
    return True


def _close(connection: Connection, result: AnyResult) -> None:
    """Close a result, unless Ctrl-C has ended its connection: what is to be closed then is gone, which SQLAlchemy would print."""
    if not connection.invalidated:
        result.close()


def count_people(database: Database, vocabulary: Vocabulary) -> int:
    """Return how many persons have a record of Crohn's disease."""
    with database.connect() as connection:
        query = (
            select(func.count()).select_from(PERSON).where(PERSON.c.person_id.in_(with_crohns(vocabulary.conditions)))
        )
        return connection.execute(query).scalar_one()


def _is_chosen(
    person: ColumnElement[int], vocabulary: Vocabulary, persons: Sequence[int] | None
) -> ColumnElement[bool]:
    """Return the condition on persons; of many, no list is sent: the others in their range are passed over here."""
    if persons is None:
        return person.in_(with_crohns(vocabulary.conditions))
    if len(persons) <= _MOST_NAMED:
        return person.in_(list(persons))
    return person.between(min(persons), max(persons))
