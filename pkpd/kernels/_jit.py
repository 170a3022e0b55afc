"""The one decorator of compiled code, and the directory that its machine code is cached in."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numba
from platformdirs import user_cache_path

from pkpd.kernels.threads import let_waiting_threads_sleep

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")

let_waiting_threads_sleep()  # before the first kernel is loaded, and with it the threads


def _kernel_hash(folders: tuple[Path, ...]) -> str:
    """Return a hash of everything that decides what the kernels of some folders compile to, and of where these are.

    Numba notices a change in the file of a cached function but not in the files of the functions that it calls, and
    ignores the bounds-check setting; a directory named by both cures either. It takes the same file elsewhere, as in a second
    installation, for a changed one: in one directory the two would compile everything anew in turns.
    """
    digest = hashlib.sha256()
    for source in (source for folder in folders for source in sorted(folder.glob("*.py"))):
        digest.update(str(source).encode())
        digest.update(source.read_bytes())
    digest.update(os.environ.get("NUMBA_BOUNDSCHECK", "0").encode())
    digest.update(numba.__version__.encode())
    return digest.hexdigest()[:16]


def cache_directory(*folders: Path) -> Path:
    """Return the first directory that can be written to, for machine code that depends on the sources in some folders."""
    chosen = os.environ.get("ASUC_CACHE_DIR")
    base = Path(chosen) if chosen else user_cache_path("asuc", appauthor=False)
    directory = base / "kernels" / _kernel_hash(folders)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        directory = Path(tempfile.gettempdir()) / f"asuc-kernels-{_kernel_hash(folders)}"
        directory.mkdir(parents=True, exist_ok=True)
    return directory


def compiled(function: F, directory: Path, **options: bool) -> F:
    """Compile a function of numbers and arrays, its machine code kept in a directory.

    ``fastmath`` stays off because it makes ``isnan(nan)`` false; ``error_model="numpy"`` lets a division by zero give
    infinity as in NumPy instead of raising.
    """
    numba.config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]  # numba's options have no stubs
    return numba.njit(cache=True, error_model="numpy", fastmath=False, nogil=True, **options)(function)  # type: ignore[return-value]


SOURCES = Path(__file__).parent
_DIRECTORY = cache_directory(SOURCES)


def kernel(function: F) -> F:
    """Compile a function of numbers and arrays."""
    return compiled(function, _DIRECTORY)


def inlined_kernel(function: F) -> F:
    """Compile a small function into each of its callers.

    A call hands over every array of a packed subject, which costs more than the few operations of such a function.
    """
    return compiled(function, _DIRECTORY, forceinline=True)


def parallel_kernel(function: F) -> F:
    """Compile a function whose ``prange`` loops run on all threads, each iteration writing a slot of its own."""
    return compiled(function, _DIRECTORY, parallel=True)


prange = numba.prange
