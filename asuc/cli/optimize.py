"""`asuc optimize`: the practical regimens that reach the target, or that none does."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from asuc.cli.output import print_json, report
from asuc.cli.source import read_case_file, read_event_model

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# A search that is over sooner shows nothing [s].
_PATIENCE = 2.0


def optimize(
    case: Annotated[str, typer.Argument(metavar="CASE.json", help="Patient case (asuc-case/1); - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
    event_model: Annotated[str | None, typer.Option(metavar="FILE.toml", help="Event model of your own.")] = None,
) -> None:
    """Search every practical regimen for the least additional drug that reaches the target."""
    patient = read_case_file(case)
    from asuc.cli.regimen_tables import print_regimens  # noqa: PLC0415 - a wrong case is refused before the engine is loaded
    from dosing_app.decision.optimizer import result_json  # noqa: PLC0415
    from dosing_app.decision.regimen_search import find_regimens  # noqa: PLC0415

    risk_model = read_event_model(event_model)
    with _shown_progress() as progress:
        result = find_regimens(patient, risk_model, progress=progress)
    if as_json:
        print_json(result_json(result))
    else:
        print_regimens(result, patient)


@contextmanager
def _shown_progress() -> Generator[Callable[[float], None]]:
    """Yield what shows the share done on standard error once a search takes long: a bar, or one line without a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task, started, is_shown = bar.add_task("Searching regimens", total=1.0), time.monotonic(), False

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
            report(f"Searching regimens: {share:.0%} done after {seconds:.0f} s, about {left:.0f} s left.")

    try:
        yield tell
    finally:
        bar.stop()
