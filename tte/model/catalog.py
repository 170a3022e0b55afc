"""Event models from TOML files: those shipped with the package, by name, and the user's own, by path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.shipped_files import ShippedFiles
from pkpd.toml_file import TomlKind
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

_SHIPPED = ShippedFiles(
    "event model", Path(__file__).resolve().parents[1] / "library", EVENT_MODEL_FILE, build_event_model
)


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
    return _SHIPPED.load(name_or_path)


def event_model_names() -> tuple[str, ...]:
    """Return the names of the shipped event models, in alphabetical order."""
    return _SHIPPED.names()
