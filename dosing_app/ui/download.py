"""Files that a button of a page asks for, made of what stands on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.elements import App, Input, Output, State, client_function, dcc, html, no_update
from pkpd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dosing_app.ui.elements import Component

    Download = tuple[Any, list[Component]]
    """A file or nothing, and what is said of it."""


def register_download(
    app: App,
    buttons: Sequence[str],
    make: Callable[[dict[str, Any], str], Download],
    *,
    asked: str,
    screen: Mapping[str, Any],
    notice: str,
) -> None:
    """Add what happens when one of some buttons is pressed.

    Parameters
    ----------
    app : App
        What it is added to.
    buttons : sequence of str
        Their ids.
    make : callable
        Makes the file of the values of ``screen`` and the button's id; what it raises as InputError is said.
    asked : str
        Id of the store that holds which button it was.
    screen : mapping
        Everything that stands on the page, as states.
    notice : str
        Id of the place where it is said what became of it.
    """
    # What is still being typed is entered first, and only then the page is read.
    app.clientside_callback(
        client_function("asuc", "enterThen"), Output(asked, "data"), *(Input(button, "n_clicks") for button in buttons)
    )

    @app.callback(
        output=(Output(ids.DOWNLOAD, "data", allow_duplicate=True), Output(notice, "children", allow_duplicate=True)),
        inputs={"asked": Input(asked, "data")},
        state={"screen": screen, "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def download(  # pyright: ignore[reportUnusedFunction]
        *, asked: dict[str, Any] | None, screen: dict[str, Any], language: str | None
    ) -> tuple[Any, Any]:
        if not asked or asked.get("by") not in buttons:
            return no_update, no_update
        with answering(language):
            try:
                return make(screen, asked["by"])
            except InputError as error:
                return no_file(f"{error}.")


def text_file(text: str, name: str, kind: str) -> dict[str, Any]:
    """Return a text as the browser downloads it; ``kind`` is its media type."""
    return {**dcc.send_string(text, name), "type": kind}


def binary_file(content: bytes, name: str) -> dict[str, Any]:
    """Return bytes as the browser downloads them."""

    def write_to(buffer: BinaryIO) -> None:
        buffer.write(content)

    return dcc.send_bytes(write_to, name)


def with_word(file: dict[str, Any], key: str) -> Download:
    """Return a file with the sentence that it is there."""
    return file, [html.P(say(key, file=file["filename"]), className="done")]


def no_file(sentence: str) -> Download:
    """Return why there is no file."""
    return no_update, [html.P(sentence)]
