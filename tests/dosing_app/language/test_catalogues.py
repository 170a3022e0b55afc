"""Every key that the program says is in English, every English one in every other language, with the same values."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import dosing_app
from dosing_app.language.catalogue import DEFAULT, catalogue, languages

PACKAGE = Path(str(dosing_app.__file__)).parent
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+")
OTHERS = [language for language in languages() if language != DEFAULT]
ENGLISH = catalogue(DEFAULT).templates


def trees() -> list[ast.AST]:
    return [node for path in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def texts_in(node: ast.AST) -> set[str]:
    """Return the texts that look like a key."""
    constants = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return {text for text in constants if isinstance(text, str) and KEY.fullmatch(text)}


def keys_said() -> set[str]:
    """Return the keys that are handed to ``say`` and ``message`` as they stand, one of two included."""
    called = (node for node in trees() if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args)
    first = (node.args[0] for node in called if getattr(node.func, "id", "") in {"say", "message"})
    whole = (node for node in first if isinstance(node, ast.Constant | ast.IfExp))
    return set().union(
        *(
            texts_in(node.body) | texts_in(node.orelse) if isinstance(node, ast.IfExp) else texts_in(node)
            for node in whole
        )
    )


def texts_in_code() -> set[str]:
    return set().union(*(texts_in(node) for node in trees() if isinstance(node, ast.Constant)))


def families_in_code() -> set[str]:
    """Return the beginnings of keys that are put together in code: an f-string such as f"field.{name}"."""
    found: set[str] = set()
    for node in trees():
        if isinstance(node, ast.JoinedStr) and len(node.values) > 1 and isinstance(node.values[0], ast.Constant):
            start = str(node.values[0].value)
            if re.fullmatch(r"([a-z][a-z0-9_]*\.)+([a-z0-9_]*)", start):
                found.add(start)
    return found


def values_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_key_that_is_said_is_in_english():
    assert keys_said() - set(ENGLISH) == set()


def test_every_key_is_said_somewhere():
    families = tuple(families_in_code())

    assert {key for key in set(ENGLISH) - texts_in_code() if not key.startswith(families)} == set()


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_is_complete(language: str):
    templates = catalogue(language).templates

    assert set(ENGLISH) - set(templates) == set()
    assert set(templates) - set(ENGLISH) == set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_another_language_has_the_same_values(language: str, key: str):
    ours, theirs = ENGLISH[key], catalogue(language).templates[key]

    assert set().union(*map(values_in, theirs)) == set().union(*map(values_in, ours))
    assert len(theirs) == len(ours)


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_no_sentence_is_left_in_a_half(key: str):
    for template in ENGLISH[key]:
        assert template == template.strip()
        assert "!" not in template
