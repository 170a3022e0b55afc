"""The page on power shows what its command prints, and the pages on pooled trials name options that there are."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from asuc.cli import run
from tests.docs.pages import page

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PAGE = page("docs/how-to/crohns-power.md")


def test_the_table_is_what_the_command_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = [
        "crohns",
        "power",
        "--eligible",
        "age_year>=50",
        "--out",
        str(tmp_path / "power"),
        "--no-figures",
        "--json",
    ]
    assert run(words) == 0
    document = json.loads(capsys.readouterr().out)
    shown = [
        [float(cell) for cell in line.strip("| ").split("|")]
        for line in PAGE.splitlines()
        if re.match(r"\| \d+ \|", line)
    ]
    found = [
        [
            one["n_per_arm"],
            one["chi_square"]["exact"],
            one["chi_square_corrected"]["exact"],
            one["assurance"]["first_better"],
            one["assurance"]["second_better"],
            one["type1"]["exact"],
            one["published_procedure"]["first_better"],
        ]
        for one in document["sizes"]
    ]
    assert [[round(value, 3) for value in row] for row in found] == shown


def test_options_on_the_pages_are_options_of_the_commands(capsys: pytest.CaptureFixture[str]):
    for name, text in (("validate", page("docs/how-to/crohns-validation.md")), ("power", PAGE)):
        assert run(["crohns", name, "--help"]) == 0
        known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
        assert set(re.findall(r"--[a-z][a-z-]+", text)) <= known
