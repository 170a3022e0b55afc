"""What every answer carries, what is refused, and that nothing of a patient is logged or written."""

from __future__ import annotations

import json
import logging
import socket
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from benchmarks.visitor import Visitor
from dosing_app.decision.examples import example_case
from dosing_app.ui import create_app, ids
from dosing_app.ui.refusals import is_call
from dosing_app.ui.security import LARGEST_REQUEST_BYTES
from dosing_app.ui.server import open_server
from dosing_app.ui.server_options import read_server_options
from pkpd.errors import InputError
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from dosing_app.ui.elements import Dash

CALL = "/_dash-update-component"
LABEL = "patient-7f3a"
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.fixture(scope="module")
def app() -> Dash:
    return create_app(event_model=load_event_model(), case=example_case("typical"))


@pytest.fixture
def client(app: Dash) -> FlaskClient:
    return app.server.test_client()


@pytest.fixture(scope="module")
def port(app: Dash) -> Iterator[int]:
    server = open_server(app, port=0)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield int(server.effective_port)
    server.close()
    thread.join(timeout=10)


def raw_answer(port: int, request: bytes) -> str:
    """Return what the server sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts).decode("latin-1")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing-here", 404),
        ("GET", "/assets/", 404),
        ("GET", "/assets/fonts/", 404),
        ("GET", "/assets/nothing.css", 404),
        ("GET", "/assets/../app.py", 404),
        ("GET", "/assets/%2e%2e/app.py", 404),
        ("GET", "/_dash-component-suites/nothing/x.js", 404),
        ("GET", "/_dash-component-suites/dash/nothing.js", 404),
        ("GET", CALL, 404),
        ("TRACE", "/", 405),
        ("PUT", "/", 405),
        ("DELETE", CALL, 405),
        ("POST", "/", 405),
    ],
)
def test_a_refusal_is_one_plain_sentence_with_every_header(client: FlaskClient, method: str, path: str, status: int):
    answer = client.open(path, method=method)

    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    assert answer.get_data(as_text=True).count("\n") == 1
    assert "Content-Security-Policy" in answer.headers
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", ["/", "/health", "/_dash-layout", "/assets/app.css"])
def test_head_answers_as_get_without_a_body(client: FlaskClient, path: str):
    with client.head(path) as head, client.get(path) as whole:
        assert head.status_code == 200
        assert head.data == b""
        assert head.mimetype == whole.mimetype


def test_options_lists_methods_and_lets_no_other_site_in(client: FlaskClient):
    answer = client.options(CALL)

    assert answer.status_code == 200
    assert {"POST", "OPTIONS"} <= set(answer.headers["Allow"].split(", "))
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118 - pairs


@pytest.mark.parametrize("path", ["/", "/health", "/_dash-layout", "/_dash-dependencies", "/nothing-here"])
def test_no_cookie_is_set(client: FlaskClient, path: str):
    assert "Set-Cookie" not in client.get(path).headers


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (f'{{"output": "{LABEL}', "application/json", 400),
        (f'["{LABEL}"]', "application/json", 400),
        (f'{{"output": "{LABEL}"}}', "application/json", 400),
        ('{"output": ["x"]}', "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ("7" * 5_000, "application/json", 400),
        ("", "application/json", 400),
        ("{}", "text/plain", 415),
        (f"output={LABEL}", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_malformed_call_is_refused_and_nothing_of_it_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, body: str, kind: str, status: int
):
    with caplog.at_level(logging.DEBUG):
        answer = client.post(CALL, data=body, content_type=kind)

    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    assert LABEL not in answer.get_data(as_text=True)
    assert not caplog.records


def test_bytes_that_are_no_text_are_refused(client: FlaskClient):
    assert client.post(CALL, data=b"\xff\xfe{", content_type="application/json").status_code == 400


@pytest.fixture(scope="module")
def call(app: Dash) -> dict[str, object]:
    """Return a call as the page makes it."""
    callbacks = app.server.test_client().get("/_dash-dependencies").get_json()
    listed = next(each for each in callbacks if each["clientside_function"] is None and each["output"].startswith(".."))
    outputs = [{"id": "x", "property": "y"}] * listed["output"].count("...")
    return {
        "output": listed["output"],
        "outputs": [*outputs, {"id": "x", "property": "y"}],
        "inputs": listed["inputs"],
        "state": listed["state"],
        "changedPropIds": [],
    }


def test_a_call_with_each_input_and_output_is_one(app: Dash, call: dict[str, object]):
    assert is_call(call, app.callback_map)


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": []},
        {"inputs": "text"},
        {"inputs": [None]},
        {"inputs": None},
        {"state": [{"id": "another", "property": "value"}] * 50},
        {"outputs": []},
        {"outputs": None},
        {"changedPropIds": {}},
        {"changedPropIds": [1]},
        {"output": None},
    ],
)
def test_a_call_with_other_parts_is_none(app: Dash, call: dict[str, object], wrong: dict[str, object]):
    assert not is_call({**call, **wrong}, app.callback_map)


def test_a_failure_is_logged_by_its_kind_and_place_without_its_message(caplog: pytest.LogCaptureFixture):
    app = create_app(event_model=load_event_model())

    def fail() -> str:
        raise ValueError(LABEL)

    app.server.add_url_rule("/fail", "fail", fail)
    answer = app.server.test_client().get("/fail")

    assert answer.status_code == 500
    assert answer.get_data(as_text=True) == "The program failed; nothing was kept. Please report it.\n"
    assert "Content-Security-Policy" in answer.headers
    assert "ValueError" in caplog.text
    assert "test_security.py" in caplog.text
    assert LABEL not in caplog.text


def test_no_request_is_logged_by_the_server(port: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture):
    visitor = Visitor("127.0.0.1", port)
    with caplog.at_level(logging.INFO):
        visitor.open()
        visitor.change(ids.field("weight_kg"), "value", "61.37")
        visitor.close()
        raw_answer(port, f"GET /?{LABEL} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        raw_answer(port, f"NONSENSE {LABEL}\r\n\r\n".encode())

    written = caplog.text + "".join(capfd.readouterr())
    assert not [word for word in (LABEL, "61.37", "GET ", CALL) if word in written]


def test_the_server_tells_no_version(port: int):
    answer = raw_answer(port, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")

    assert "\r\nServer: asuc\r\n" in answer
    assert not [name for name in ("waitress", "Werkzeug", "Python/") if name in answer.partition("\r\n\r\n")[0]]


@pytest.mark.requirement("OPS-04")
def test_a_request_larger_than_any_case_is_refused_before_it_is_read(port: int):
    head = f"POST {CALL} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    assert " 413 " in raw_answer(port, f"{head}Content-Length: {LARGEST_REQUEST_BYTES + 1}\r\n\r\n".encode())


def test_a_large_request_and_the_largest_answer_are_not_written_to_disk(port: int, monkeypatch: pytest.MonkeyPatch):
    made: list[object] = []

    def note(*arguments: object) -> None:
        made.append(arguments)

    monkeypatch.setattr("waitress.buffers.TempfileBasedBuffer.__init__", note)
    body = b'{"output": "' + b"x" * 3_000_000 + b'"}'
    head = f"POST {CALL} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"

    assert " 400 " in raw_answer(port, head.encode() + b"\r\n\r\n" + body)
    script = b"GET /_dash-component-suites/plotly/package_data/plotly.min.js HTTP/1.0\r\nHost: localhost\r\n\r\n"
    assert len(raw_answer(port, script)) > 1_000_000
    assert not made


@pytest.mark.requirement("OPS-04")
def test_two_visitors_see_their_own_values_only(port: int):
    first, second = Visitor("127.0.0.1", port), Visitor("127.0.0.1", port)
    for visitor in (first, second):
        visitor.open()
    for step in range(3):
        first.change(ids.field("weight_kg"), "value", f"5{step}.5")
        second.change(ids.field("weight_kg"), "value", f"9{step}.5")
    weights = [json.loads(each.value(ids.VALID_CASE, "data"))["covariates"]["weight_kg"] for each in (first, second)]
    for visitor in (first, second):
        visitor.close()

    assert weights == [52.5, 92.5]


def test_only_a_trusted_host_is_answered_where_one_is_named():
    app = create_app(event_model=load_event_model())
    open_server(app, port=0, options=read_server_options(trusted_hosts=["dosing.hospital.example"])).close()
    client = app.server.test_client()

    def status(host: str) -> int:
        return client.get("/", headers={"Host": host}).status_code

    assert [status(host) for host in ("dosing.hospital.example", "127.0.0.1:8050")] == [200, 200]
    assert [status(host) for host in ("hospital.example", "x.dosing.hospital.example", "evil.example")] == [400] * 3


def test_every_wrong_option_is_named(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        read_server_options(
            trusted_hosts=["https://dosing.hospital.example/"],
            user_header="X_Remote_User",
            trusted_proxies=["proxy"],
            audit_log=str(tmp_path / "missing" / "audit.log"),
            threads=0,
        )

    assert [problem.place for problem in caught.value.problems] == [
        "--trusted-host",
        "--user-header",
        "--audit-log",
        "--threads",
    ]
