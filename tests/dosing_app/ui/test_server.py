"""What the server answers and refuses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from dosing_app.ui import create_app
from dosing_app.ui.server import open_server, serve
from pkpd.errors import InputError
from tte import load_event_model

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from dosing_app.ui.elements import Dash


@pytest.fixture(scope="module")
def app() -> Dash:
    return create_app(event_model=load_event_model())


@pytest.fixture
def client(app: Dash) -> FlaskClient:
    return app.server.test_client()


def test_a_port_in_use_is_one_sentence(app: Dash):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port} .*choose another port"):
            serve(app, port=port)


def test_a_port_beyond_the_last_is_refused(app: Dash):
    with pytest.raises(InputError, match="70000 is not a port; expected 0 to 65535"):
        open_server(app, port=70_000)


def test_port_0_takes_a_free_one(app: Dash):
    server = open_server(app, port=0)

    assert int(server.effective_port) > 0
    server.close()


def test_the_page_may_load_from_this_server_only(client: FlaskClient):
    headers = client.get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))

    assert policy["default-src"] == "'self'"
    assert policy["script-src"].startswith("'self' 'sha256-")
    assert "unsafe" not in policy["script-src"]
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_the_page_names_no_other_host(client: FlaskClient):
    page = client.get("/").get_data(as_text=True)

    assert "http://" not in page
    assert "https://" not in page
    assert '<html lang="en">' in page


def test_what_holds_a_patients_values_is_never_stored(client: FlaskClient):
    assert client.get("/_dash-layout").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["plotly/package_data/plotly.min.js", "dash_ag_grid/async-community.js"])
def test_the_large_scripts_are_kept_by_the_browser_and_asked_after(client: FlaskClient, name: str):
    with client.get(f"/_dash-component-suites/{name}") as first:
        kept, mark = first.headers["Cache-Control"], first.headers["ETag"]
    with client.get(f"/_dash-component-suites/{name}", headers={"If-None-Match": mark}) as again:
        assert kept == again.headers["Cache-Control"] == "no-cache"
        assert (again.status_code, again.data) == (304, b"")


def test_a_request_larger_than_any_case_is_refused(client: FlaskClient):
    answer = client.post("/_dash-update-component", data=b"x" * 9_000_000, content_type="application/json")

    assert answer.status_code == 413


def test_there_is_no_tool_server_and_no_developer_tool(client: FlaskClient):
    page = client.get("/").get_data(as_text=True)

    assert '"ui":false' in page.replace(" ", "")
    for path in ("/_mcp", "/mcp"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("host", ["999.1.1.1", "203.0.113.7", "no such host"])
def test_an_address_of_another_computer_is_one_sentence(app: Dash, host: str):
    with pytest.raises(InputError, match=f"^--host: {host} is not an address of this computer"):
        open_server(app, host=host, port=0)


def test_another_name_that_leads_here_is_refused(app: Dash):
    open_server(app, port=0).close()
    client = app.server.test_client()

    assert client.get("/", headers={"Host": "127.0.0.1:8050"}).status_code == 200
    assert client.get("/", headers={"Host": "localhost:8050"}).status_code == 200
    assert client.get("/", headers={"Host": "rebound.example"}).status_code == 400
