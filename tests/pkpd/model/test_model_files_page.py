"""The page on model files says what the code does."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from pkpd.model import schema
from pkpd.model.spec import COVARIATE_CODES, COVARIATE_UNITS, EffectForm, Parameterization, RandomEffectShape, Structure

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "model-files.md").read_text(encoding="utf-8")


def test_the_page_names_every_key_form_structure_and_covariate():
    sections = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    keys = {field.alias or name for kind in sections for name, field in kind.model_fields.items()}
    choices = {member.value for kind in (EffectForm, Parameterization, RandomEffectShape, Structure) for member in kind}
    labels = {label for codes in COVARIATE_CODES.values() for label in codes}
    missing = {word for word in keys | choices | labels | set(COVARIATE_UNITS) if word not in PAGE}
    assert not missing


def test_the_example_on_the_page_runs(capsys):
    program = PAGE.split("```python\n")[1].split("```")[0].replace('("my_model.toml")', '("hanzel_2021")')
    exec(program, {})  # noqa: S102 (our own documentation)
    assert "'v1'" in capsys.readouterr().out
