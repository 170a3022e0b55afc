"""Who uses the app: the name that the hospital's own sign-on puts into a header of each request."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import Response, current_app, g, has_request_context, request

from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

SIGN_ON = "ASUC_SIGN_ON"
"""Key of the ``SignOn`` in the server's configuration."""

_LOOPBACK = ("127.0.0.1", "::1")
_LONGEST_NAME = 200
# Without underscores: a server cannot tell "X_Remote_User" from "X-Remote-User", so proxies and servers drop the former.
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class SignOn:
    """The header with the user's name, and who may set it.

    Parameters
    ----------
    header : str
        Name of the header.
    proxies : tuple of networks
        Addresses whose header is believed; from any other it is ignored.
    """

    header: str
    proxies: tuple[Network, ...]

    def believes(self, address: str | None) -> bool:
        """Return whether the header of a request from an address is believed."""
        try:
            known = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        plain = getattr(known, "ipv4_mapped", None) or known
        return any(plain in network for network in self.proxies)


def read_sign_on(header: str | None, proxies: Iterable[str]) -> SignOn | None:
    """Return the sign-on, or None where there is none.

    Parameters
    ----------
    header : str or None
        Name of the header.
    proxies : iterable of str
        Addresses or networks whose header is believed; this computer's own where there are none.

    Raises
    ------
    InputError
        Naming ``--user-header`` or ``--trusted-proxy``.
    """
    given = tuple(proxies)
    if header is None:
        if given:
            message = f"{given[0]} is trusted with no header; give --user-header as well, such as X-Remote-User"
            raise input_error("--trusted-proxy", message)
        return None
    if not _HEADER.fullmatch(header):
        message = f"'{header}' is not a name of a header; expected letters, digits and hyphens, such as X-Remote-User"
        raise input_error("--user-header", message)
    return SignOn(header, tuple(_network(address) for address in given or _LOOPBACK))


def _network(address: str) -> Network:
    try:
        return ipaddress.ip_network(address, strict=False)
    except ValueError:
        message = f"'{address}' is neither an address nor a network; expected one such as 127.0.0.1 or 10.1.2.0/24"
        raise input_error("--trusted-proxy", message) from None


def ask_for_user(server: Flask, *, open_paths: tuple[str, ...]) -> None:
    """Answer requests of named users only, where the server's configuration says so.

    Parameters
    ----------
    server : Flask
        The server.
    open_paths : tuple of str
        What is answered without a name all the same.
    """

    def refuse_nameless() -> Response | None:
        config = cast("dict[str, Any]", current_app.config)
        sign_on: SignOn | None = config.get(SIGN_ON)
        if sign_on is None or request.path in open_paths:
            return None
        g.user_name = _name(sign_on)
        if g.user_name:
            return None
        words = f"No user name came with this request ({sign_on.header}): open the app through the hospital's sign-on."
        return Response(words + "\n", status=401, mimetype="text/plain")

    server.before_request(refuse_nameless)


def user_name() -> str | None:
    """Return the name of the user whose request is being answered; None without a sign-on."""
    return g.get("user_name") if has_request_context() else None


def _name(sign_on: SignOn) -> str:
    if not sign_on.believes(request.remote_addr):
        return ""
    # A header comes as one character for each byte; sign-on services write UTF-8.
    sent = request.headers.get(sign_on.header, "").encode("latin-1", errors="replace").decode("utf-8", errors="replace")
    return "".join(character for character in sent if character.isprintable()).strip()[:_LONGEST_NAME]
