"""Where a command's input comes from and where its JSON goes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase

_LARGEST_CASE = 32 * 2**20


def read_case_file(path: str) -> PatientCase:
    """Read a patient case from a file, or from standard input where the path is ``-``.

    Raises
    ------
    InputError
        Where the file cannot be read or the case is wrong; each problem names the file and the field.
    """
    from dosing_app.decision.patient import read_case  # noqa: PLC0415 - commands that read no case start faster

    name = "standard input" if path == "-" else path
    content = _content(path, name)
    try:
        return read_case(content)
    except InputError as error:
        raise InputError(
            Problem(f"{name}: {problem.place}" if problem.place else name, problem.message)
            for problem in error.problems
        ) from None


def _content(path: str, name: str) -> bytes:
    try:
        if path == "-":
            content = sys.stdin.buffer.read(_LARGEST_CASE + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST_CASE + 1)
    except FileNotFoundError:
        raise input_error(name, "no such file; expected a patient case (asuc-case/1)") from None
    except IsADirectoryError:
        raise input_error(name, "is a folder; expected a patient case (asuc-case/1)") from None
    except (OSError, ValueError) as error:
        raise input_error(name, f"cannot be read ({error}); expected a patient case (asuc-case/1)") from None
    if len(content) > _LARGEST_CASE:
        raise input_error(name, "is larger than 32 MiB; expected a patient case (asuc-case/1)")
    return content


def print_json(document: dict[str, Any] | dict[str, object]) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
