"""What computes: the program's own files and the libraries that numbers come from."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("asuc", "pkpd", "tte")
_LIBRARIES = ("numba", "numpy", "scipy")


@cache
def code_version() -> dict[str, str]:
    """Return the hash of the program's files and the versions of Python and the libraries, by name.

    Two processes with the same ones, on processors of the same kind, compute the same bits.
    """
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for file in sorted((_ROOT / package).rglob("*")):
            if file.suffix in {".py", ".toml"}:
                digest.update(file.relative_to(_ROOT).as_posix().encode())
                digest.update(file.read_bytes())
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"asuc": digest.hexdigest()[:16], "Python": platform.python_version(), **libraries}


def difference(here: dict[str, str], there: dict[str, str]) -> str | None:
    """Return in what two versions differ, as a part of a sentence; None where they do not."""
    other = [name for name in here if here[name] != there.get(name)]
    return ", ".join(f"{name} is {there.get(name)} there and {here[name]} here" for name in other) or None
