"""Event models from TOML files: those shipped with the package, by name, and the user's own, by path."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pkpd.errors import InputError, input_error
from tte.model.build import build_event_model
from tte.model.messages import closest, describe
from tte.model.schema import EventModelFile

if TYPE_CHECKING:
    from tte.model.event_model import EventModel

DEFAULT_EVENT_MODEL = "niyigena_2026_asuc"

_LIBRARY = Path(__file__).resolve().parents[1] / "library"
_SUFFIX = ".toml"
# An event model file is a few kilobytes; this keeps a wrong file from filling the memory.
_LARGEST_FILE_BYTES = 1_000_000


def load_event_model(name_or_path: str | Path = DEFAULT_EVENT_MODEL) -> EventModel:
    """Return an event model.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped event model, or path of a TOML file of the user's own (a Path, or text that ends in
        ``.toml``).

    Returns
    -------
    EventModel
        The model; a shipped one is read once per process, a file every time.

    Raises
    ------
    InputError
        If there is no such model or file, or with one problem for each thing wrong in the file.
    """
    if isinstance(name_or_path, Path) or name_or_path.lower().endswith(_SUFFIX):
        return _read(Path(name_or_path), str(name_or_path))
    return _shipped(name_or_path)


@cache
def event_model_names() -> tuple[str, ...]:
    """Return the names of the shipped event models, in alphabetical order."""
    return tuple(sorted(path.stem for path in _LIBRARY.glob(f"*{_SUFFIX}")))


@cache
def _shipped(name: str) -> EventModel:
    """Return a shipped event model."""
    names = event_model_names()
    if name not in names:
        hint = closest(name, list(names))
        message = (
            f"'{name}' is not a shipped event model; {hint}there are {', '.join(names)}; "
            f"a file of your own ends in {_SUFFIX}."
        )
        raise input_error("event model", message)
    return _read(_LIBRARY / f"{name}{_SUFFIX}", f"{name}{_SUFFIX}")


def _read(path: Path, file: str) -> EventModel:
    """Return the event model in a file, called `file` in messages."""
    content = _bytes_of(path, file)
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8 text; an event model file is TOML in UTF-8."
        raise input_error(file, message) from None
    except RecursionError:
        raise input_error(file, "is nested too deeply for an event model file.") from None
    except ValueError as error:
        # tomllib's own error and Python's refusal of numbers with thousands of digits.
        raise input_error(file, f"is not valid TOML: {error}.") from None
    try:
        model = EventModelFile.model_validate(data)
    except ValidationError as error:
        raise InputError(describe(error, file)) from None
    return build_event_model(model, file, hashlib.sha256(content).hexdigest())


def _bytes_of(path: Path, file: str) -> bytes:
    """Return a file's bytes."""
    try:
        if not path.is_file():
            found = "is not a file" if path.exists() else "no such file"
            raise input_error(file, f"{found}; give the path of an event model's TOML file.")
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise input_error(
                file, f"has {path.stat().st_size} bytes, expected an event model file of a few kilobytes."
            )
        return path.read_bytes()
    except OSError as error:
        raise input_error(file, f"cannot be read: {error.strerror}.") from None
