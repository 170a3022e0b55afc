"""The production server of the app."""

from __future__ import annotations

import errno
import gc
import socket
from typing import TYPE_CHECKING

from dosing_app.ui.audit import AUDIT_LOG
from dosing_app.ui.elements import create_server
from dosing_app.ui.security import LARGEST_REQUEST_BYTES
from dosing_app.ui.server_options import ServerOptions
from dosing_app.ui.sign_on import SIGN_ON
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dosing_app.ui.elements import Dash, Server

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HIGHEST_PORT = 65_535
_DEFAULT = ServerOptions()
# Each browser keeps up to six connections; above the limit, further ones wait until one is closed.
_MOST_CONNECTIONS = 1_000
# Waitress writes what is larger into files; no request gets that large, and no answer.
_HELD_IN_MEMORY_BYTES = 8 * LARGEST_REQUEST_BYTES


def configure(app: Dash, options: ServerOptions, *, names: Sequence[str] | None) -> None:
    """Apply the options that do not depend on the server that runs the app.

    Parameters
    ----------
    app : Dash
        The app.
    options : ServerOptions
        The options.
    names : sequence of str or None
        Names that requests may call this server by, besides those of the options; None where any will do.
    """
    # A page of another site could reach this server under a name of its own that leads here.
    is_any = names is None and not options.trusted_hosts
    app.server.config["TRUSTED_HOSTS"] = None if is_any else [*LOOPBACK_NAMES, *(names or ()), *options.trusted_hosts]
    app.server.config[SIGN_ON] = options.sign_on
    app.server.config[AUDIT_LOG] = options.audit_log


def open_server(app: Dash, *, host: str = "127.0.0.1", port: int = 8050, options: ServerOptions = _DEFAULT) -> Server:
    """Return a server that listens already, and answers once its ``run`` is called.

    Parameters
    ----------
    app : Dash
        The app.
    host : str
        Address to listen on; 127.0.0.1 is reached from this computer only.
    port : int
        Port; 0 for any free one (``effective_port`` tells which).
    options : ServerOptions
        How the app is served.

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
    is_loopback = listening.getsockname()[0] in {"127.0.0.1", "::1"}
    configure(app, options, names=[host] if is_loopback else None)
    return create_server(
        app.server,
        sockets=[listening],
        threads=options.threads,
        ident="asuc",
        connection_limit=_MOST_CONNECTIONS,
        asyncore_use_poll=True,  # the other way ends at 1024 open files
        max_request_body_size=LARGEST_REQUEST_BYTES,
        inbuf_overflow=_HELD_IN_MEMORY_BYTES,
        outbuf_overflow=_HELD_IN_MEMORY_BYTES,
    )


def serve(
    app: Dash,
    *,
    host: str = "127.0.0.1",
    port: int = 8050,
    options: ServerOptions = _DEFAULT,
    when_ready: Callable[[str], object] | None = None,
) -> None:
    """Serve the app until the process is interrupted.

    Parameters
    ----------
    app : Dash
        The app.
    host, port : str, int
        Where to listen.
    options : ServerOptions
        How the app is served.
    when_ready : callable, optional
        Called with the address once the server listens.

    Raises
    ------
    InputError
        As ``open_server`` does.
    """
    server = open_server(app, host=host, port=port, options=options)
    keep_what_is_loaded()
    if when_ready is not None:
        when_ready(f"http://{host}:{server.effective_port}/")
    try:
        server.run()
    finally:
        server.close()


def keep_what_is_loaded() -> None:
    """Take everything that exists by now out of the search for garbage.

    It stays as long as the process; walking through all of it, after some hundred answers, held up every visitor for 110 ms.
    """
    gc.collect()
    gc.freeze()


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
