"""How many threads the compiled loops run on."""

from __future__ import annotations

import numba


def compute_on_one_thread() -> None:
    """Let the loops of this process run on one thread, as processes do that share the processors between them."""
    numba.set_num_threads(1)
