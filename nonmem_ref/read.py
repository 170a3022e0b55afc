"""What `asuc nonmem read` says of any one file: its kind, how the run ended, and the tables in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from nonmem_ref.blocks import Block, Message, read_blocks
from nonmem_ref.ext import FINAL, SE, TERMINATION, EstimationTable, read_ext
from nonmem_ref.lines import read_lines
from nonmem_ref.listing import Step, listing_status, read_listing
from nonmem_ref.run_status import INFINITE_OBJECTIVE, NOT_ESTIMATED, RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pkpd.arrays import FloatArray

SCHEMA = "asuc-nonmem-read/1"
KINDS = ("ext", "phi", "phm", "cov", "cor", "coi", "rmt", "smt", "lst", "table", "shk", "grd")
"""Kinds of files, named after their usual ending; a $TABLE file is ``table``."""
_MATRICES = ("cov", "cor", "coi", "rmt", "smt")
_BY_ENDING = {f".{kind}": kind for kind in KINDS if kind != "table"} | {".res": "lst", ".tab": "table"}
_BY_NAMES = {"ITERATION": "ext", "SUBJECT_NO": "phi", "NAME": "cov", "TYPE": "shk"}
_FIRST_NAMES = {"phi": "SUBJECT_NO", "phm": "SUBJECT_NO", "shk": "TYPE", "grd": "ITERATION"}
_LISTING = re.compile(r"NONLINEAR MIXED EFFECTS MODEL PROGRAM|^\s*\$PROB|#TBLN:|NM-TRAN MESSAGES", flags=re.IGNORECASE)
_HEAD = 1 << 16
_LARGEST_SHOWN = 40


def read_artefact(path: Path) -> dict[str, Any]:
    """Return the document that describes one file of a run (interfaces.md, section 6).

    Parameters
    ----------
    path : Path
        Any file that NONMEM writes.

    Returns
    -------
    dict
        Ready for JSON: a number that NONMEM could not print is None, and a message says so.

    Raises
    ------
    OSError
        Where the file cannot be opened.
    """
    kind = kind_of(path)
    if kind == "lst":
        return _listing_document(path)
    if kind == "ext":
        return _ext_document(path)
    return _block_document(path, kind)


def kind_of(path: Path) -> str:
    """Return the kind of a file: by its ending, else by what stands at its head."""
    if (kind := _BY_ENDING.get(path.suffix.lower())) is not None:
        return kind
    head = next(read_lines(path, chunk=_HEAD), None)
    if head is None:
        return "table"
    text = head.data.decode("latin-1")
    if _LISTING.search(text):
        return "lst"
    for line in text.splitlines()[:3]:
        names = line.replace(",", " ").split()
        if names and names[0].upper() in _BY_NAMES:
            return "grd" if any(name.upper().startswith("GRD(") for name in names) else _BY_NAMES[names[0].upper()]
    return "table"


def _document(
    kind: str, status: RunStatus, reason: str, tables: list[dict[str, Any]], messages: Iterable[Message]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": kind,
        "status": status.value,
        "reason": reason,
        "tables": tables,
        "messages": [f"line {one.line}: {one.text}" if one.line else one.text for one in messages],
    }


def _ext_document(path: Path) -> dict[str, Any]:
    found = read_ext(path)
    messages = list(found.messages)
    if not found.tables:
        return _document("ext", *_nothing(path), [], messages)
    tables = [_estimates(table, messages) for table in found.tables]
    last = found.tables[-1]
    return _document("ext", last.status, last.reason, tables, messages)


def _nothing(path: Path) -> tuple[RunStatus, str]:
    if path.stat().st_size == 0:
        return RunStatus.UNREADABLE, "The file is empty."
    return RunStatus.UNREADABLE, "No line of the file holds a title or numbers of NONMEM."


def _estimates(table: EstimationTable, messages: list[Message]) -> dict[str, Any]:
    """Return what one estimation step found; without a final row its values are null."""
    final, codes = table.rows.get(FINAL), table.rows.get(TERMINATION)
    if final is not None:
        names = table.names or tuple(f"column {i + 2}" for i in range(final.values.size))
        messages += [
            Message(final.line, f"the final value of {name} is not a finite number.")
            for name, value in zip(names, final.values, strict=False)
            if not np.isfinite(value)
        ]
    messages += _errors_not_printed(table)
    if final is not None and not abs(final.objective) < INFINITE_OBJECTIVE:
        messages.append(Message(final.line, f"the objective is {final.objective:g}."))
    if final is not None and not table.names:
        messages.append(Message(table.line, "the line of names is missing: the values are in the order of the file."))
    return {
        "number": table.number,
        "method": table.method,
        "ofv": _finite(table.ofv),
        "names": list(table.names),
        "final": None if final is None else _finites(final.values),
        "se": None if table.standard_errors is None else _finites(table.standard_errors),
        "fixed": table.is_fixed,
        "termination": None
        if codes is None
        else [int(code) for code in codes.values if code and np.isfinite(code)] or [0],
        "rows": int(table.iterations.size + len(table.rows)),
    }


def _errors_not_printed(table: EstimationTable) -> Iterator[Message]:
    """Yield what standard errors are no numbers: of parameters that are fixed none is expected."""
    row = table.rows.get(SE)
    if row is None:
        return
    names = table.names or tuple(f"column {i + 2}" for i in range(row.values.size))
    held = table.is_fixed or [False] * row.values.size
    for name, value in zip(names, row.values, strict=False):
        if not np.isfinite(value):
            yield Message(row.line, f"the standard error of {name} is not a finite number.")
    lacking = [
        name
        for name, value, is_held in zip(names, row.values, held, strict=False)
        if value == NOT_ESTIMATED and not is_held
    ]
    if lacking:
        yield Message(row.line, f"NONMEM estimated no standard error (1E+10) of {', '.join(lacking)}.")


def _listing_document(path: Path) -> dict[str, Any]:
    listing = read_listing(path)
    status, reason = listing_status(listing)
    said = [*listing.said, *(one for problem in listing.problems for step in problem.steps for one in step.said)]
    tables = [_step(step) for problem in listing.problems for step in problem.steps]
    return _document("lst", status, reason, tables, sorted(said, key=lambda one: one.line))


def _step(step: Step) -> dict[str, Any]:
    exact = step.quantities.get("ofv_without_constant")
    return {
        "number": step.table,
        "method": step.method,
        "ofv": _finite(step.ofv if exact is None else exact),
        "names": [],
        "final": None,
        "se": None,
        "fixed": None,
        "termination": None,
        "rows": None,
        "status": step.status.value,
        "reason": step.reason,
        "quantities": {name: _finite(value) for name, value in step.quantities.items()},
        "shrinkage": {name: _finites(values) for name, values in step.shrinkage.items()},
    }


def _block_document(path: Path, kind: str) -> dict[str, Any]:
    found = read_blocks(path, has_labels=kind in _MATRICES)
    tables = [_rows(block) for block in found.blocks]
    messages = [*found.messages, *_not_printed(found.blocks)]
    # Rows of numbers under no title may be a $TABLE file; no other kind is without names.
    if found.blocks and not any(_has_names_of(kind, block) for block in found.blocks):
        reason = "The line of names is missing: the file ends before it, or is no file of NONMEM."
        known = any(block.number is not None for block in found.blocks)
        return _document(kind, RunStatus.NO_RESULTS if known else RunStatus.UNREADABLE, reason, tables, messages)
    if not any(block.lines.size for block in found.blocks):
        status, reason = (RunStatus.NO_RESULTS, "There is a title and no row.") if found.blocks else _nothing(path)
        return _document(kind, status, reason, tables, messages)
    if found.cut_line is not None:
        reason = f"The last row (line {found.cut_line}) is cut off."
        return _document(kind, RunStatus.INCOMPLETE, reason, tables, messages)
    if not found.blocks[-1].lines.size:
        return _document(
            kind, RunStatus.INCOMPLETE, "The file ends after the title of its last table.", tables, messages
        )
    n_rows = sum(block.lines.size for block in found.blocks)
    return _document(kind, RunStatus.SUCCESSFUL, f"All {n_rows} rows were read.", tables, messages)


def _has_names_of(kind: str, block: Block) -> bool:
    """Return whether the columns of a block are called as those of its kind are."""
    if kind == "table":
        return True
    if kind in _MATRICES:
        return bool(block.names) and set(block.labels) <= set(block.names)
    return bool(block.names) and block.names[0].upper() == _FIRST_NAMES[kind]


def _rows(block: Block) -> dict[str, Any]:
    return {
        "number": block.number,
        "method": block.method,
        "ofv": None,
        "names": list(block.names),
        "final": None,
        "se": None,
        "fixed": None,
        "termination": None,
        "rows": int(block.lines.size),
    }


def _not_printed(blocks: Iterable[Block]) -> list[Message]:
    """Return where numbers are missing, the first places of each table."""
    found: list[Message] = []
    for block in blocks:
        rows, columns = np.nonzero(~np.isfinite(block.values))
        places: list[tuple[int, int]] = list(zip(rows.tolist(), columns.tolist(), strict=True))
        for row, column in places[:_LARGEST_SHOWN]:
            name = block.names[column] if column < len(block.names) else f"column {column + 1}"
            found.append(Message(int(block.lines[row]), f"{name} is not a finite number."))
        if rows.size > _LARGEST_SHOWN:
            found.append(
                Message(0, f"{rows.size - _LARGEST_SHOWN} more numbers of table {block.number} are not finite.")
            )
    return found


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _finites(values: FloatArray | list[float]) -> list[float | None]:
    return [_finite(float(value)) for value in values]
