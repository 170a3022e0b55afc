"""Who computed what kind of thing when: one line of JSON for each computation, and nothing of the patient.

A line holds no value, no text and no label of a case, and no hash of one either: a case is a few numbers out of small
ranges, so that its hash could be reversed by trying them all.
"""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, cast

from flask import current_app, g, has_request_context

from dosing_app.ui.sign_on import user_name
from pkpd.errors import input_error

if TYPE_CHECKING:
    from flask import Flask

    from pkpd.model.spec import ModelSpec
    from tte import EventModel

Action = Literal["forecast", "search", "report", "crohns", "omop"]
Outcome = Literal["done", "refused", "failed"]

AUDIT_LOG = "ASUC_AUDIT_LOG"
"""Key of the file in the server's configuration."""

STANDARD_OUTPUT = "-"
_FAULT = "ASUC_AUDIT_FAULT"
_STANDARD_OUTPUT_DESCRIPTOR = 1
# For its owner and group: names of users are in it.
_MODE = 0o640
_LOGGER = logging.getLogger(__name__)


def check_audit_log(file: str) -> None:
    """Create the file where it is missing.

    Raises
    ------
    InputError
        Naming ``--audit-log`` where it cannot be written.
    """
    try:
        _append(file, b"")
    except OSError as error:
        message = f"{file} cannot be written ({_cause(error)}); name a file that can, or - for standard output"
        raise input_error("--audit-log", message) from error


def time_requests(server: Flask) -> None:
    """Note when each request came, for the duration in the log; call it before other hooks."""

    def note_time() -> None:
        g.came = time.perf_counter()

    server.before_request(note_time)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model a computation was made with, where it is none of the engine's: its id, version and checksum."""

    id: str
    version: str
    sha256: str


def record(
    action: Action | None,
    *,
    model: ModelSpec | Identity | None,
    event_model: EventModel | None,
    outcome: Outcome = "done",
) -> None:
    """Write one line, where there is an audit log; call it once for each computation that a request asked for.

    Parameters
    ----------
    action : str or None
        What was asked for; None where it failed before that was known.
    model, event_model : ModelSpec or Identity, EventModel or None
        What it was computed with; None where that was not known yet.
    outcome : str
        "refused" where the case was no valid one, "failed" where the program itself failed.

    Notes
    -----
    A line that cannot be written loses no answer: it is said on standard error, and the health page turns to failing.
    """
    if not has_request_context():
        return
    config = cast("dict[str, Any]", current_app.config)
    file: str | None = config.get(AUDIT_LOG)
    if not file:
        return
    entry = {
        "time": datetime.now(tz=UTC).astimezone().isoformat(timespec="milliseconds"),
        "user": user_name(),
        "action": action,
        "model": model and {"id": model.id, "version": model.version, "sha256": model.sha256},
        "event_model": event_model
        and {"id": event_model.id, "version": event_model.version, "sha256": event_model.sha256},
        "software": version("asuc"),
        "duration_ms": _milliseconds_since(g.came),
        "outcome": outcome,
    }
    config[_FAULT] = fault = _fault(file, json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    if fault:
        _LOGGER.error("%s", fault)


def audit_fault() -> str:
    """Return why the audit log cannot be written, or the last line was not; empty where all is well, or there is none."""
    config = cast("dict[str, Any]", current_app.config)
    file: str | None = config.get(AUDIT_LOG)
    return _fault(file, b"") or config.get(_FAULT, "") if file else ""


def _fault(file: str, line: bytes) -> str:
    """Append a line and return why that failed, if it did."""
    try:
        _append(file, line)
    except OSError as error:
        return f"audit log: cannot be written ({_cause(error)})"
    return ""


def _append(file: str, line: bytes) -> None:
    """Append a line in one call, so that lines of several processes do not mix; the file may be moved away any time."""
    if file == STANDARD_OUTPUT:
        os.write(_STANDARD_OUTPUT_DESCRIPTOR, line)
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _milliseconds_since(moment: float) -> int:
    return round(timedelta(seconds=time.perf_counter() - moment) / timedelta(milliseconds=1))


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
