"""The example cases, made up for this project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dosing_app.decision.patient import read_case

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase

_FOLDER = Path(__file__).parent.parent / "examples"


def example_names() -> tuple[str, ...]:
    """Return the names of the example cases."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def example_case(name: str) -> PatientCase:
    """Return an example case by name."""
    return read_case((_FOLDER / f"{name}.json").read_bytes())
