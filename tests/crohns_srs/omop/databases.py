"""Copies of the invented database with changes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from crohns_srs.omop import Database, open_database

if TYPE_CHECKING:
    from pathlib import Path


def altered(demo_file: Path, tmp_path: Path, *statements: str) -> Database:
    """Return a copy of the invented database after some statements."""
    file = tmp_path / "altered.sqlite"
    file.write_bytes(demo_file.read_bytes())
    with sqlite3.connect(file) as connection:
        for one in statements:
            connection.execute(one)
    connection.close()
    return open_database(str(file))
