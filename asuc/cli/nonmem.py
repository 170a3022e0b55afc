"""`asuc nonmem`: runs of NONMEM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.nonmem_compare import compare_runs
from asuc.cli.nonmem_export import export_run
from asuc.cli.nonmem_import import import_run
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

nonmem = typer.Typer(help="Runs of NONMEM.", no_args_is_help=True)
nonmem.command("import", epilog="Example: asuc nonmem import run1.ctl --out run1.toml --data-out run1.csv")(import_run)
nonmem.command("compare", epilog="Example: asuc nonmem compare runs/run1 --out comparison")(compare_runs)
nonmem.command(
    "export", epilog="Example: asuc nonmem export --model niyigena_2026_asuc --data cohort.csv --out nonmem --maxeval 0"
)(export_run)
_SCHEMA_OF_FOLDER = "asuc-nonmem-read-folder/1"
_MOST_MESSAGES = 20
_LARGEST_IN_FULL = 1e12


@nonmem.command("read", epilog="Example: asuc nonmem read run1.ext --json")
def read(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|DIR", help="File of a run, of any kind; of a folder, every .ext file in it and below."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Say what a file of a run holds and how the run ended; a failed run is a result like any other."""
    from nonmem_ref.read import read_artefact  # noqa: PLC0415 - the engine loads after the words are read

    path = Path(file)
    if path.is_dir():
        _read_folder(path, as_json=as_json)
        return
    try:
        document = read_artefact(path)
    except OSError as error:
        raise input_error(file, f"cannot be read: {error.strerror}") from error
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_told(file, document)))


def _read_folder(folder: Path, *, as_json: bool) -> None:
    """Summarise every .ext file of a folder.

    Raises
    ------
    InputError
        Where there is none.
    """
    files = sorted(folder.rglob("*.ext"))
    if not files:
        raise input_error(str(folder), "holds no .ext file; expected the folder of at least one run")
    runs: list[dict[str, Any]] = []
    with shown_progress("Reading") as tell:
        for i, file in enumerate(files):
            runs.append({"file": str(file.relative_to(folder)), **_read_or_said(file)})
            tell((i + 1) / len(files))
    if as_json:
        print_json({"schema": _SCHEMA_OF_FOLDER, "folder": str(folder), "runs": runs})
        return
    rows = [(one["file"], one["status"], _objective(one), one["reason"]) for one in runs]
    write_output(
        laid_out([Sheet(counted(len(runs), "run"), ("file", "status", "OFV", "how it ended"), tuple(rows), wraps=3)])
    )


def _read_or_said(file: Path) -> dict[str, Any]:
    """Return the document of a file, or one that says why it cannot be opened."""
    from nonmem_ref.read import read_artefact  # noqa: PLC0415

    try:
        return read_artefact(file)
    except OSError as error:
        reason = f"The file cannot be opened: {error.strerror}."
        return {"kind": "ext", "status": "unreadable", "reason": reason, "tables": [], "messages": []}


def _objective(document: dict[str, Any]) -> str:
    ofv = document["tables"][-1]["ofv"] if document["tables"] else None
    return "" if ofv is None else _printed(ofv)


def _told(file: str, document: dict[str, Any]) -> Sequence[Sheet | str]:
    parts: list[Sheet | str] = [f"{file}: {document['kind']}, {document['status']}. {document['reason']}"]
    for table in document["tables"]:
        number = "" if table["number"] is None else f"Table {table['number']}"
        rows = "" if table["rows"] is None else f", {table['rows']:,} rows"
        objective = "" if table["ofv"] is None else f", OFV {_printed(table['ofv'])}"
        head = f"{number}{': ' if number and table['method'] else ''}{table['method']}{rows}{objective}"
        if table["final"] is None:
            parts.append(head)
            continue
        names = table["names"] or [f"column {i + 2}" for i in range(len(table["final"]))]
        errors = table["se"] or [None] * len(names)
        held = table["fixed"] or [False] * len(names)
        cells = zip(names, table["final"], errors, held, strict=False)
        body = tuple((name, _number(value), _number(se), "fixed" if fixed else "") for name, value, se, fixed in cells)
        parts.append(Sheet(head, ("parameter", "estimate", "SE", ""), body))
    said = document["messages"]
    parts += said[:_MOST_MESSAGES]
    if len(said) > _MOST_MESSAGES:
        parts.append(f"and {len(said) - _MOST_MESSAGES:,} more messages (--json has all)")
    return parts


def _printed(ofv: float) -> str:
    return f"{ofv:.4f}" if abs(ofv) < _LARGEST_IN_FULL else f"{ofv:.4g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
