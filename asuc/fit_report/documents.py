"""The JSON documents and tables of a fit's folder, checked at the door: each problem names its file and field."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Columns: TypeAlias = "dict[str, list[str]]"

_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "whole number": (int,),
    "number": (int, float),
    "object": (dict,),
    "flag": (bool,),
}
_WORDS = {
    "text": "a text",
    "whole number": "a whole number",
    "number": "a number",
    "object": "an object",
    "flag": "true or false",
}
_LEVELS = ("id", "time", "dv", "censored", "iwres", "cwres", "npde")
_KINDS = ("", "below", "above", "between")
_SHOWN = 60
# What is read of each document; a word with a question mark may be null.
_FIT = {
    "method": "text",
    "status": "text",
    "status_text": "text",
    "ofv": "number?",
    "ofv_with_log2pi": "number?",
    "aic": "number?",
    "n_subjects": "whole number",
    "n_observations": "whole number",
    "n_quantified": "whole number",
    "n_parameters": "whole number",
    "theta": "object",
    "omega": "object",
    "sigma": "object",
    "covariance": "text?",
    "gradient_norm": "number?",
    "condition_number": "number?",
    "evaluations": "whole number",
    "seconds": "number",
    "model.name": "text",
    "model.version": "text",
    "model.sha256": "text",
    "data.sha256": "text",
}
_BOOTSTRAP = {
    "method": "text",
    "n": "whole number",
    "n_used": "whole number",
    "statuses": "object",
    "parameters": "object",
}
_ESTIMATE = {
    "estimate": "number",
    **dict.fromkeys(("se", "rse_pct", "ci95_low", "ci95_high"), "number?"),
}
_SPREAD = {"estimate": "number", **dict.fromkeys(("mean", "bias", "se", "q025", "q50", "q975"), "number?")}
_FLAGS = {"fixed": "flag", "at_bound": "flag"}


def read_fit(file: Path) -> dict[str, Any]:
    """Return what ``fit.json`` holds.

    Raises
    ------
    InputError
        Where it is none (`asuc-fit/1`), with every problem of it.
    """
    document = read_document(file, "asuc-fit/1", "what `asuc fit` writes (asuc-fit/1)")
    problems = _faults(document, _FIT, f"{file}, ")
    for group in ("theta", "omega", "sigma"):
        problems += _faults_of_entries(document.get(group), _ESTIMATE | _FLAGS, f"{file}, {group}")
    problems += _faults_of_warnings(document, str(file))
    if problems:
        raise InputError(problems)
    return document


def read_bootstrap(file: Path) -> dict[str, Any]:
    """Return what ``bootstrap.json`` holds; raises as ``read_fit`` does."""
    document = read_document(file, "asuc-bootstrap/1", "what `asuc bootstrap` writes (asuc-bootstrap/1)")
    problems = _faults(document, _BOOTSTRAP, f"{file}, ")
    problems += _faults_of_entries(document.get("parameters"), _SPREAD | {"fixed": "flag"}, f"{file}, parameters")
    problems += _faults_of_warnings(document, str(file))
    if problems:
        raise InputError(problems)
    return document


def read_document(file: Path, schema: str | None, expected: str) -> dict[str, Any]:
    """Return a JSON document.

    Parameters
    ----------
    file : Path
        The file.
    schema : str or None
        What it must say under ``schema``; None for anything.
    expected : str
        What was expected, for the message.

    Raises
    ------
    InputError
        Where it cannot be read, is no JSON object, or of another schema.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise input_error(str(file), f"cannot be read ({error.strerror or error}); expected {expected}") from None
    except UnicodeDecodeError:
        raise input_error(str(file), f"is not text in UTF-8; expected {expected}") from None
    except RecursionError:
        raise input_error(str(file), f"is nested too deeply; expected {expected}") from None
    except ValueError as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise input_error(str(file), f"is not JSON ({where}); expected {expected}") from None
    document = mapping(found)
    if not isinstance(found, dict):
        raise input_error(str(file), f"is no JSON object; expected {expected}")
    if schema is not None and document.get("schema") != schema:
        raise input_error(f"{file}, schema", f'{_shown(document.get("schema"))}; expected "{schema}"')
    return document


def read_levels(file: Path) -> Columns:
    """Return the columns of ``table.csv``.

    Raises
    ------
    InputError
        Where a column is missing or a cell wrong, with every problem.
    """
    columns = read_columns(file)
    _check_columns(file, columns, _LEVELS)
    problems = _faulty_cells(file, columns, ("iwres", "cwres", "npde"))
    problems += [
        Problem(f"{file}, row {row}, censored", f"{_shown(word)}; expected nothing, below, above or between")
        for row, word in enumerate(columns["censored"], start=2)
        if word not in _KINDS
    ]
    if problems:
        raise InputError(problems)
    return columns


def read_effects(file: Path) -> Columns:
    """Return the random effects of ``etas.csv``, (n_subjects,) columns named eta_…; raises as ``read_levels`` does."""
    columns = read_columns(file)
    _check_columns(file, columns, ("id",))
    names = [name for name in columns if name.startswith("eta_")]
    if problems := _faulty_cells(file, columns, names):
        raise InputError(problems)
    return {"id": columns["id"], **{name: columns[name] for name in names}}


def read_summaries(file: Path) -> Columns:
    """Return the columns of ``summaries.csv``; raises as ``read_levels`` does."""
    columns = read_columns(file)
    _check_columns(file, columns, ("kind", "name", "n", "mean", "sd"))
    if problems := _faulty_cells(file, columns, ("n", "mean", "sd")):
        raise InputError(problems)
    return columns


def read_columns(file: Path) -> Columns:
    """Return the columns of a table; raises as ``read_levels`` does."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            head, *rows = list(csv.reader(stream, strict=True)) or [[]]
    except OSError as error:
        raise input_error(str(file), f"cannot be read ({error.strerror or error}); expected a table") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise input_error(
            str(file), f"is not CSV in UTF-8 ({error}); expected a table as `asuc fit` writes it"
        ) from None
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise input_error(
                f"{file}, row {number}", f"{len(row)} cells; expected {len(head)}, as many as in the head"
            )
    return {name: [row[i] for row in rows] for i, name in enumerate(head)}


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a JSON list; an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def _check_columns(file: Path, columns: Mapping[str, object], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        found = ", ".join(columns)[:_SHOWN] or "nothing"
        message = f"{'columns' if len(missing) > 1 else 'column'} {', '.join(missing)} missing among {found}"
        raise input_error(str(file), f"{message}; expected a table as `asuc fit` writes it")


def _faulty_cells(file: Path, columns: Columns, names: Sequence[str]) -> list[Problem]:
    return [
        Problem(f"{file}, row {row}, {name}", f"{_shown(cell)}; expected a number, or nothing")
        for name in names
        for row, cell in enumerate(columns[name], start=2)
        if cell and not _is_finite_text(cell)
    ]


def _is_finite_text(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _faults(document: Mapping[str, Any], expected: Mapping[str, str], place: str) -> list[Problem]:
    """Return what is missing or of another type; a dot in a name leads into an object, and ``place`` to the first name."""
    found: list[Problem] = []
    for path, word in expected.items():
        *outer, last = path.split(".")
        inner = mapping(document.get(outer[0])) if outer else document
        if last not in inner:
            found.append(Problem(f"{place}{path}", f"missing; expected {_WORDS[word.rstrip('?')]}"))
        elif not _is(inner[last], word):
            found.append(Problem(f"{place}{path}", f"{_shown(inner[last])}; expected {_WORDS[word.rstrip('?')]}"))
    return found


def _faults_of_entries(entries: object, expected: Mapping[str, str], place: str) -> list[Problem]:
    found: list[Problem] = []
    for name, entry in mapping(entries).items():
        inner = mapping(entry)
        if isinstance(entry, dict):
            found += _faults(inner, expected, f"{place}.{name}.")
        else:
            found.append(Problem(f"{place}.{name}", f"{_shown(entry)}; expected an object"))
    return found


def _faults_of_warnings(document: Mapping[str, Any], place: str) -> list[Problem]:
    is_list = isinstance(document.get("warnings", []), list)
    if is_list and all(isinstance(mapping(one).get("text"), str) for one in items(document.get("warnings"))):
        return []
    return [Problem(f"{place}, warnings", "is no list of objects with a text; expected one")]


def _is(value: object, word: str) -> bool:
    if value is None:
        return word.endswith("?")
    kind = word.rstrip("?")
    return isinstance(value, _TYPES[kind]) and (kind == "flag" or not isinstance(value, bool))


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
