"""`asuc nonmem read`: one document for any file of a run, a table for a folder of them, and no failed run that is an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.nonmem_ref.test_read import EXT, LISTING

if TYPE_CHECKING:
    from pathlib import Path


def test_an_ext_file_is_told_and_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "run1.ext"
    file.write_text(EXT, encoding="utf-8")
    assert run(["nonmem", "read", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["kind"], document["status"]) == ("asuc-nonmem-read/1", "ext", "successful")
    assert set(document) == {"schema", "kind", "status", "reason", "tables", "messages"}
    assert run(["nonmem", "read", str(file)]) == 0
    told = " ".join(capsys.readouterr().out.split())  # long paths are broken into lines
    for words in ("successful", "THETA1", "OFV 90.1235", "fixed"):
        assert words in told


@pytest.mark.parametrize("text", ["", "\n", LISTING.split(" #TERM", maxsplit=1)[0], "\x00" * 100, "ÿþ1.0 2.0"])
def test_a_failed_run_or_no_run_at_all_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str):
    for name in ("run.ext", "run.lst", "run.phi", "run.cov", "run"):
        file = tmp_path / name
        file.write_text(text, encoding="latin-1")
        assert run(["nonmem", "read", str(file), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["status"] != "successful" or name == "run"
        assert document["reason"].endswith(".")
        assert run(["nonmem", "read", str(file)]) == 0
        capsys.readouterr()


def test_a_folder_is_one_row_for_each_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run1.ext").write_text(EXT, encoding="utf-8")
    (tmp_path / "run2.ext").write_text(EXT.split("  -1000000000", maxsplit=1)[0], encoding="utf-8")
    assert run(["nonmem", "read", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(one["file"], one["status"]) for one in document["runs"]] == [
        ("a/run1.ext", "successful"),
        ("run2.ext", "incomplete"),
    ]
    assert run(["nonmem", "read", str(tmp_path)]) == 0
    assert "2 runs" in capsys.readouterr().out
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "run1.ext").write_text("", encoding="utf-8")
    assert run(["nonmem", "read", str(tmp_path / "one")]) == 0
    assert "1 run\n" in capsys.readouterr().out


def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["nonmem", "read", str(tmp_path / "none.ext")]) == 2
    assert capsys.readouterr().err.strip().endswith("none.ext: cannot be read: No such file or directory")
    assert run(["nonmem", "read", str(tmp_path)]) == 2
    assert "holds no .ext file" in capsys.readouterr().err
