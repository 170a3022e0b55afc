"""Models in TOML files: those shipped in a folder of the package, by name, and a user's own, by path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel

from pkpd.errors import input_error
from pkpd.toml_file import TomlKind, closest, read_toml

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = TypeVar("Schema", bound=BaseModel)
Model = TypeVar("Model")

_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True, eq=False)
class ShippedFiles(Generic[Schema, Model]):
    """A kind of model that is read from TOML files.

    Parameters
    ----------
    what : str
        What one is called in messages ("model").
    folder : Path
        Where the shipped ones are.
    kind : TomlKind
        What such a file holds.
    build : callable
        Makes the model of the checked content, the name of the file for messages, and its SHA-256.
    """

    what: str
    folder: Path
    kind: TomlKind[Schema]
    build: Callable[[Schema, str, str], Model]

    def load(self, name_or_path: str | Path) -> Model:
        """Return the shipped model of a name, read once per process, or that of a path (a Path, or text that ends in ``.toml``).

        Raises
        ------
        InputError
            If there is no such model or file, or with one problem for each thing wrong in the file.
        """
        if isinstance(name_or_path, Path) or name_or_path.lower().endswith(_SUFFIX):
            return self.read(Path(name_or_path), str(name_or_path))
        return cast("Model", _shipped(self, name_or_path))

    def names(self) -> tuple[str, ...]:
        """Return the names of the shipped models, in alphabetical order."""
        return _names(self.folder)

    def read(self, path: Path, file: str) -> Model:
        """Return the model in a file, called `file` in messages."""
        content, sha256 = read_toml(self.kind, path, file)
        return self.build(content, file, sha256)


@cache
def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob(f"*{_SUFFIX}")))


@cache
def _shipped(files: ShippedFiles[Any, Any], name: str) -> object:
    names = files.names()
    if name not in names:
        message = (
            f"'{name}' is not a shipped {files.what}; {closest(name, list(names))}there are {', '.join(names)}; "
            f"a file of your own ends in {_SUFFIX}."
        )
        raise input_error(files.what, message)
    return files.read(files.folder / f"{name}{_SUFFIX}", f"{name}{_SUFFIX}")
