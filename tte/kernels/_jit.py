"""The decorators of compiled code for event times: those of the engine, the machine code in a directory of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pkpd.kernels._jit import SOURCES, cache_directory, compiled, prange
from pkpd.kernels.threads import start_threads

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["inlined_kernel", "kernel", "parallel_kernel", "prange"]

# Before anything here is loaded: some of it calls parallel code without being so itself.
start_threads()

F = TypeVar("F", bound="Callable[..., object]")

# Kernels of the engine are compiled into those here, so that a change of either makes a new directory.
_DIRECTORY = cache_directory(Path(__file__).parent, SOURCES)


def kernel(function: F) -> F:
    """Compile a function of numbers and arrays."""
    return compiled(function, _DIRECTORY)


def inlined_kernel(function: F) -> F:
    """Compile a small function into each of its callers."""
    return compiled(function, _DIRECTORY, forceinline=True)


def parallel_kernel(function: F) -> F:
    """Compile a function whose ``prange`` loops run on all threads, each iteration writing a slot of its own."""
    return compiled(function, _DIRECTORY, parallel=True)
