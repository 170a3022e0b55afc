"""Opening, saving and exporting a case; a file that is refused leaves the page as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.crohns.case import example_tree, inputs, read_tree, to_json
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.case_file import refusal, uploaded_bytes
from dosing_app.ui.crohns.screen import (
    SCREEN_STATE,
    CrohnsScreen,
    empty_screen,
    is_begun,
    read_screen,
    screen_from_tree,
    screen_of,
)
from dosing_app.ui.elements import App, Input, Output, State, client_function, dcc, html, no_update
from pkpd.errors import InputError

if TYPE_CHECKING:
    from dosing_app.ui.elements import Component

FILE_NAME = "asuc-crohns-case.json"
_SCREEN = {
    "fields": {one.case: Output(ids.crohns_field(one.case), "value", allow_duplicate=True) for one in inputs()},
    "classes": Output(ids.CROHNS_CLASSES, "value", allow_duplicate=True),
    "kept": Output(ids.CROHNS_KEPT, "data", allow_duplicate=True),
}
_NOTICE = Output(ids.CROHNS_NOTICE, "children", allow_duplicate=True)


def register(app: App) -> None:
    """Add the callbacks."""
    _register_open(app)
    _register_save(app)

    @app.callback(
        output={"screen": _SCREEN, "notice": _NOTICE},
        inputs={"example": Input(ids.CROHNS_EXAMPLE, "n_clicks")},
        state={"language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_example(*, example: int | None, language: str | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if not example:
            return {"screen": _unchanged(), "notice": no_update}
        with answering(language):
            return {"screen": _shown(screen_from_tree(example_tree())), "notice": []}

    @app.callback(
        output={"screen": _SCREEN, "notice": _NOTICE},
        inputs={"clicks": Input(ids.CROHNS_NEW, "n_clicks")},
        prevent_initial_call=True,
    )
    def begin(*, clicks: int | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"screen": _shown(empty_screen()) if clicks else _unchanged(), "notice": [] if clicks else no_update}


def _register_open(app: App) -> None:
    @app.callback(
        output={"screen": _SCREEN, "notice": _NOTICE, "contents": Output(ids.CROHNS_OPEN, "contents")},
        inputs={"contents": Input(ids.CROHNS_OPEN, "contents")},
        state={"file": State(ids.CROHNS_OPEN, "filename"), "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_file(  # pyright: ignore[reportUnusedFunction]
        *, contents: str | None, file: str | None, language: str | None
    ) -> dict[str, Any]:
        if not contents:
            return {"screen": _unchanged(), "notice": no_update, "contents": no_update}
        with answering(language):
            try:
                screen = screen_from_tree(read_tree(uploaded_bytes(contents)))
            except InputError as error:
                return {"screen": _unchanged(), "notice": refusal(file or "", error), "contents": None}
        # Emptied, so that the same file can be opened once more.
        return {"screen": _shown(screen), "notice": [], "contents": None}


def _register_save(app: App) -> None:
    # What is still being typed is entered first, and only then the page is read.
    app.clientside_callback(
        client_function("asuc", "enterThen"), Output(ids.CROHNS_SAVE_ASKED, "data"), Input(ids.CROHNS_SAVE, "n_clicks")
    )

    @app.callback(
        output=(Output(ids.DOWNLOAD, "data", allow_duplicate=True), _NOTICE),
        inputs={"asked": Input(ids.CROHNS_SAVE_ASKED, "data")},
        state={"screen": SCREEN_STATE, "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def save(  # pyright: ignore[reportUnusedFunction]
        *, asked: dict[str, Any] | None, screen: dict[str, Any], language: str | None
    ) -> tuple[Any, Any]:
        if not asked:
            return no_update, no_update
        with answering(language):
            return saved(screen_of(screen))


def saved(screen: CrohnsScreen) -> tuple[Any, list[Component]]:
    """Return the file of what stands on the page, or nothing where it is no case yet, and what is said of it."""
    reading = read_screen(screen)
    if reading.tree is None or not is_begun(screen):
        return no_update, [html.P(not_a_case(screen))]
    file = {**dcc.send_string(to_json(reading.tree) + "\n", FILE_NAME), "type": "application/json"}
    return file, [html.P(say("file.saved", file=FILE_NAME), className="done")]


def not_a_case(screen: CrohnsScreen) -> str:
    """Return why what stands on the page cannot be written down."""
    return say("file.not_saved" if is_begun(screen) else "crohns.nothing_to_save")


def _shown(screen: CrohnsScreen) -> dict[str, Any]:
    return {"fields": screen.fields, "classes": screen.classes, "kept": screen.kept}


def _unchanged() -> dict[str, Any]:
    return {"fields": {one.case: no_update for one in inputs()}, "classes": no_update, "kept": no_update}
