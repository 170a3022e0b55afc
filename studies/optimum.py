"""Study of optima: whether a fit that says it converged stands at the best optimum known."""

from __future__ import annotations

import argparse
import csv
import os
import platform
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, fields
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pkpd.kernels.threads import compute_on_one_thread
from studies.searches import METHODS, N_STARTS, TRUTH_SPREAD, Row, searched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUESTION = "Does a fit that says it converged stand at the best optimum known?"
_FOLDER = Path(__file__).parent.parent / "docs" / "validation"
_TOLERANCE = 0.01
# Endings that say nothing against the estimates.
_SILENT = ("converged", "at_bound")
# What the numbers do not say by themselves.
_LIMITS = (
    "## How far to trust it",
    "",
    (
        "The best optimum *known* is not the best there is. Cohorts of seed 1 also served to find faults, and are counted after the repair: the depth of a second "
        "mode at which `laplace` says `several_modes` was chosen on cohorts 1 to 24, and the search of `exact` with each variance at nothing was added for cohort 44, "
        "which had ended 0.57 too high. Only the other cohorts, or another seed, test these two. L-BFGS-B counts every value that it passed, also beside a jump of "
        "Laplace's objective, where there need be no minimum. Below `flat_mode` nothing was looked for."
    ),
)
_HEAD = tuple(field.name for field in fields(Row))


def main(words: list[str]) -> None:
    """Run the study and write ``optimum.csv`` and ``optimum.md``."""
    parser = argparse.ArgumentParser(prog="python -m studies optimum", description=QUESTION)
    parser.add_argument("--n", type=int, default=200, help="cohorts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes; results do not depend on it"
    )
    parser.add_argument("--method", choices=METHODS, action="append", help="only this method")
    parser.add_argument("--resume", action="store_true", help="keep the rows of the table that are there")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where page and table go")
    options = parser.parse_args(words)
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "optimum.csv"
    kept = (
        [row for row in kept_rows(file) if row.seed == options.seed and row.cohort <= options.n]
        if options.resume
        else []
    )
    tasks = [(number, method) for number in range(1, options.n + 1) for method in options.method or METHODS]
    done = {(row.cohort, row.method) for row in kept}
    missing = [task for task in tasks if task not in done]
    rows = [*kept, *_run(missing, options.seed, options.workers, file, kept)]
    rows.sort(key=lambda row: tasks.index((row.cohort, row.method)))
    write_rows(file, rows)
    (options.folder / "optimum.md").write_text(page(rows, seed=options.seed), encoding="utf-8")


def kept_rows(file: Path) -> list[Row]:
    """Return the rows of a table, the last of which may have been cut off."""
    if not file.exists():
        return []
    whole = file.read_text(encoding="utf-8").rpartition("\n")[0]
    texts = ("method", "status", "at_bound")
    return [
        Row(**{name: _read(text) if name not in texts else text for name, text in line.items()})  # type: ignore[arg-type]
        for line in csv.DictReader(whole.splitlines())
    ]


def write_rows(file: Path, rows: Sequence[Row]) -> None:
    """Write a table of rows; what is not a number stays empty."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_HEAD)
        writer.writerows(_cells(row) for row in rows)


def _read(text: str) -> float | int:
    return int(text) if text.isdecimal() else float(text or "nan")


def _cells(row: Row) -> list[object]:
    return [
        "" if isinstance(value, float) and np.isnan(value) else f"{value:.5f}" if isinstance(value, float) else value
        for value in asdict(row).values()
    ]


def _run(tasks: Sequence[tuple[int, str]], seed: int, workers: int, file: Path, kept: Sequence[Row]) -> Iterator[Row]:
    """Yield a row for each task as it is done, written at once so that nothing is lost."""
    write_rows(file, kept)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    context = get_context("spawn")
    with (
        file.open("a", encoding="utf-8", newline="") as stream,
        Progress(*columns, console=Console(stderr=True)) as bar,
        ProcessPoolExecutor(workers, context, initializer=compute_on_one_thread) as pool,
    ):
        shown = bar.add_task("Optimum", total=len(tasks))
        writer = csv.writer(stream, lineterminator="\n")
        for waiting in as_completed([pool.submit(searched, *task, seed=seed) for task in tasks]):
            row = waiting.result()
            writer.writerow(_cells(row))
            stream.flush()
            bar.advance(shown)
            yield row


def page(rows: Sequence[Row], *, seed: int) -> str:
    """Return the page on the study."""
    return "\n".join(
        [*_introduction(rows, seed), "", *_counts(rows), "", *_worst(rows), "", *_LIMITS, "", *_made(rows, seed), ""]
    )


def is_unsaid(row: Row) -> bool:
    """Return whether a fit ended above the best optimum known and its status does not say that anything is wrong."""
    return row.status in _SILENT and row.above > _TOLERANCE


def _introduction(rows: Sequence[Row], seed: int) -> list[str]:
    n = len({row.cohort for row in rows})
    unsaid = sum(map(is_unsaid, rows))
    return [
        "# Do fits end at the best optimum known?",
        "",
        (
            f"**{unsaid} of {len(rows)} fits to {n} simulated cohorts ended more than {_TOLERANCE} above the best optimum known "
            "without their status saying so.**"
        ),
        "",
        (
            f"Cohorts of 72 patients are drawn as `asuc cohort simulate` does (seed {seed}). The truth of odd cohorts is the published model, "
            f"where fits start; that of even ones lies around it, every free parameter by {TRUTH_SPREAD} on the logarithmic scale "
            "(standard deviation). Each cohort is fitted by `exact` and by `laplace` from the model's values. The best optimum known is the lowest of "
            f"that fit, a fit from the truth, fits from {N_STARTS} scattered starts (`asuc fit --starts`), and SciPy's L-BFGS-B on the same objective "
            "from the estimates and from the truth, every evaluation with nodes and modes of its own. Where Laplace's objective has no minimum "
            "(`flat_mode`, [why](../theory/population-likelihood.md#where-laplace-breaks-down)), the fit says so and nothing else is tried."
        ),
    ]


def _counts(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## Endings",
        "",
        f"| method | status | fits | above by more than {_TOLERANCE} | largest difference |",
        "|---|---|---|---|---|",
    ]
    for method in METHODS:
        own = [row for row in rows if row.method == method]
        for status in sorted({row.status for row in own}, key=lambda name: -sum(row.status == name for row in own)):
            group = [row for row in own if row.status == status]
            tried = [row for row in group if np.isfinite(row.independent)]
            above = str(sum(row.above > _TOLERANCE for row in tried)) if tried else "not tried"
            largest = f"{max(row.above for row in tried):.4f}" if tried else ""
            lines.append(f"| {method} | `{status}` | {len(group)} | {above} | {largest} |")
    return lines


def _worst(rows: Sequence[Row]) -> list[str]:
    ordered = sorted((row for row in rows if np.isfinite(row.independent)), key=lambda row: -row.above)[:10]
    return [
        "## Largest differences",
        "",
        "| cohort | method | status | at a bound | OFV | from the truth | from other starts | L-BFGS-B | above the best |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {row.cohort} | {row.method} | `{row.status}` | {row.at_bound.replace(' ', ', ')} | {row.ofv:.4f} | {_number(row.from_truth)} | "
            f"{_number(row.from_starts)} | {_number(row.independent)} | {row.above:.4f} |"
            for row in ordered
        ),
    ]


def _number(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "–"


def _made(rows: Sequence[Row], seed: int) -> list[str]:
    n = max((row.cohort for row in rows), default=0)
    names = ("numpy", "scipy", "numba")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return [
        "## How it was made",
        "",
        (
            f"`python -m studies optimum --n {n} --seed {seed}`, {datetime.now(tz=UTC):%Y-%m-%d}, Python {platform.python_version()}, {versions}. "
            "Every row stands in [optimum.csv](optimum.csv); `--resume` goes on with the rows that are there."
        ),
    ]
