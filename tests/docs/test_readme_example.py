"""What the README prints runs as printed."""

from __future__ import annotations

import tomllib

import pytest

from tests.docs.pages import ROOT, blocks, page, run_line

README = page("README.md")
SHELL_LINES = [line for block in blocks(README, "sh") for line in block.splitlines()]


def test_the_readme_shows_forecast_optimize_and_models_in_the_shell():
    assert len(blocks(README, "python")) == 1
    for command in ("models", "forecast", "optimize"):
        assert any(f"asuc {command} " in line for line in SHELL_LINES)


@pytest.mark.parametrize("line", SHELL_LINES)
def test_a_shell_line_of_the_readme_runs(line: str):
    done = run_line(line, ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not done.stderr


def test_the_python_example_prints_what_the_readme_says(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(blocks(README, "python")[0], {})  # noqa: S102 (our own documentation)
    assert capsys.readouterr().out == blocks(README, "text")[0]


def test_the_example_is_ten_lines():
    assert len([line for line in blocks(README, "python")[0].splitlines() if line]) <= 10


def test_make_installs_the_command_under_the_name_that_the_readme_uses():
    project = tomllib.loads(page("pyproject.toml"))["project"]
    assert project["scripts"]["asuc"] == "asuc.__main__:main"


def test_every_make_target_in_the_readme_exists():
    targets = {line.split(":")[0] for line in page("Makefile").splitlines() if line[:1].isalpha() and ":" in line}
    named = {word.split("`")[0] for word in README.split("`make ")[1:]}
    assert named <= targets


def test_the_shell_lines_write_no_file():
    assert not any(">" in line for line in SHELL_LINES)
