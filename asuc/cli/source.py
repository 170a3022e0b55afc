"""Where a command's input comes from."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from asuc.cli.output import report
from pkpd.errors import InputError, Problem, input_error
from pkpd.model import load_model

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from pkpd.model.spec import ModelSpec
    from tte import EventModel

_STANDARD_INPUT = ("-", "/dev/stdin")
_LARGEST_CASE = 32 * 2**20
_LONGEST_NAME = 200
_EXPECTED = "expected a patient case (asuc-case/1)"
_FOUND = {
    errno.ENOENT: "no such file",
    errno.EISDIR: "is a folder",
    errno.ENXIO: "is a socket or a device that is not there",
}


def read_case_file(path: str) -> PatientCase:
    """Read a patient case from a file, or from standard input where the path is ``-``.

    Raises
    ------
    InputError
        Where the file cannot be read or the case is wrong; each problem names the file and the field.
    """
    from dosing_app.decision.patient import read_case  # noqa: PLC0415 - commands that read no case start faster

    name, content = read_content(path, _EXPECTED)
    try:
        return read_case(content)
    except InputError as error:
        raise InputError(
            Problem(f"{name}: {problem.place}" if problem.place else name, problem.message)
            for problem in error.problems
        ) from None


def read_content(path: str, expected: str) -> tuple[str, bytes]:
    """Return what a file is called in messages, and its bytes; ``-`` is standard input.

    Raises
    ------
    InputError
        Where it cannot be read, which names what was expected.
    """
    if not path.strip():
        raise input_error("CASE.json", f"the file name is empty; {expected}")
    name = "standard input" if path in _STANDARD_INPUT else _shortened(path)
    content = _standard_input(expected) if path in _STANDARD_INPUT else _file_content(path, name, expected)
    if len(content) > _LARGEST_CASE:
        raise input_error(name, f"is larger than 32 MiB; {expected}")
    return name, content


def _standard_input(expected: str) -> bytes:
    if sys.stdin is None:
        raise input_error("standard input", f"is closed; {expected}")
    if sys.stdin.isatty():
        report("Reading a patient case from the keyboard; Ctrl-D on a line of its own ends it.")
    try:
        return sys.stdin.buffer.read(_LARGEST_CASE + 1)
    except OSError as error:
        raise _unreadable("standard input", error, expected) from None


def _file_content(path: str, name: str, expected: str) -> bytes:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            content = file.read(_LARGEST_CASE + 1)
            is_pipe = stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)
    except OSError as error:
        raise _unreadable(name, error, expected) from None
    if is_pipe and not content:
        raise input_error(name, f"is a pipe that nothing was written to; {expected}")
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a writer, where it is a pipe that has none; one that it has is waited for."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def _unreadable(name: str, error: OSError, expected: str) -> InputError:
    found = _FOUND.get(error.errno or 0, f"cannot be read ({error.strerror or error})")
    return input_error(name, f"{found}; {expected}")


def _shortened(path: str) -> str:
    """Return a path for messages; what is longer than most paths is likely a case instead of the name of its file."""
    return path if len(path) <= _LONGEST_NAME else f"{path[:_LONGEST_NAME]}…"


def read_event_model(name: str | None) -> EventModel:
    """Read an event model: a file, a shipped one by its name, or the default one where there is no name.

    Raises
    ------
    InputError
        Where there is none, or the file is wrong.
    """
    from tte import DEFAULT_EVENT_MODEL, event_model_names, load_event_model  # noqa: PLC0415 - as above

    if name is None:
        return load_event_model(DEFAULT_EVENT_MODEL)
    if not name.strip():
        raise input_error("--event-model", "the file name is empty; expected an event model (asuc-event-model/1)")
    try:
        return load_event_model(name if name in event_model_names() else Path(name))
    except InputError as error:
        raise _said_once(error) from None


def is_event_model_file(name: str) -> bool:
    """Return whether a path is a file that says of itself that it is an event model."""
    import tomllib  # noqa: PLC0415 - as above

    try:
        with Path(name).open("rb") as file:
            return tomllib.load(file).get("schema") == "asuc-event-model/1"
    except (OSError, ValueError, RecursionError):
        return False


def read_model(name: str) -> ModelSpec:
    """Read a pharmacokinetic model: a shipped one by its name, or a file.

    Raises
    ------
    InputError
        Where there is none, or the file is wrong.
    """
    if not name.strip():
        raise input_error("NAME", "the name is empty; expected that of a model, as `asuc models` lists them")
    try:
        return load_model(name)
    except InputError as error:
        raise _said_once(error) from None


def _said_once(error: InputError) -> InputError:
    """Return only the problem with a file's schema where there is one: of a file of another kind everything is wrong."""
    return InputError([problem for problem in error.problems if problem.place.endswith(", schema")] or error.problems)
