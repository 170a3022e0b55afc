"""`asuc nonmem compare`: a folder of runs recomputed by the engine, number by number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nonmem_ref.comparison.compare import Comparison


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
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Recompute a run at NONMEM's estimates, fit it again, and say of every quantity whether both agree."""
    from nonmem_ref.comparison.compare import compare, comparison_document  # noqa: PLC0415 - the engine loads after the words are read
    from nonmem_ref.comparison.run_files import runs_of  # noqa: PLC0415

    folder = Path(run_dir)
    if not folder.is_dir():
        raise input_error(run_dir, "is no folder; expected the folder of a run")
    runs = runs_of(folder)
    if not runs:
        raise input_error(run_dir, "holds no .ext file, control stream or listing; expected the folder of a run")
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
    found: list[Comparison] = []
    with shown_progress("Comparing") as tell:
        for i, one in enumerate(runs):
            found.append(compare(one, data=None if data is None else Path(data)))
            tell((i + 1) / len(runs))
    document = comparison_document(found, run_dir)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_told(document)))


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
