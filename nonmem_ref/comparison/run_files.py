"""The files of each run in a folder: control stream or listing, and what stands beside it under the same name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.lines import read_lines
from nonmem_ref.read import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_CONTROL = (".ctl", ".mod", ".nmctl", ".con")
_LISTING = (".lst", ".res")
_FILE = re.compile(r"\bFILE?\s*=\s*(\S+)", flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RunFiles:
    """One run.

    Parameters
    ----------
    name : str
        What its files are called, without the ending.
    folder : Path
        Where they are.
    control : Path or None
        Control stream, or the listing that echoes it.
    ext, phi, shk : Path or None
        Output files of these endings.
    listing : Path or None
        The listing.
    problem : int
        Which $PROBLEM of the control stream, from 1: output files may have tables of several.
    """

    name: str
    folder: Path
    control: Path | None
    ext: Path | None
    phi: Path | None
    shk: Path | None
    listing: Path | None
    problem: int = 1

    def has(self, problem: int | None) -> bool:
        """Return whether a table is of this run's problem, given the number in its title, if any."""
        return problem is None or problem == self.problem


def runs_of(folder: Path) -> tuple[RunFiles, ...]:
    """Return the runs of a folder, by name: one for each .ext file, and for each control stream or listing without one."""
    every = [path for path in sorted(folder.iterdir()) if path.is_file()]
    # Fortran's modules of a folder that NONMEM ran in end in .mod as well.
    files = {path.name: path for path in every if path.suffix.lower() not in _CONTROL or _is_control(path)}
    endings = (".ext", *_CONTROL, *_LISTING)
    names = sorted({path.stem for path in files.values() if path.suffix.lower() in endings})

    def named(name: str, *ending: str) -> Path | None:
        return next(
            (path for one in ending for path in files.values() if path.stem == name and path.suffix.lower() == one),
            None,
        )

    return tuple(
        RunFiles(
            name,
            folder,
            named(name, *_CONTROL, *_LISTING),
            named(name, ".ext"),
            named(name, ".phi"),
            named(name, ".shk"),
            named(name, *_LISTING),
        )
        for name in names
    )


def _is_control(path: Path) -> bool:
    """Return whether something in a file begins as $PROBLEM does."""
    return any(b"$PRO" in some.data.upper() for some in read_lines(path))


def table_files(folder: Path, named: Collection[str]) -> tuple[Path, ...]:
    """Return the files of a folder that may be the tables of a run.

    Parameters
    ----------
    folder : Path
        Where the run is.
    named : collection of str
        FILE of its $TABLE records.

    Returns
    -------
    tuple of Path
        Those that are named, whatever their ending; where none of them is there, all that are tables by their ending or their head and
        that no other control stream of the folder names.
    """
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    own = {last_name(name) for name in named}
    found = tuple(path for path in files if path.name.lower() in own)
    if found:
        return found
    others = {
        name for path in files if path.suffix.lower() in (*_CONTROL, *_LISTING) for name in _tables_named_in(path)
    }
    skipped = {".csv", ".dta", ".dat", ".md", ".txt", ".html", ".toml", *_CONTROL, *_LISTING}
    rest = [path for path in files if path.suffix.lower() not in skipped and path.name.lower() not in others - own]
    return tuple(path for path in rest if kind_of(path) == "table")


def last_name(path: str) -> str:
    """Return the name of a file without its folders, in small letters, as files of a run are told apart."""
    return path.replace("\\", "/").rpartition("/")[2].lower()


def _tables_named_in(path: Path) -> set[str]:
    """Return the names behind FILE= in a control stream, or in the listing that echoes one."""
    text = b"".join(some.data for some in read_lines(path)).decode("latin-1")
    return {last_name(name.strip("'\"")) for name in _FILE.findall(text)}
