"""The requirements: what stands in ``requirements.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def requirements() -> dict[str, str]:
    """Return the sentence of every requirement by its id, in the order of the file."""
    content = files("asuc.qualification").joinpath("requirements.toml").read_text(encoding="utf-8")
    return {name: str(entry["text"]) for name, entry in tomllib.loads(content).items()}
