"""What a command shows on standard error while it computes for long."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asuc.cli.output import report

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# What is over sooner shows nothing [s].
_PATIENCE = 2.0


@contextmanager
def shown_progress(what: str) -> Generator[Callable[[float], None]]:
    """Yield what shows the share done on standard error once something takes long: a bar, or one line without a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task, started, is_shown = bar.add_task(what, total=1.0), time.monotonic(), False

    def tell(share: float) -> None:
        nonlocal is_shown
        bar.update(task, completed=share)
        seconds = time.monotonic() - started
        if is_shown or seconds < _PATIENCE:
            return
        is_shown = True
        bar.start()
        if not console.is_terminal:
            left = seconds * (1.0 - share) / max(share, 1e-3)
            report(f"{what}: {share:.0%} done after {seconds:.0f} s, about {left:.0f} s left.")

    try:
        yield tell
    finally:
        bar.stop()
