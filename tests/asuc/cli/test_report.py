"""`asuc report`: the file it writes, and what it refuses."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.asuc.shell import EXAMPLES, TYPICAL, asuc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs a report that must be refused, and returns its one line."""

    def refused(*arguments: str) -> str:
        assert run(["report", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err.rstrip("\n")

    return refused


def test_a_page_is_written_and_nothing_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "report.html"
    assert run(["report", str(TYPICAL), "--out", str(out)]) == 0

    assert capsys.readouterr().out == ""
    text = out.read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert re.search(r"Computed \d{4}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d", text)


def test_a_pdf_is_written_in_the_language_and_on_the_paper_asked_for(tmp_path: Path):
    out = tmp_path / "report.PDF"
    assert run(["report", str(TYPICAL), "--out", str(out), "--language", "de", "--paper", "letter"]) == 0

    assert out.read_bytes().startswith(b"%PDF-")


def test_a_case_comes_from_standard_input(tmp_path: Path):
    done = asuc(f"report - --out {tmp_path}/report.html < {EXAMPLES}/fast_clearance.json")

    assert (done.returncode, done.stdout) == (0, "")
    assert "Fast clearance" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_file_that_exists_is_refused_unless_forced(tmp_path: Path, refusal: Callable[..., str]):
    out = tmp_path / "report.html"
    out.write_text("kept", encoding="utf-8")

    assert refusal(str(TYPICAL), "--out", str(out)) == (
        f'--out: "{out}" exists; give another name, or --force to replace it'
    )
    assert out.read_text(encoding="utf-8") == "kept"
    assert run(["report", str(TYPICAL), "--out", str(out), "--force"]) == 0
    assert "<!DOCTYPE html>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report.docx", "report", ".html", ""])
def test_an_unknown_ending_is_refused(name: str, refusal: Callable[..., str]):
    assert refusal(str(TYPICAL), "--out", name) == (
        f'--out: "{name}" ends neither in .html nor in .pdf; expected one of these'
    )


def test_a_folder_that_is_missing_or_in_the_way_is_refused(tmp_path: Path, refusal: Callable[..., str]):
    missing, folder = tmp_path / "none" / "report.html", tmp_path / "folder.html"
    folder.mkdir()

    assert refusal(str(TYPICAL), "--out", str(missing)) == (
        f'--out: there is no folder "{missing.parent}"; expected one that exists'
    )
    assert refusal(str(TYPICAL), "--out", str(folder)) == f'--out: "{folder}" is a folder; expected the name of a file'


def test_a_wrong_case_is_refused_and_no_file_is_written(tmp_path: Path, refusal: Callable[..., str]):
    out = tmp_path / "report.html"

    assert refusal("none.json", "--out", str(out)).startswith("none.json: no such file; ")
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_one_sentence_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_bytes", denied)
    out = tmp_path / "report.html"
    assert run(["report", str(TYPICAL), "--out", str(out)]) == 1
    # On a slow machine the progress stands before it.
    assert capsys.readouterr().err.splitlines()[-1] == f"--out: {out}: cannot be written: Permission denied."


def test_a_report_that_takes_long_says_what_is_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    clock = count(step=3)
    monkeypatch.setattr("asuc.cli.report.time.monotonic", lambda: float(next(clock)))
    assert run(["report", str(TYPICAL), "--out", str(tmp_path / "report.html")]) == 0

    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"Searching regimens: \d+% done\.", lines[0])
    assert lines[-2:] == ["Comparing models.", "Setting the report."]


def test_an_event_model_that_is_none_is_refused(tmp_path: Path, refusal: Callable[..., str]):
    out = str(tmp_path / "report.html")

    assert refusal(str(TYPICAL), "--out", out, "--event-model", "none.toml").startswith("none.toml: no such file; ")


def test_out_is_needed(refusal: Callable[..., str]):
    assert refusal(str(TYPICAL)) == "asuc: Missing option '--out'. Try `asuc report --help`."
