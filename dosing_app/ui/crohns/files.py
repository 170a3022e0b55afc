"""Opening and saving a case; a file that is refused leaves the page as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.crohns.case import example_tree, inputs, read_tree, to_json
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.crohns.screen import (
    SCREEN_STATE,
    CrohnsScreen,
    empty_screen,
    is_begun,
    read_screen,
    screen_from_tree,
    screen_of,
)
from dosing_app.ui.download import no_file, register_download, text_file, with_word
from dosing_app.ui.elements import App, Input, Output, State
from dosing_app.ui.opened_file import CasePlace, register_new, register_open

if TYPE_CHECKING:
    from dosing_app.ui.download import Download

FILE_NAME = "asuc-crohns-case.json"
_PLACE = CasePlace(
    {
        "fields": {one.case: Output(ids.crohns_field(one.case), "value", allow_duplicate=True) for one in inputs()},
        "classes": Output(ids.CROHNS_CLASSES, "value", allow_duplicate=True),
        "kept": Output(ids.CROHNS_KEPT, "data", allow_duplicate=True),
    },
    ids.CROHNS_NOTICE,
)


def register(app: App) -> None:
    """Add the callbacks."""
    register_open(app, _PLACE, ids.CROHNS_OPEN, _opened)
    register_new(app, _PLACE, ids.CROHNS_NEW, lambda: _shown(empty_screen()))
    register_download(
        app,
        [ids.CROHNS_SAVE],
        lambda entries, _: saved(screen_of(entries)),
        asked=ids.CROHNS_SAVE_ASKED,
        screen=SCREEN_STATE,
        notice=ids.CROHNS_NOTICE,
    )

    @app.callback(
        output=_PLACE.outputs,
        inputs={"example": Input(ids.CROHNS_EXAMPLE, "n_clicks")},
        state={"language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_example(*, example: int | None, language: str | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if not example:
            return _PLACE.unchanged
        with answering(language):
            return {"screen": _shown(screen_from_tree(example_tree())), "notice": []}


def saved(screen: CrohnsScreen) -> Download:
    """Return the file of what stands on the page, or nothing where it is no case yet, and what is said of it."""
    reading = read_screen(screen)
    if reading.tree is None or not is_begun(screen):
        return no_file(not_a_case(screen))
    return with_word(text_file(to_json(reading.tree) + "\n", FILE_NAME, "application/json"), "file.saved")


def not_a_case(screen: CrohnsScreen) -> str:
    """Return why what stands on the page cannot be written down."""
    return say("file.not_saved" if is_begun(screen) else "crohns.nothing_to_save")


def _opened(content: bytes, _file: str) -> dict[str, Any]:
    return {"screen": _shown(screen_from_tree(read_tree(content))), "notice": []}


def _shown(screen: CrohnsScreen) -> dict[str, Any]:
    return {"fields": screen.fields, "classes": screen.classes, "kept": screen.kept}
