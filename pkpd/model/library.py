"""Models from TOML files: those shipped with the package, by name, and the user's own, by path."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.errors import input_error
from pkpd.model.build import build_model
from pkpd.model.schema import ModelFile
from pkpd.toml_file import TomlKind, closest, read_toml

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec

DEFAULT_MODEL = "niyigena_2026_asuc"
MODEL_FILE = TomlKind("a model file", "give the path of a model's TOML file", "docs/how-to/model-files.md", ModelFile)
"""What a model file is called and holds."""

_LIBRARY = Path(__file__).resolve().parent.parent / "library"
_SUFFIX = ".toml"


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
    if isinstance(name_or_path, Path) or name_or_path.lower().endswith(_SUFFIX):
        return _read(Path(name_or_path), str(name_or_path))
    return _shipped(name_or_path)


@cache
def model_names() -> tuple[str, ...]:
    """Return the names of the shipped models, in alphabetical order."""
    return tuple(sorted(path.stem for path in _LIBRARY.glob(f"*{_SUFFIX}")))


@cache
def _shipped(name: str) -> ModelSpec:
    """Return a shipped model."""
    names = model_names()
    if name not in names:
        hint = closest(name, list(names))
        message = f"'{name}' is not a shipped model; {hint}there are {', '.join(names)}; a file of your own ends in {_SUFFIX}."
        raise input_error("model", message)
    return _read(_LIBRARY / f"{name}{_SUFFIX}", f"{name}{_SUFFIX}")


def _read(path: Path, file: str) -> ModelSpec:
    """Return the model in a file, called `file` in messages."""
    model, sha256 = read_toml(MODEL_FILE, path, file)
    return build_model(model, file, sha256)
