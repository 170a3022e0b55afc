"""Dash and its components as the screen uses them.

They ship no usable types: their names are declared here once, so that everything else is checked strictly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import dash
import dash_ag_grid  # pyright: ignore[reportMissingTypeStubs]
import dash_mantine_components  # pyright: ignore[reportMissingTypeStubs]
import waitress
from dash import Dash, Input, Output, State
from dash.development.base_component import Component

__all__ = [
    "ALL",
    "App",
    "Component",
    "Dash",
    "Input",
    "Output",
    "State",
    "client_function",
    "create_server",
    "ctx",
    "dag",
    "dcc",
    "dmc",
    "html",
    "no_update",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

html: Any = dash.html
dcc: Any = dash.dcc
dmc: Any = dash_mantine_components
dag: Any = dash_ag_grid
no_update: Any = dash.no_update
ctx: Any = dash.ctx
ALL: Any = dash.ALL
client_function: Any = dash.ClientsideFunction
create_server: Callable[..., Server] = getattr(waitress, "create_server")  # noqa: B009 - not in the module's types


class App(Protocol):
    """What callbacks are added to: Dash's own class."""

    def callback(self, *args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401 - Dash's own
        """Add a callback of the server."""
        ...

    def clientside_callback(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Dash's own
        """Add a callback of the browser."""
        ...


class Server(Protocol):
    """A server that listens: Waitress's own class."""

    effective_port: str

    def run(self) -> None:
        """Answer requests until interrupted."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...
