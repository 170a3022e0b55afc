"""Several worker processes behind one port: each request may go to any of them."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.visitor import Visitor
from dosing_app.ui import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "dosing_app" / "examples" / "typical.json"
_PATIENCE_SECONDS = 400.0  # the engine may have to be compiled first


def gunicorn(*options: str, **variables: str) -> subprocess.Popen[str]:
    """Start the app under gunicorn."""
    command = [sys.executable, "-m", "gunicorn", *options, "--no-control-socket", "dosing_app.ui.wsgi:application"]
    return subprocess.Popen(  # noqa: S603 (our own program)
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def served(*options: str, **variables: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Serve the app on a free port, and yield the port and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = gunicorn("--bind", f"127.0.0.1:{port}", *options, **variables)
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, process.communicate()[0]
        try:
            if get(port, "/health")[0] == http.client.OK:
                return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail("the server did not answer in time")


def get(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.headers


def upload(visitor: Visitor) -> None:
    """Open the example, since the screen is empty at first."""
    content = base64.b64encode(EXAMPLE.read_bytes()).decode()
    visitor.change(ids.OPEN, "contents", f"data:application/json;base64,{content}")


def weights_seen(port: int, weights: list[str]) -> list[str]:
    """Enter one weight after another, and return those that the answers were computed with."""
    visitor = Visitor("127.0.0.1", port)
    visitor.open()
    upload(visitor)
    seen = []
    for weight in weights:
        visitor.change(ids.field("weight_kg"), "value", weight)
        seen.append(f"{json.loads(visitor.value(ids.VALID_CASE, 'data'))['covariates']['weight_kg']:.1f}")
    visitor.close()
    return seen


def worker_seconds(pid: int) -> list[float]:
    """Return the processor time of each worker of a gunicorn."""
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    fields = [Path(f"/proc/{worker}/stat").read_text("ascii").rpartition(")")[2].split() for worker in workers]
    return [(int(each[11]) + int(each[12])) / os.sysconf("SC_CLK_TCK") for each in fields]


@pytest.mark.slow
def test_two_workers_give_each_of_two_visitors_answers_to_their_own_values():
    entered = [[f"{50 + step + half / 2:.1f}" for step in range(20)] for half in (0, 1)]
    with served("--workers", "2") as (port, process), ThreadPoolExecutor(2) as pool:
        before = worker_seconds(process.pid)
        seen = list(pool.map(lambda weights: weights_seen(port, weights), entered))
        used = [after - earlier for after, earlier in zip(worker_seconds(process.pid), before, strict=True)]

    assert seen == entered
    assert len(used) == 2
    assert min(used) > 0.1


@pytest.mark.slow
def test_the_environment_sets_the_options(tmp_path: Path):
    log = tmp_path / "audit.log"
    options = {"ASUC_USER_HEADER": "X-Remote-User", "ASUC_TRUSTED_HOST": "dosing.example", "ASUC_AUDIT_LOG": str(log)}
    with served(**options) as (port, process):
        assert get(port, "/")[0] == http.client.UNAUTHORIZED
        status, headers = get(port, "/", X_Remote_User="a.nurse", Host="dosing.example")
        assert status == http.client.OK
        assert headers["Server"] == "gunicorn"
        assert get(port, "/", X_Remote_User="a.nurse", Host="other.example")[0] == http.client.BAD_REQUEST
        assert log.exists()
        process.terminate()
        written = process.communicate(timeout=60)[0]

    assert "GET /" not in written
    assert "a.nurse" not in written


@pytest.mark.slow
def test_a_wrong_variable_ends_the_server_with_one_sentence():
    process = gunicorn("--bind", "127.0.0.1:0", ASUC_USER_HEADER="X Remote")
    written = process.communicate(timeout=_PATIENCE_SECONDS)[0]

    assert process.returncode != 0
    assert written.count("--user-header: 'X Remote' is not a name of a header") == 1
    assert "Traceback" not in written
