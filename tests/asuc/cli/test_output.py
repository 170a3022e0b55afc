"""What becomes of output that cannot be written, and of characters that a terminal lacks."""

from __future__ import annotations

import json
import re

import pytest

from asuc.cli import run
from asuc.cli.output import escaped
from tests.asuc.shell import TYPICAL, asuc, asuc_in_terminal

RESULTS = [f"forecast {TYPICAL} --json", f"forecast {TYPICAL}", "models --json", "models", "--help", "forecast --help"]


@pytest.mark.parametrize("command", RESULTS)
@pytest.mark.parametrize(
    ("where", "cause"),
    [(">&-", "it is closed"), ("> /dev/full", "No space left on device"), ("1< /dev/null", "Bad file descriptor")],
)
def test_output_that_cannot_be_written_is_one_sentence_and_exit_code_1(command, where, cause):
    done = asuc(f"{command} {where}")
    assert (done.returncode, done.stderr) == (1, f"asuc: standard output cannot be written: {cause}.\n")


@pytest.mark.parametrize("command", [f"forecast {TYPICAL} --json", "models --json", "models"])
def test_a_reader_that_leaves_early_ends_the_command_in_silence(command):
    done = asuc(f"{command} | head -1")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("where", ["2> /dev/full", "2>&-"])
def test_the_exit_code_stands_where_standard_error_cannot_be_written(where):
    done = asuc(f"forecast '' {where}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_terminal_without_the_characters_gets_plain_letters(tmp_path):
    case = tmp_path / "case.json"
    case.write_text(TYPICAL.read_text().replace("drawn from the infusion line", "naïve ½ ≥ 日"), encoding="utf-8")
    done = asuc(f"forecast {case}", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert '"naive 1/2 >= ?"' in done.stdout
    assert "AUC, mg.day/L" in done.stdout
    latin = asuc(f"forecast {TYPICAL}", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (latin.returncode, latin.stderr) == (0, "")


def test_an_error_is_readable_without_the_characters_too():
    done = asuc("forecast 'é.json'", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (
        2,
        "e.json: no such file; expected a patient case (asuc-case/1)\n",
    )


@pytest.mark.requirement("BAD-02")
def test_json_without_the_characters_is_the_same_document():
    plain = asuc(f"forecast {TYPICAL} --json", PYTHONIOENCODING="ascii")
    assert plain.stdout.isascii()
    assert json.loads(plain.stdout) == json.loads(asuc(f"forecast {TYPICAL} --json").stdout)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colours_gets_none(variable, value):
    for command in ("models", "forecast --help"):
        done = asuc_in_terminal(command, **{"TERM": "xterm-256color", variable: value})
        assert done.returncode == 0
        assert not re.search(r"\x1b\[[0-9;]*[34][0-9]m", done.stdout)


def test_headings_are_bold_in_a_terminal_and_plain_in_a_pipe():
    assert "\x1b[1mModels\x1b[0m" in asuc_in_terminal("models", TERM="xterm-256color").stdout
    assert "\x1b" not in asuc("models", TERM="xterm-256color").stdout


def test_what_is_not_printable_is_shown_as_an_escape():
    assert escaped("a\x1b[31m\n\udcff\u00a0b") == r"a\x1b[31m\n\xff b"


def test_an_interrupted_command_says_so_and_writes_nothing(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("asuc.cli.forecast.read_case_file", interrupted)

    assert run(["forecast", str(TYPICAL), "--json"]) == 1
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "asuc: interrupted.\n")
