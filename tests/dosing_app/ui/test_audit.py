"""The audit log says who computed what kind of thing when, and nothing of the patient."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from dosing_app.ui import audit
from dosing_app.ui.sign_on import SIGN_ON, ask_for_user, read_sign_on
from pkpd.errors import InputError
from pkpd.model import load_model
from tte import load_event_model

if TYPE_CHECKING:
    from pathlib import Path

MODEL, EVENT_MODEL = load_model("niyigena_2026_asuc"), load_event_model()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def server(log: Path) -> Flask:
    server = Flask(__name__)
    server.config[audit.AUDIT_LOG] = str(log)
    server.config[SIGN_ON] = read_sign_on("X-Remote-User", [])
    audit.time_requests(server)
    ask_for_user(server, open_paths=())

    def compute() -> str:
        audit.record("forecast", model=MODEL, event_model=EVENT_MODEL)
        audit.record("search", model=None, event_model=None, outcome="refused")
        return "done"

    server.add_url_rule("/compute", "compute", compute)
    return server


def compute(server: Flask) -> int:
    return server.test_client().get("/compute", headers={"X-Remote-User": "a.nurse"}).status_code


def test_a_line_holds_who_what_when_with_which_models_and_nothing_else(server: Flask, log: Path):
    compute(server)
    done, refused = [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    assert abs((datetime.now().astimezone() - datetime.fromisoformat(done.pop("time"))).total_seconds()) < 60.0
    assert 0 <= done.pop("duration_ms") < 60_000
    assert done == {
        "user": "a.nurse",
        "action": "forecast",
        "model": {"id": MODEL.id, "version": MODEL.version, "sha256": MODEL.sha256},
        "event_model": {"id": EVENT_MODEL.id, "version": EVENT_MODEL.version, "sha256": EVENT_MODEL.sha256},
        "software": version("asuc"),
        "outcome": "done",
    }
    assert (refused["action"], refused["model"], refused["outcome"]) == ("search", None, "refused")


def test_the_time_carries_its_offset(server: Flask, log: Path):
    compute(server)
    time = datetime.fromisoformat(json.loads(log.read_text("utf-8").splitlines()[0])["time"])

    assert time.utcoffset() is not None


def test_a_name_with_a_line_break_stays_in_one_line(server: Flask, log: Path):
    server.test_client().get("/compute", headers={"X-Remote-User": 'a"\x0b{}'})

    assert json.loads(log.read_text("utf-8").splitlines()[0])["user"] == 'a"{}'


def test_the_file_is_not_for_everyone(server: Flask, log: Path):
    compute(server)

    assert not log.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP)


def test_a_log_that_was_moved_away_is_begun_anew(server: Flask, log: Path):
    compute(server)
    log.rename(log.with_suffix(".1"))
    compute(server)

    assert len(log.read_text("utf-8").splitlines()) == 2


def test_a_line_that_cannot_be_written_loses_no_answer_and_is_said(
    server: Flask, log: Path, caplog: pytest.LogCaptureFixture
):
    log.mkdir()
    status = compute(server)
    with server.test_request_context():
        fault = audit.audit_fault()

    assert status == 200
    assert fault == "audit log: cannot be written (is a directory)"
    assert fault in caplog.text


def test_a_full_disk_is_remembered_until_a_line_is_written(server: Flask, monkeypatch: pytest.MonkeyPatch):
    def full(_: int, line: bytes) -> int:
        if line:
            raise OSError(28, "No space left on device")
        return 0

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        compute(server)
    with server.test_request_context():
        before = audit.audit_fault()
    compute(server)
    with server.test_request_context():
        after = audit.audit_fault()

    assert (before, after) == ("audit log: cannot be written (no space left on device)", "")


def test_a_dash_is_standard_output(server: Flask, capfd: pytest.CaptureFixture[str]):
    server.config[audit.AUDIT_LOG] = "-"
    compute(server)

    assert json.loads(capfd.readouterr().out.splitlines()[0])["action"] == "forecast"


def test_without_a_log_and_outside_a_request_nothing_happens(server: Flask, log: Path):
    server.config[audit.AUDIT_LOG] = None
    compute(server)
    audit.record("report", model=MODEL, event_model=EVENT_MODEL)

    assert not log.exists()


def test_a_log_in_a_folder_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"^--audit-log: .* cannot be written \(no such file or directory\)"):
        audit.check_audit_log(str(tmp_path / "missing" / "audit.log"))
