"""Copies of the invented database with changes, and databases of a test's own on the server."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text

from crohns_srs.omop import Database, open_database
from crohns_srs.omop.demo import fill

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Table


def altered(demo_file: Path, tmp_path: Path, *statements: str) -> Database:
    """Return a copy of the invented database after some statements."""
    file = tmp_path / "altered.sqlite"
    file.write_bytes(demo_file.read_bytes())
    with sqlite3.connect(file) as connection:
        for one in statements:
            connection.execute(one)
    connection.close()
    return open_database(str(file))


def of_its_own(server: str, name: str, rows: Iterable[tuple[Table, dict[str, Any]]], encoding: str = "UTF8") -> str:
    """Return a new database on the server with some rows."""
    admin = create_engine(f"postgresql+psycopg://postgres@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        words = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(text(words))
    admin.dispose()
    url = f"postgresql+psycopg://postgres@/{name}?host={server}"
    engine = create_engine(url, connect_args={"client_encoding": "utf8"})
    fill(engine, rows)
    engine.dispose()
    return url
