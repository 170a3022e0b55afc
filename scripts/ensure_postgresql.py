"""Make sure that the tests of OMOP databases find a PostgreSQL server to start; without one they are skipped."""

from __future__ import annotations

from pathlib import Path

from debian import install_or_exit

SERVERS = Path("/usr/lib/postgresql")  # where Debian's packages put them, one folder for each version


def ensure_postgresql() -> None:
    """Install Debian's PostgreSQL where it is missing, or say in one sentence what is skipped."""
    if any(SERVERS.glob("*/bin/initdb")):
        return
    try:
        install_or_exit(
            ["postgresql"],
            reason="the tests of OMOP databases need the server PostgreSQL, and it is not there",
            otherwise="these tests are skipped; everything else works without",
        )
    except SystemExit as refusal:
        print(refusal, flush=True)


if __name__ == "__main__":
    ensure_postgresql()
