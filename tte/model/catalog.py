"""Event models from TOML files: those shipped with the package, by name, and the user's own, by path."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.errors import input_error
from pkpd.toml_file import TomlKind, closest, read_toml
from tte.model.build import build_event_model
from tte.model.schema import EventModelFile

if TYPE_CHECKING:
    from tte.model.event_model import EventModel

DEFAULT_EVENT_MODEL = "niyigena_2026_asuc"
EVENT_MODEL_FILE = TomlKind(
    "an event model file",
    "give the path of an event model's TOML file",
    "docs/how-to/event-model-files.md",
    EventModelFile,
    {"uncertainty": ("anchored", "covariance", "none")},
)
"""What an event model file is called and holds."""

_LIBRARY = Path(__file__).resolve().parents[1] / "library"
_SUFFIX = ".toml"


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
    model, sha256 = read_toml(EVENT_MODEL_FILE, path, file)
    return build_event_model(model, file, sha256)
