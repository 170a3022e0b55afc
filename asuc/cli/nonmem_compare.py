"""`asuc nonmem compare`: a folder of runs recomputed by the engine, number by number."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.comparison.compare import Comparison
    from nonmem_ref.comparison.run_files import RunFiles

PAGE, RESULT, TABLES = "report.html", "comparison.json", "tables"


def compare_runs(
    run_dir: Annotated[
        str,
        typer.Argument(
            metavar="RUN_DIR",
            help="Folder with control stream or listing, data, .ext and .phi of a run, or of several.",
        ),
    ],
    run: Annotated[str | None, typer.Option(metavar="NAME", help="Only this run: what its files are called.")] = None,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.ctl",
            help="Control stream of the run where the folder has none, or one that says the same in terms that are read.",
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="Data in place of the file that $DATA names.")
    ] = None,
    problem: Annotated[int, typer.Option(min=1, help="Which $PROBLEM of the control stream.")] = 1,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder for a page with figures, its tables and one JSON document."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Recompute a run at NONMEM's estimates, fit it again, and say of every quantity whether both agree."""
    from nonmem_ref.comparison.compare import compare, comparison_document  # noqa: PLC0415 - the engine loads after the words are read
    from nonmem_ref.comparison.run_files import runs_of  # noqa: PLC0415

    target = None if out is None else check_folder(out, force=force)
    folder = Path(run_dir)
    if not folder.is_dir():
        raise input_error(run_dir, "is no folder; expected the folder of a run")
    runs = runs_of(folder)
    if not runs:
        below = next((file.parent for file in sorted(folder.rglob("*.ext"))), None)
        such = "" if below is None else f", such as {below}"
        raise input_error(run_dir, f"holds no .ext file, control stream or listing; expected the folder of a run{such}")
    if run is not None:
        names = ", ".join(one.name for one in runs)
        runs = tuple(one for one in runs if one.name == run)
        if not runs:
            raise input_error("--run", f"is {run}; expected one of {names}")
    if (control is not None or data is not None) and len(runs) > 1:
        names = ", ".join(one.name for one in runs)
        raise input_error("--run", f"is missing; expected the run that the control stream or the data are of: {names}")
    if control is not None:
        runs = tuple(replace(one, control=Path(control)) for one in runs)
    runs = tuple(replace(one, problem=problem) for one in runs)
    found: list[Comparison] = []
    with shown_progress("Comparing") as tell:
        for i, one in enumerate(runs):
            found.append(compare(one, data=None if data is None else Path(data)))
            tell((i + 1) / len(runs))
    document = comparison_document(found, run_dir)
    if target is not None:
        _write(target, runs, found, document)
    if as_json:
        print_json(document)
    else:
        written = () if target is None else (f"Written to {target}: {PAGE}, {RESULT}, {TABLES}, {FOLDER}.",)
        write_output(laid_out([*_told(document), *written]))


def _write(folder: Path, runs: Sequence[RunFiles], found: Sequence[Comparison], document: dict[str, Any]) -> None:
    """Write figures, tables, document and page."""
    from asuc.nonmem_report.page import comparison_page, run_names  # noqa: PLC0415 - loads Jinja
    from asuc.nonmem_report.tables import file_tables, numbers_document  # noqa: PLC0415
    from nonmem_ref.comparison.figures import comparison_figures  # noqa: PLC0415 - loads Matplotlib

    make_folder(folder)
    forget_figures(folder)
    make_folder(folder / TABLES)
    drawn = [(one, *comparison_figures(one)) for one in found]
    drawings = [drawing for _, figures, _ in drawn for drawing in figures]
    left_out = [f"{one.name}: {text}" for one, _, texts in drawn for text in texts]
    with shown_progress("Drawing figures") as tell:
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=lambda n: tell(n / len(drawings)))
    names = run_names(found)
    for one, name in zip(found, names, strict=True):
        for kind, head, rows in file_tables(one):
            write_csv(folder / TABLES / f"{name}-{kind}.csv", head, rows)
    checks: list[dict[str, Any]] = document["checks"]
    head = tuple(checks[0]) if checks else ()
    write_csv(folder / TABLES / "checks.csv", head, [list(check.values()) for check in checks])
    numbers = {one.name: numbers_document(one) for one in found}
    write_json(folder / RESULT, {**document, "numbers": numbers})
    page = comparison_page(drawn, document, facts=tuple(_facts(document["folder"], runs)))
    (folder / PAGE).write_text(page, encoding="utf-8")


def _facts(folder: str, runs: Sequence[RunFiles]) -> Iterator[tuple[str, str]]:
    """Yield what the page rests on."""
    yield "Folder", folder
    files = {file for run in runs for file in (run.control, run.ext, run.phi, run.shk) if file is not None}
    for file in sorted(files):
        yield file.name, f"SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}"
    yield "Software", f"asuc {version('asuc')}"
    yield "Computed", datetime.now().astimezone().isoformat(timespec="seconds")
    yield "Files beside this page", f"{RESULT} (everything), {TABLES}/ (CSV), {FOLDER}/ (SVG, HTML, CSV)"


def _told(document: dict[str, Any]) -> Sequence[Sheet | str]:
    parts: list[Sheet | str] = [f"{document['folder']}: {document['verdict']}."]
    for one in document["runs"]:
        parts.append(f"{one['run']}: {one['verdict']}. {one['reason']}")
        checks = [check for check in document["checks"] if check["run"] == one["run"]]
        rows = tuple(
            (
                check["quantity"],
                _number(check["nonmem"]),
                _number(check["ours"]),
                _small(check["difference"]),
                _tolerance(check),
                f"{check['verdict']}{'. ' if check['why'] else ''}{check['why']}",
            )
            for check in checks
            if check["quantity"] != "run"
        )
        if rows:
            parts.append(
                Sheet(one["run"], ("quantity", "NONMEM", "ours", "difference", "tolerance", ""), rows, wraps=5)
            )
    return parts


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.7g}"


def _small(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _tolerance(check: dict[str, Any]) -> str:
    if check["tolerance"] is None:
        return ""
    return f"{100.0 * check['tolerance']:g} %" if check["relative"] else f"{check['tolerance']:g}"
