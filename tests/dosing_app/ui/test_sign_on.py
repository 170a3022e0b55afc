"""The user's name is taken from the sign-on in front, and from nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dosing_app.ui import create_app
from dosing_app.ui.server import configure
from dosing_app.ui.server_options import read_server_options
from dosing_app.ui.sign_on import read_sign_on, user_name
from pkpd.errors import InputError
from tte import load_event_model

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

HEADER = "X-Remote-User"
PROXY = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(scope="module")
def server() -> Flask:
    app = create_app(event_model=load_event_model())
    configure(app, read_server_options(user_header=HEADER), names=None)
    app.server.add_url_rule("/who", "who", lambda: user_name() or "nobody")
    return app.server


@pytest.fixture
def client(server: Flask) -> FlaskClient:
    return server.test_client()


def test_the_name_that_the_proxy_sends_is_the_users(client: FlaskClient):
    answer = client.get("/who", headers={HEADER: "a.nurse"}, environ_overrides=PROXY)

    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "a.nurse")


def test_a_name_in_utf_8_is_read_as_such(client: FlaskClient):
    sent = "Zoë Müller".encode().decode("latin-1")

    assert client.get("/who", headers={HEADER: sent}, environ_overrides=PROXY).get_data(as_text=True) == "Zoë Müller"


def test_control_characters_are_left_out_of_a_name(client: FlaskClient):
    answer = client.get("/who", headers={HEADER: "a\tb\x1b[1m"}, environ_overrides=PROXY)

    assert answer.get_data(as_text=True) == "ab[1m"


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/assets/app.css", "/nothing-here"])
@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: "  "}, {"Remote-User": "a.nurse"}])
def test_without_the_header_one_sentence_is_all_there_is(client: FlaskClient, path: str, headers: dict[str, str]):
    answer = client.get(path, headers=headers, environ_overrides=PROXY)

    assert answer.status_code == 401
    assert answer.get_data(as_text=True) == (
        "No user name came with this request (X-Remote-User): open the app through the hospital's sign-on.\n"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_call_without_the_header_computes_nothing(client: FlaskClient):
    assert client.post("/_dash-update-component", json={}, environ_overrides=PROXY).status_code == 401


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "::2", "", "localhost"])
def test_the_header_of_anyone_else_is_not_believed(client: FlaskClient, address: str):
    answer = client.get("/who", headers={HEADER: "a.nurse"}, environ_overrides={"REMOTE_ADDR": address})

    assert answer.status_code == 401


def test_the_health_page_needs_no_name(client: FlaskClient):
    assert client.get("/health", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


def test_without_the_option_the_header_means_nothing():
    app = create_app(event_model=load_event_model())
    app.server.add_url_rule("/who", "who", lambda: user_name() or "nobody")
    answer = app.server.test_client().get("/who", headers={HEADER: "a.nurse"})

    assert answer.get_data(as_text=True) == "nobody"


def test_outside_a_request_there_is_no_user():
    assert user_name() is None


@pytest.mark.parametrize(
    ("proxies", "address", "is_believed"),
    [
        ([], "127.0.0.1", True),
        ([], "::1", True),
        ([], "::ffff:127.0.0.1", True),
        ([], "127.0.0.2", False),
        (["10.1.2.0/24"], "10.1.2.77", True),
        (["10.1.2.0/24"], "10.1.3.77", False),
        (["10.1.2.3"], "127.0.0.1", False),
        (["2001:db8::/32"], "2001:db8::5", True),
    ],
)
def test_proxies_are_addresses_or_networks(proxies: list[str], address: str, *, is_believed: bool):
    sign_on = read_sign_on(HEADER, proxies)

    assert sign_on is not None
    assert sign_on.believes(address) is is_believed


@pytest.mark.parametrize(
    ("header", "proxies", "message"),
    [
        ("X_Remote_User", [], "--user-header: 'X_Remote_User' is not a name of a header"),
        ("X Remote", [], "--user-header: 'X Remote' is not a name of a header"),
        ("X-Remote-User", ["proxy"], "--trusted-proxy: 'proxy' is neither an address nor a network"),
        (None, ["127.0.0.1"], "--trusted-proxy: 127.0.0.1 is trusted with no header"),
    ],
)
def test_a_wrong_option_is_one_sentence(header: str | None, proxies: list[str], message: str):
    with pytest.raises(InputError, match=f"^{message}"):
        read_sign_on(header, proxies)
