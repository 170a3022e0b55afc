"""An invented database as a file of SQLite, and in a real PostgreSQL server that is started for the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from crohns_srs.omop.demo import demo_rows, fill, write_demo

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = Path("/usr/lib/postgresql")
N_DRAWN, SEED = 400, 7


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the invented database as a file."""
    file = tmp_path_factory.mktemp("omop") / "demo.sqlite"
    write_demo(file, N_DRAWN, SEED, lambda _: None)
    return file


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Start a server of our own on a socket in a temporary folder, and return the folder."""
    found = sorted(SERVERS.glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not found:
        pytest.skip(f"no PostgreSQL server under {SERVERS}; `make postgresql` installs Debian's as root")
    programs, user = found[-1].parent, None
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("no user postgres, as whom the server runs where the tests run as root")
        user = "postgres"
    folder = Path(tempfile.mkdtemp(prefix="asuc-pg-"))  # a short path: that of a socket has a limit
    if user:
        shutil.chown(folder, user, user)
    data, log = folder / "data", folder / "log"
    initialise = [programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
    words = f"-c listen_addresses= -c fsync=off -k {folder}"
    control = [programs / "pg_ctl", "-D", data, "-w", "-t", "60"]
    try:
        _run([*initialise, "--no-locale"], user)
        _run([*control, "-l", log, "-o", words, "start"], user)
        try:
            yield str(folder)
        finally:
            _run([*control, "-m", "immediate", "stop"], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str | Path], user: str | None) -> None:
    done = subprocess.run(  # noqa: S603 - Debian's own programs
        command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        check=False, cwd="/", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.fixture(scope="session")
def postgresql_url(server: str) -> str:
    """Return the invented database on the server, in schemas of its own."""
    url = f"postgresql+psycopg://postgres@/postgres?host={server}"
    engine = create_engine(url)
    with engine.begin() as connection:
        for schema in ("cdm", "vocab"):
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    fill(engine, demo_rows(N_DRAWN, SEED, lambda _: None), ("cdm", "vocab"))
    with engine.begin() as connection:  # as the common data model defines them
        connection.execute(text("ALTER TABLE cdm.measurement ALTER COLUMN value_as_number TYPE numeric"))
        connection.execute(text("ALTER TABLE cdm.person ALTER COLUMN person_id TYPE integer"))
        connection.execute(text("ALTER TABLE cdm.drug_exposure ALTER COLUMN drug_source_value TYPE varchar(50)"))
    engine.dispose()
    return url
