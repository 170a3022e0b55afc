"""A small invented database in the common data model, for a first look and for tests."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from crohns_srs.omop.demo_people import drawn_people, told_people
from crohns_srs.omop.demo_vocabulary import vocabulary_rows
from crohns_srs.omop.tables import CLINICAL, METADATA, VOCABULARY
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine, Table

N_TOLD = 12
"""People with one difficulty each; the drawn ones come after them."""
_AT_ONCE = 5_000


def write_demo(file: Path, n_drawn: int, seed: int, tell: Callable[[float], None]) -> int:
    """Write the demonstration as a new file of SQLite, and return how many rows it has.

    Parameters
    ----------
    file : Path
        Which must not be there.
    n_drawn : int
        Drawn people beside the told ones.
    seed : int
        Of the draws.
    tell : callable
        Given the share that is done.

    Raises
    ------
    InputError
        Where it cannot be written; what was written of it is taken away.
    """
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool)
    try:
        return fill(engine, demo_rows(n_drawn, seed, tell))
    except DBAPIError as error:
        file.unlink(missing_ok=True)
        raise input_error(str(file), f"cannot be written ({error.orig}); expected a file to write") from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def demo_rows(n_drawn: int, seed: int, tell: Callable[[float], None]) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Yield the rows of the demonstration with their tables; the same seed draws the same people."""
    rng = np.random.default_rng(seed)

    def drawn() -> Iterator[tuple[Table, dict[str, Any]]]:
        for done in range(0, n_drawn, _AT_ONCE):
            yield from drawn_people(min(_AT_ONCE, n_drawn - done), rng, N_TOLD + 1 + done)
            tell(min(1.0, (done + _AT_ONCE) / n_drawn))

    return chain(vocabulary_rows(), told_people(), drawn())


def fill(
    engine: Engine, rows: Iterable[tuple[Table, dict[str, Any]]], schemas: tuple[str | None, str | None] = (None, None)
) -> int:
    """Make the tables of the common data model, put rows in, and return how many.

    Parameters
    ----------
    engine : Engine
        An empty database.
    rows : iterable of (Table, dict)
        Rows; keys of records are numbered from 1 in their order where they are not given.
    schemas : tuple of (str or None)
        Schemas of clinical tables and vocabulary, which must be there.
    """
    placed = engine.execution_options(schema_translate_map={CLINICAL: schemas[0], VOCABULARY: schemas[1]})
    waiting: dict[Table, list[dict[str, Any]]] = {}
    count: Counter[Table] = Counter()
    with placed.begin() as connection:
        METADATA.create_all(connection)

        def put(table: Table) -> None:
            connection.execute(table.insert(), waiting.pop(table))

        for table, row in rows:
            count[table] += 1
            keys = {column.name: count[table] for column in table.primary_key}
            waiting.setdefault(table, []).append({**dict.fromkeys(table.columns.keys()), **keys, **row})
            if len(waiting[table]) >= _AT_ONCE:
                put(table)
        for table in list(waiting):
            put(table)
    return count.total()
