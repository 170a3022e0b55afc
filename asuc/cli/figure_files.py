"""The figures of a fit as files: SVG, page and data of each, and one list of them all."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

import typer

from asuc.cli.cohort_source import make_folder, write_csv, write_json
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pkpd.diagnostics.records import LevelRecords
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.saem import SaemFit
    from pkpd.figures.sheet import Drawing

FOLDER, LIST, SCHEMA = "figures", "figures.json", "asuc-figures/1"
DEFAULT_INDIVIDUALS = "48"
INDIVIDUALS = typer.Option(metavar="N|all", help="Subjects that get an individual plot, in the order of the file.")


def individuals_wanted(text: str) -> int | None:
    """Return how many subjects get an individual plot; None for all.

    Raises
    ------
    InputError
        For words that are neither a whole number nor "all".
    """
    if text.strip().lower() == "all":
        return None
    if not text.strip().isdecimal():
        raise input_error("--individuals", f"“{text}” is neither a whole number from 0 on nor “all”")
    return int(text)


def forget_figures(folder: Path) -> None:
    """Take away the list of figures in the folder of a fit: what an earlier fit drew is none of this one's."""
    (folder / FOLDER / LIST).unlink(missing_ok=True)


def has_figures(folder: Path) -> bool:
    """Return whether the figures of a result stand in its folder, all of them."""
    return (folder / FOLDER / LIST).exists()


def draw_fit(
    folder: Path,
    fit: Fit,
    records: LevelRecords,
    *,
    individuals: int | None,
    sampled: SaemFit | None = None,
    progress: Callable[[float], None],
) -> int:
    """Draw the figures of a fit into ``figures`` in its folder, and return how many.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    fit, records : Fit and LevelRecords
        The fit, and its levels with residuals.
    individuals : int or None
        Subjects that get an individual plot; None for all.
    sampled : SaemFit, optional
        The same fit with its path, where it was made by SAEM.
    progress : callable
        Told the share that is done.
    """
    from pkpd.diagnostics.courses import subject_courses  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.figures.gof import gof_figures  # noqa: PLC0415
    from pkpd.figures.individual import PER_PAGE, individual_pages  # noqa: PLC0415
    from pkpd.figures.saem import saem_path  # noqa: PLC0415

    drawings, left_out = gof_figures(records)
    path = None if sampled is None else saem_path(sampled)
    if isinstance(path, str):
        left_out = (*left_out, path)
    elif path is not None:
        drawings = (*drawings, path)
    n_subjects = fit.population.n_subjects
    n_drawn = n_subjects if individuals is None else min(individuals, n_subjects)
    if n_drawn == 0:
        left_out = (*left_out, "Individual plots: none were asked for.")
    pages = individual_pages(subject_courses(fit, range(n_drawn)), n_subjects=n_subjects)
    n_figures = len(drawings) + math.ceil(n_drawn / PER_PAGE)
    return write_figures(
        folder / FOLDER,
        chain(drawings, pages),
        left_out=left_out,
        written=lambda n: progress(n / n_figures),
    )


def write_figures(
    folder: Path, drawings: Iterable[Drawing], *, left_out: Sequence[str] = (), written: Callable[[int], None]
) -> int:
    """Write figures into a folder, each as SVG, page and CSV, then the list of them, and return how many.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    drawings : iterable of Drawing
        Drawn as they are written.
    left_out : sequence of str
        Sentences on figures that are not drawn.
    written : callable
        Told how many are.
    """
    make_folder(folder)
    entries: list[dict[str, str]] = []
    for drawing in drawings:
        _write_drawing(folder, drawing)
        entries.append({"name": drawing.name, "title": drawing.title, "caption": drawing.caption})
        written(len(entries))
    write_json(folder / LIST, {"schema": SCHEMA, "figures": entries, "left_out": list(left_out)})
    return len(entries)


def _write_drawing(folder: Path, drawing: Drawing) -> None:
    from pkpd.figures.sheet import figure_page  # noqa: PLC0415

    page = figure_page(drawing.title, drawing.caption, drawing.svg, drawing.table)
    (folder / f"{drawing.name}.svg").write_text(drawing.svg, encoding="utf-8")
    (folder / f"{drawing.name}.html").write_text(page, encoding="utf-8")
    write_csv(folder / f"{drawing.name}.csv", drawing.table.head, drawing.table.rows)
