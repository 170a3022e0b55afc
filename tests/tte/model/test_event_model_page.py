"""The page on event model files says what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel

from tests.tte.model.event_model_files import build, shipped
from tte import load_event_model
from tte.model import schema
from tte.model.coding import Coding

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "how-to" / "event-model-files.md").read_text(encoding="utf-8")


def test_the_page_names_every_key_and_choice():
    sections = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    keys = {field.alias or name for kind in sections for name, field in kind.model_fields.items()}
    missing = {word for word in keys | {member.value for member in Coding} if word not in PAGE}
    assert not missing


def test_the_example_on_the_page_runs(capsys):
    program = PAGE.split("```python\n")[1].split("```")[0]
    exec(program, {})  # noqa: S102 (our own documentation)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("low")
    assert len(lines) == 3


def test_the_pieces_on_the_page_make_the_shipped_model():
    pieces = [piece.split("```")[0] for piece in PAGE.split("```toml\n")[1:]]
    model = build(shipped() | tomllib.loads("\n".join(pieces)))
    assert (model.x_ref, model.uncertainty) == (load_event_model().x_ref, load_event_model().uncertainty)
