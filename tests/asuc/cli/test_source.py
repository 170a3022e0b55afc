"""Files that cannot be read: one sentence each, exit code 2."""

from __future__ import annotations

import os
import socket

import pytest

from asuc.cli import run
from asuc.cli.source import read_event_model
from tests.asuc.shell import ROOT, TYPICAL, asuc

CASE = "expected a patient case (asuc-case/1)"


@pytest.fixture
def refusal(capsys):
    """Return a function that runs a command which must be refused, and returns its one line."""

    def refused(*arguments: str) -> str:
        assert run(list(arguments)) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err.rstrip("\n")

    return refused


@pytest.mark.parametrize("command", ["forecast", "optimize", "app"])
@pytest.mark.parametrize("name", ["", "   ", "\t"])
def test_an_empty_name_is_said_to_be_empty(refusal, command, name):
    assert refusal(command, name) == f"CASE.json: the file name is empty; {CASE}"


def test_what_is_no_file_is_named(refusal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert refusal("forecast", "socket") == f"socket: is a socket or a device that is not there; {CASE}"
    assert refusal("forecast", ".") == f".: is a folder; {CASE}"
    assert refusal("forecast", "none.json") == f"none.json: no such file; {CASE}"
    assert refusal("forecast", "pipe") == f"pipe: is a pipe that nothing was written to; {CASE}"
    assert refusal("forecast", "/dev/zero") == f"/dev/zero: is larger than 32 MiB; {CASE}"


def test_a_file_without_permission_says_so(refusal, monkeypatch):
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("asuc.cli.source.os.open", denied)
    assert refusal("forecast", "case.json") == f"case.json: cannot be read (Permission denied); {CASE}"


def test_names_show_control_characters_and_bytes_that_are_no_text_as_escapes(refusal):
    assert refusal("forecast", "a\x1b[31mb\nc.json") == rf"a\x1b[31mb\nc.json: no such file; {CASE}"
    assert refusal("forecast", "bad\udcff.json") == rf"bad\xff.json: no such file; {CASE}"
    assert refusal("forecast", "--\x1bx").startswith(r"asuc: No such option: --\x1bx")


def test_a_case_in_place_of_its_file_name_does_not_fill_the_screen(refusal):
    assert len(refusal("forecast", TYPICAL.read_text() * 10)) < 400


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_closed_standard_input_is_bad_input(name):
    done = asuc(f"forecast {name} <&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"standard input: is closed; {CASE}\n")


def test_a_case_comes_through_a_pipe_whose_writer_takes_its_time():
    for line in (f"forecast <(sleep 1; cat {TYPICAL}) --json", f"forecast - --json < {TYPICAL}"):
        done = asuc(line)
        assert (done.returncode, done.stderr) == (0, "")
        assert '"asuc-forecast/1"' in done.stdout


def test_an_event_model_that_is_none_is_one_sentence(refusal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("a = [")
    (tmp_path / "other.toml").write_text("a = 1")
    model = ROOT / "pkpd" / "library" / "song_2025.toml"
    expected = {
        "": "--event-model: the file name is empty; expected an event model (asuc-event-model/1)",
        "none.toml": "none.toml: no such file; give the path of an event model's TOML file.",
        "none": "none: no such file; give the path of an event model's TOML file.",
        ".": ".: is not a file; give the path of an event model's TOML file.",
        str(TYPICAL): f"{TYPICAL}: is not valid TOML: ",
        "broken.toml": "broken.toml: is not valid TOML: ",
        "other.toml": "other.toml, schema: is missing; ",
        str(model): f"{model}, schema: 'asuc-model/1', ",
    }
    for name, sentence in expected.items():
        assert refusal("forecast", str(TYPICAL), "--event-model", name).startswith(sentence)


def test_a_shipped_event_model_is_read_by_its_name_and_is_the_default():
    assert read_event_model("niyigena_2026_asuc") is read_event_model(None)


def test_a_model_that_is_none_is_one_sentence(refusal):
    assert refusal("models", "UNKNOWN").startswith("model: 'UNKNOWN' is not a shipped model; there are aubourg_2015, ")
    assert refusal("models", " ") == "NAME: the name is empty; expected that of a model, as `asuc models` lists them"
    file = ROOT / "pyproject.toml"
    assert refusal("models", str(file)).startswith(f"{file}, schema: ")


def test_wrong_words_name_the_help_of_their_command(refusal):
    assert refusal("forecast", "a.json", "b.json") == (
        "asuc: Got unexpected extra argument(s) (b.json). Try `asuc forecast --help`."
    )
    assert refusal("forecst") == "asuc: No such command 'forecst'. Did you mean 'forecast'? Try `asuc --help`."
    assert refusal("optimize") == "asuc: Missing argument 'CASE.json'. Try `asuc optimize --help`."
