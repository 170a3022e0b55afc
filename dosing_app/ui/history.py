"""Undo and redo of a page, in the browser (``assets/history.js``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.ui.elements import App, Input, Output, client_function

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[str, str]
"""Id and property of an element."""


@dataclass(frozen=True, slots=True)
class History:
    """What the browser remembers of a page.

    Parameters
    ----------
    remember, step : str
        Functions of the browser that keep what is entered, and that go back and on.
    undo, redo : str
        Ids of the buttons.
    """

    remember: str
    step: str
    undo: str
    redo: str


def register_history(app: App, history: History, places: Sequence[Place], *, watched: Sequence[Place]) -> None:
    """Add undo and redo.

    Parameters
    ----------
    app : App
        What they are added to.
    history : History
        Functions and buttons.
    places : sequence of (str, str)
        What is put back, in the order of the browser's functions.
    watched : sequence of (str, str)
        What tells of an entry, likewise.
    """
    app.clientside_callback(
        client_function("asuc", history.remember),
        Output(history.undo, "disabled"),
        Output(history.redo, "disabled"),
        *(Input(*place) for place in watched),
    )
    app.clientside_callback(
        client_function("asuc", history.step),
        *(Output(*place, allow_duplicate=True) for place in places),
        Input(history.undo, "n_clicks"),
        Input(history.redo, "n_clicks"),
        prevent_initial_call=True,
    )
