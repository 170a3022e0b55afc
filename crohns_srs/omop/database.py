"""An OMOP database, opened for reading: what it is called in messages, and whether the tables are there."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from crohns_srs.omop.tables import ALWAYS_READ, CLINICAL, VOCABULARY
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from sqlalchemy import Connection, Engine, Table

_EXPECTED = "expected a database of the OMOP common data model, version 5.3 or 5.4"
_PATIENCE_SECOND = 10
_LONGEST_CAUSE = 300


@dataclass(frozen=True, slots=True)
class Database:
    """A database that has the tables.

    Parameters
    ----------
    name : str
        What it is called in messages; without user and password.
    engine : Engine
        How it is reached; every connection only reads.
    schemas : tuple of (str or None)
        Where the clinical tables and the vocabulary are; None for the database's own default.
    """

    name: str
    engine: Engine
    schemas: tuple[str | None, str | None]

    @contextmanager
    def connect(self) -> Generator[Connection]:
        """Yield a connection that sees one state of the database.

        Raises
        ------
        InputError
            Where the database does not answer, or something in it is not as its model says.
        """
        with said_of(self.name), self.engine.connect() as connection:
            yield connection


def open_database(url: str, schema: str | None = None, vocabulary_schema: str | None = None) -> Database:
    """Return a database after a look at its tables.

    Parameters
    ----------
    url : str
        As SQLAlchemy reads it (``postgresql://user:password@host/name``, ``sqlite:///file``), or the path of a file of SQLite.
    schema : str or None
        Schema of the tables; the database's default unless given.
    vocabulary_schema : str or None
        Schema of `concept` and its relatives; `schema` unless given.

    Raises
    ------
    InputError
        Where there is no such database or schema, or tables or columns are missing, each told. A password is never in a message.
    """
    given = _url(url)
    name = _name(given)
    schemas = (schema, vocabulary_schema or schema)
    with said_of(name, given.password):
        engine = _engine(given, name).execution_options(
            schema_translate_map={CLINICAL: schemas[0], VOCABULARY: schemas[1]}
        )
        found = Database(name, engine, schemas)
        problems = list(missing_in(found, ALWAYS_READ))
    if problems:
        raise InputError(problems)
    return found


def missing_in(database: Database, tables: Iterable[Table]) -> Iterator[Problem]:
    """Yield one problem for each table that is not there, or has not the columns that are read."""
    with database.connect() as connection:
        inspector = inspect(connection)
        known = {name.lower() for name in inspector.get_schema_names()}
        wrong = [name for name in dict.fromkeys(database.schemas) if name and name.lower() not in known]
        if wrong:
            shown = ", ".join(sorted(known - {"information_schema"}))
            yield from (
                Problem(database.name, f"has no schema {name!r}; expected one of those there: {shown}")
                for name in wrong
            )
            return
        there: dict[str | None, dict[str, str]] = {}
        for schema in dict.fromkeys(database.schemas):
            names = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
            there[schema] = {name.lower(): name for name in names}
        absent: dict[str, list[str]] = {}
        for table in tables:
            schema = database.schemas[table.schema == VOCABULARY]
            name = there[schema].get(table.name)
            where = f" in schema {schema!r}" if schema else ""
            if name is None:
                absent.setdefault(where, []).append(table.name)
                continue
            columns = {str(column["name"]).lower() for column in inspector.get_columns(name, schema)}
            lacking = [column.name for column in table.columns if column.name not in columns]
            if lacking:
                yield Problem(
                    f"{database.name}: table {table.name}{where}", f"has no {', '.join(lacking)}; {_EXPECTED}"
                )
        for where, names in absent.items():
            said = f"has no table {', '.join(names)}{where}; {_EXPECTED}"
            yield Problem(database.name, said if where else f"{said}, or the schema that holds it (--schema)")


@contextmanager
def said_of(name: str, password: object = None) -> Generator[None]:
    """Turn what a database answers instead of rows into one sentence.

    Parameters
    ----------
    name : str
        What the database is called.
    password : object
        Word that is taken out of the sentence.
    """
    try:
        yield
    except DBAPIError as error:
        raise input_error(name, f"{_answer(error, password)}; {_EXPECTED}") from None
    except SQLAlchemyError as error:
        cause = _first_line(error, password)
        raise input_error(name, f"cannot be read ({cause}); {_EXPECTED}") from None


def _answer(error: DBAPIError, password: object) -> str:
    cause = _first_line(error.orig or error, password)
    if error.connection_invalidated:
        return f"the connection was lost ({cause})"
    return f"cannot be read ({cause})"


def _first_line(error: object, password: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    if password:
        said = said.replace(str(password), "***")
    said = said.rstrip(".")
    return said if len(said) <= _LONGEST_CAUSE else f"{said[:_LONGEST_CAUSE]}…"


def _url(text: str) -> URL:
    if not text.strip():
        raise input_error("--url", f"is empty; {_EXPECTED}, such as sqlite:///cdm.sqlite")
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        found = make_url(text)
    except (ArgumentError, ValueError):  # what it says may hold the password
        raise input_error(
            "--url", "is no URL of a database; expected one such as postgresql://user:password@host:5432/name"
        ) from None
    return found.set(drivername="postgresql+psycopg") if found.drivername in {"postgresql", "postgres"} else found


def _name(url: URL) -> str:
    backend = url.drivername.partition("+")[0]
    if backend == "sqlite":
        return url.database or "sqlite://"
    host = url.host or str(url.query.get("host", ""))
    port = f":{url.port}" if url.port else ""
    return f"{backend}://{host}{port}/{url.database or ''}"


def _engine(url: URL, name: str) -> Engine:
    backend = url.drivername.partition("+")[0]
    if backend == "sqlite":
        return _sqlite_engine(url, name)
    options: dict[str, Any] = {}
    if backend == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
        options["connect_args"] = {"connect_timeout": _PATIENCE_SECOND}
    try:
        engine = create_engine(url, poolclass=NullPool, **options)
    except (NoSuchModuleError, ArgumentError):
        message = f"{backend!r} is no kind of database that is known; expected sqlite:///… or postgresql://…"
        raise input_error("--url", message) from None
    except ModuleNotFoundError as error:
        hint = " (`pip install 'asuc[postgresql]'`)" if backend == "postgresql" else ""
        message = f"needs the Python package {error.name!r}, which is not installed{hint}"
        raise input_error(name, message) from None
    return engine.execution_options(postgresql_readonly=True) if backend == "postgresql" else engine


def _sqlite_engine(url: URL, name: str) -> Engine:
    if not url.database or url.database == ":memory:":
        raise input_error("--url", "names no file; expected sqlite:///FILE, or the path of a file of SQLite")
    file = Path(url.database)
    if not file.is_file():
        problem = "is a folder" if file.is_dir() else "no such file"
        raise input_error(name, f"{problem}; {_EXPECTED}, in a file of SQLite")
    address = f"file:{quote(str(file.resolve()))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    def only_read(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(engine, "connect", only_read)
    return engine
