"""The production server of the app."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from dosing_app.ui.elements import create_server
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.ui.elements import Dash, Server

_THREADS = 8
_HIGHEST_PORT = 65_535
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def open_server(app: Dash, *, host: str = "127.0.0.1", port: int = 8050) -> Server:
    """Return a server that listens already, and answers once its ``run`` is called.

    Parameters
    ----------
    app : Dash
        The app.
    host : str
        Address to listen on; 127.0.0.1 is reached from this computer only.
    port : int
        Port; 0 for any free one (``effective_port`` tells which).

    Raises
    ------
    InputError
        Naming ``--port`` where it is no port or in use, ``--host`` where it is not an address of this computer.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise input_error("--port", f"{port} is not a port; expected 0 to {_HIGHEST_PORT}")
    try:
        listening = _bound_socket(host, port)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if isinstance(error, socket.gaierror) or error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            message = f"{host} is not an address of this computer ({reason}); expected one such as 127.0.0.1"
            raise input_error("--host", message) from error
        message = f"cannot listen on {host}:{port} ({reason}); end the program that uses it, or choose another port"
        raise input_error("--port", message) from error
    if listening.getsockname()[0] in {"127.0.0.1", "::1"}:
        # A page of another site could reach this computer under a name of its own that leads here.
        app.server.config["TRUSTED_HOSTS"] = [*_LOOPBACK, host]
    return create_server(app.server, sockets=[listening], threads=_THREADS, ident="asuc")


def serve(
    app: Dash, *, host: str = "127.0.0.1", port: int = 8050, when_ready: Callable[[str], object] | None = None
) -> None:
    """Serve the app until the process is interrupted.

    Parameters
    ----------
    app : Dash
        The app.
    host, port : str, int
        Where to listen.
    when_ready : callable, optional
        Called with the address once the server listens.

    Raises
    ------
    InputError
        As ``open_server`` does.
    """
    server = open_server(app, host=host, port=port)
    if when_ready is not None:
        when_ready(f"http://{host}:{server.effective_port}/")
    try:
        server.run()
    finally:
        server.close()


def _bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; Waitress would leave its own open where that fails."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
