"""How the app is served: what the command line or the environment says, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.ui import audit
from dosing_app.ui.sign_on import read_sign_on
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dosing_app.ui.sign_on import SignOn

DEFAULT_THREADS = 4
_MOST_THREADS = 64
_HOST = re.compile(r"\.?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the app is served.

    Parameters
    ----------
    trusted_hosts : tuple of str
        Names that requests may call this server by, besides those of this computer itself.
    sign_on : SignOn or None
        Where the user's name comes from.
    audit_log : str or None
        File of the audit log; "-" for standard output.
    threads : int
        Requests that are answered at the same time.
    """

    trusted_hosts: tuple[str, ...] = ()
    sign_on: SignOn | None = None
    audit_log: str | None = None
    threads: int = DEFAULT_THREADS


def read_server_options(
    *,
    trusted_hosts: Sequence[str] = (),
    user_header: str | None = None,
    trusted_proxies: Sequence[str] = (),
    audit_log: str | None = None,
    threads: int | None = None,
) -> ServerOptions:
    """Return the options; as many threads as usual where none are asked for.

    Raises
    ------
    InputError
        With one problem for each option that is wrong.
    """
    problems: list[Problem] = []

    def checked(check: Callable[[], SignOn | None]) -> SignOn | None:
        try:
            return check()
        except InputError as error:
            problems.extend(error.problems)
            return None

    for host in trusted_hosts:
        checked(lambda host=host: _check_host(host))
    sign_on = checked(lambda: read_sign_on(user_header, trusted_proxies))
    if audit_log is not None:
        checked(lambda: audit.check_audit_log(audit_log))
    wanted = DEFAULT_THREADS if threads is None else threads
    if not 1 <= wanted <= _MOST_THREADS:
        problems.append(Problem("--threads", f"{wanted} threads; expected 1 to {_MOST_THREADS}"))
    if problems:
        raise InputError(problems)
    return ServerOptions(tuple(trusted_hosts), sign_on, audit_log, wanted)


def _check_host(host: str) -> None:
    if not _HOST.fullmatch(host):
        message = (
            f"'{host}' is not the name of a server; expected one such as dosing.hospital.example, without https://"
        )
        raise input_error("--trusted-host", message)
