"""Rows of a study: computed by processes or a cluster, written as they are done, kept for `--resume`; and how a page says it was made."""

from __future__ import annotations

import csv
import platform
from dataclasses import asdict, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scipy.stats import beta

from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import n_workers, task_farm

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from pkpd.arrays import BoolArray

Row = TypeVar("Row")
Task = tuple[Any, ...]


def study_options(parser: argparse.ArgumentParser, *, folder: Path) -> None:
    """Add the options that every study has."""
    parser.add_argument("--n", type=int, default=200, help="cohorts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="processes; one for each processor where left out")
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="compute on the Dask cluster of this scheduler")
    parser.add_argument("--resume", action="store_true", help="keep the rows of the table that are there")
    parser.add_argument("--folder", type=Path, default=folder, help="where page and table go")


class Table(Generic[Row]):
    """A table of rows in a file; of a row, whole numbers, numbers and words are told apart by the annotations of its class."""

    def __init__(self, row_type: type[Row], file: Path) -> None:
        self.row_type, self.file = row_type, file
        self.kinds: dict[str, str] = {one.name: str(one.type) for one in fields(row_type)}  # type: ignore[arg-type]

    def kept(self) -> list[Row]:
        """Return the rows in the file; the last line may have been cut off."""
        if not self.file.exists():
            return []
        whole = self.file.read_text(encoding="utf-8").rpartition("\n")[0]
        lines = csv.DictReader(whole.splitlines())
        return [self.row_type(**{name: self._read(name, text) for name, text in line.items()}) for line in lines]

    def write(self, rows: Sequence[Row]) -> None:
        """Write all rows; what is not a number stays empty."""
        with self.file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(self.kinds)
            writer.writerows(map(self.cells, rows))

    def cells(self, row: Row) -> list[object]:
        """Return the cells of a row."""
        found: list[object] = []
        for value in asdict(row).values():  # type: ignore[call-overload]
            is_number = isinstance(value, float)
            found.append("" if is_number and not np.isfinite(value) else f"{value:.8g}" if is_number else value)
        return found

    def _read(self, name: str, text: str) -> Any:  # noqa: ANN401 - as the row has it
        kind = self.kinds[name]
        return text if kind == "str" else int(text) if kind == "int" else float(text or "nan")


def run_tasks(
    compute: Callable[..., Row],
    tasks: Sequence[Task],
    row_type: type[Row],
    *,
    key: Callable[[Row], Task],
    file: Path,
    options: argparse.Namespace,
    name: str,
) -> list[Row]:
    """Return a row for each task, in their order; every row is in the file as soon as it is known. A task that fails has none.

    Parameters
    ----------
    compute : callable
        What computes a row from a task and ``seed``.
    tasks : sequence of tuple
        Arguments of it.
    row_type : type
        A dataclass with a ``seed``.
    key : callable
        The task that a row is of.
    file : Path
        The table.
    options : Namespace
        With what ``study_options`` added.
    name : str
        What progress is called.
    """
    options.folder.mkdir(parents=True, exist_ok=True)
    table = Table(row_type, file)
    kept = [row for row in table.kept() if getattr(row, "seed", None) == options.seed] if options.resume else []
    known = {key(row): row for row in kept if key(row) in set(tasks)}
    table.write(list(known.values()))
    missing = [task for task in tasks if task not in known]
    known |= dict(_computed(compute, missing, table, options, name))
    rows = [known[task] for task in tasks if task in known]
    table.write(rows)
    return rows


def _computed(
    compute: Callable[..., Row], tasks: Sequence[Task], table: Table[Row], options: argparse.Namespace, name: str
) -> Iterator[tuple[Task, Row]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with (
        table.file.open("a", encoding="utf-8", newline="") as stream,
        Progress(*columns, console=console) as bar,
        task_farm(n_workers(options.workers, options.scheduler), options.scheduler) as begin,
    ):
        shown = bar.add_task(name, total=len(tasks))
        writer = csv.writer(stream, lineterminator="\n")
        for task, outcome in begin(computed_row, (compute, options.seed))(tasks):
            bar.advance(shown)
            if isinstance(outcome, TaskFailure):
                console.print(f"{name} {task}: {outcome.reason}; it has no row.")
                continue
            writer.writerow(table.cells(outcome))
            stream.flush()
            yield task, outcome


def computed_row(shared: tuple[Callable[..., Row], int], task: Task) -> Row:
    """Return the row of a task; ``shared`` is what computes it, and the seed."""
    compute, seed = shared
    return compute(*task, seed=seed)


def share_with_interval(hits: BoolArray) -> str:
    """Return a share in percent with its exact 95 % interval (Clopper and Pearson 1934)."""
    n, k = hits.size, int(hits.sum())
    if n == 0:
        return "–"
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return f"{100.0 * k / n:.1f} % [{100.0 * low:.1f}, {100.0 * high:.1f}] of {n}"


def made(command: str, table: str) -> list[str]:
    """Return the part of a page that says how it was made."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    return [
        "## How it was made",
        "",
        (
            f"`{command}`, {datetime.now(tz=UTC):%Y-%m-%d}, Python {platform.python_version()}, {versions}. "
            f"Every row stands in [{table}]({table}); `--resume` goes on with the rows that are there."
        ),
    ]
