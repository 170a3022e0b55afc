"""Models from TOML files: those shipped with the package, by name, and the user's own, by path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.model.build import build_model
from pkpd.model.schema import ModelFile
from pkpd.shipped_files import ShippedFiles
from pkpd.toml_file import TomlKind

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec

DEFAULT_MODEL = "niyigena_2026_asuc"
MODEL_FILE = TomlKind("a model file", "give the path of a model's TOML file", "docs/how-to/model-files.md", ModelFile)
"""What a model file is called and holds."""

_SHIPPED = ShippedFiles("model", Path(__file__).resolve().parent.parent / "library", MODEL_FILE, build_model)


def load_model(name_or_path: str | Path) -> ModelSpec:
    """Return a model.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped model, or path of a TOML file of the user's own (a Path, or text that ends in ``.toml``).

    Returns
    -------
    ModelSpec
        The model; a shipped one is read once per process, a file every time.

    Raises
    ------
    InputError
        If there is no such model or file, or with one problem for each thing wrong in the file.
    """
    return _SHIPPED.load(name_or_path)


def model_names() -> tuple[str, ...]:
    """Return the names of the shipped models, in alphabetical order."""
    return _SHIPPED.names()
