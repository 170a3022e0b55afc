"""`asuc tte bootstrap`: what it writes, goes on with and refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from asuc.cli import run
from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LINE = ["tte", "bootstrap", str(ROOT / "examples" / "virtual_events.csv"), "--hazard", "weibull"]


def resampled(out: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    line = [*LINE, "--covariate", "LOG_AUC_CL", "--n", "250", "--out", str(out), *more, "--json"]
    assert run(line) == 0
    return json.loads(capsys.readouterr().out)


def test_it_writes_fits_table_document_and_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "bootstrap"
    document = resampled(out, capsys)
    assert document["schema"] == "tte-bootstrap/1"
    assert json.loads((out / "bootstrap.json").read_text(encoding="utf-8")) == document
    with (out / "replicates.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["number"]) for row in rows] == list(range(1, 251))
    assert list(rows[0])[4:] == ["ln lambda", "ln shape", "lambda:LOG_AUC_CL"]
    assert document["n_used"] == sum(row["status"] in ("converged", "at_bound") for row in rows)
    assert {file.name for file in (out / "figures").iterdir()} == {
        "figures.json",
        *(f"bootstrap{who}.{kind}" for who in ("", "-landmark-28") for kind in ("csv", "html", "svg")),
    }
    with (out / "figures" / "bootstrap.csv").open(encoding="utf-8") as stream:
        bars = [row for row in csv.DictReader(stream) if row["parameter"] == "ln shape"]
    assert sum(int(row["fits"]) for row in bars) == document["n_used"]


def test_processes_and_interruptions_change_no_bit(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    document = resampled(alone, capsys, "--no-figures")
    resampled(shared, capsys, "--no-figures", "--workers", "2")
    whole = (alone / "replicates.csv").read_bytes()
    assert (shared / "replicates.csv").read_bytes() == whole
    # An interruption in the middle of a line, and one that leaves a gap.
    lines = whole.splitlines(keepends=True)
    (shared / "replicates.csv").write_bytes(b"".join([*lines[:50], *lines[80:120], lines[130][:20]]))
    (shared / "bootstrap.json").unlink()
    again = resampled(shared, capsys, "--no-figures", "--resume")
    assert again["n_resumed"] == 89
    assert (shared / "replicates.csv").read_bytes() == whole
    assert again["parameters"] == document["parameters"]


def test_an_interruption_at_the_landmark_is_gone_on_from_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    alone, parted = tmp_path / "alone", tmp_path / "parted"
    document = resampled(alone, capsys, "--no-figures")
    resampled(parted, capsys, "--no-figures", "--workers", "2")
    file = parted / "replicates-landmark-28.csv"
    whole = (alone / file.name).read_bytes()
    assert file.read_bytes() == whole
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:101]))
    again = resampled(parted, capsys, "--no-figures", "--resume")
    assert file.read_bytes() == whole
    found, before = again["beside"]["bootstrap"], document["beside"]["bootstrap"]
    assert (again["n_resumed"], found["n_resumed"], before["n_resumed"]) == (250, 100, 0)
    assert found["parameters"] == before["parameters"]


def test_fits_at_the_landmark_of_other_settings_are_not_gone_on_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    out, first = tmp_path / "bootstrap", [*LINE, "--n", "20", "--no-figures", "--out", str(tmp_path / "bootstrap")]
    assert run([*first, "--seed", "1"]) == 0

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("asuc.cli.tte_bootstrap.add_to_table", stopped)
        run([*first, "--seed", "2", "--force"])
    assert "of 40 fits are kept" in capsys.readouterr().err
    assert run([*first, "--seed", "2", "--resume"]) == 0
    again = (out / "replicates-landmark-28.csv").read_bytes()
    other = tmp_path / "other"
    assert run([*LINE, "--n", "20", "--no-figures", "--out", str(other), "--seed", "2"]) == 0
    assert (other / "replicates-landmark-28.csv").read_bytes() == again


def test_it_refuses_other_settings_and_a_folder_that_exists(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "bootstrap"
    line = [*LINE, "--n", "2", "--no-figures", "--out", str(out)]
    assert run(line) == 0
    assert run(line) == 2
    assert "exists; nothing is written over" in capsys.readouterr().err
    assert run([*line, "--resume", "--seed", "2"]) == 2
    assert "seed is 1 there and 2 now" in capsys.readouterr().err
