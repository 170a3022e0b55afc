"""The project's own files, found without git so that an unpacked archive can be tested too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("asuc", "crohns_srs", "dosing_app", "nonmem_ref", "pkpd", "tte")

_OWN_DOT_FOLDERS = {".ci", ".github"}
_NOT_OURS = {"__pycache__", "node_modules", "build", "dist", "htmlcov", "test-results"}


def project_files() -> Iterator[Path]:
    """Yield every file of the project, leaving out environments, caches and what builds leave behind."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in _NOT_OURS and (not name.startswith(".") or name in _OWN_DOT_FOLDERS)
        ]
        for name in names:
            if not name.startswith(".coverage"):
                yield Path(folder, name)


def package_sources() -> Iterator[Path]:
    """Yield every Python file of the packages."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))
