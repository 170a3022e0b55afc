"""Opening and saving a case; a file that is refused leaves the screen as it is."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.patient import read_case, to_json
from dosing_app.ui import ids, text
from dosing_app.ui.elements import App, Input, Output, State, client_function, dcc, html, no_update
from dosing_app.ui.fields import FIELDS
from dosing_app.ui.reading import read_screen
from dosing_app.ui.state import Screen, screen_from_case
from pkpd.errors import InputError, input_error

FILE_NAME = "asuc-case.json"
LARGEST_FILE_BYTES = 1_000_000
SCREEN_STATE = {
    "doses": State(ids.DOSES, "rowData"),
    "samples": State(ids.SAMPLES, "rowData"),
    "fields": {field.name: State(ids.field(field.name), "value") for field in FIELDS},
    "kept": State(ids.KEPT, "data"),
}
_SCREEN = {
    "doses": Output(ids.DOSES, "rowData", allow_duplicate=True),
    "samples": Output(ids.SAMPLES, "rowData", allow_duplicate=True),
    "fields": {field.name: Output(ids.field(field.name), "value", allow_duplicate=True) for field in FIELDS},
    "kept": Output(ids.KEPT, "data", allow_duplicate=True),
}


def register(app: App) -> None:
    """Add the callbacks."""

    @app.callback(
        output={"screen": _SCREEN, "notice": Output(ids.NOTICE, "children"), "contents": Output(ids.OPEN, "contents")},
        inputs={"contents": Input(ids.OPEN, "contents")},
        state={"file": State(ids.OPEN, "filename")},
        prevent_initial_call=True,
    )
    def open_file(contents: str | None, file: str | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if not contents:
            return {"screen": _unchanged(), "notice": no_update, "contents": no_update}
        try:
            screen = screen_from_case(read_case(uploaded_bytes(contents)))
        except InputError as error:
            return {"screen": _unchanged(), "notice": refusal(file or "", error), "contents": None}
        # Emptied, so that the same file can be opened once more.
        return {"screen": _shown(screen), "notice": [], "contents": None}

    @app.callback(
        output={
            "screen": _SCREEN,
            "notice": Output(ids.NOTICE, "children", allow_duplicate=True),
            "choice": Output(ids.EXAMPLES, "value"),
        },
        inputs={"name": Input(ids.EXAMPLES, "value")},
        prevent_initial_call=True,
    )
    def open_example(name: str | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if name not in example_names():
            return {"screen": _unchanged(), "notice": no_update, "choice": no_update}
        return {"screen": _shown(screen_from_case(example_case(name))), "notice": [], "choice": None}

    # What is still being typed is entered first, and only then the screen is read.
    app.clientside_callback(
        client_function("asuc", "enterThen"), Output(ids.SAVE_ASKED, "data"), Input(ids.SAVE, "n_clicks")
    )

    @app.callback(
        output=(Output(ids.DOWNLOAD, "data"), Output(ids.NOTICE, "children", allow_duplicate=True)),
        inputs={"asked": Input(ids.SAVE_ASKED, "data")},
        state={"screen": SCREEN_STATE},
        prevent_initial_call=True,
    )
    def save(asked: int | None, screen: dict[str, Any]) -> tuple[Any, Any]:  # pyright: ignore[reportUnusedFunction]
        return saved(screen_of(screen)) if asked else (no_update, no_update)


def saved(screen: Screen) -> tuple[Any, list[Any]]:
    """Return the file of what stands on the screen, or nothing where it is no case yet, and what is said of it."""
    reading = read_screen(screen)
    if reading.case is None:
        has_entries = any(row.get("day") or row.get("mg") for row in screen.doses)
        return no_update, [html.P(text.NOT_SAVED if has_entries else text.NOTHING_TO_SAVE)]
    file = {**dcc.send_string(to_json(reading.case) + "\n", FILE_NAME), "type": "application/json"}
    return file, [html.P(text.SAVED.format(file=FILE_NAME), className="done")]


def screen_of(entries: dict[str, Any]) -> Screen:
    """Return what stands on the screen from the values of ``SCREEN_STATE``."""
    return Screen(entries["doses"] or [], entries["samples"] or [], entries["fields"], entries["kept"] or {})


def uploaded_bytes(contents: str) -> bytes:
    """Return the bytes of an uploaded file.

    Parameters
    ----------
    contents : str
        As the browser sends them: ``data:<type>;base64,<bytes>``.

    Raises
    ------
    InputError
        Where the file is too large to be a case, or did not arrive whole.
    """
    try:
        content = base64.b64decode(contents.rpartition(",")[2], validate=True)
    except binascii.Error as error:
        raise input_error("case", "the file did not arrive whole; open it again") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise input_error("case", text.OPENED_TOO_LARGE.format(size=len(content), most=LARGEST_FILE_BYTES))
    return content


def refusal(file: str, error: InputError) -> list[Any]:
    """Return the message for a file that is no case, with every problem in it."""
    problems = [html.Li(str(problem)) for problem in error.problems]
    return [html.P(html.Strong(text.NOT_OPENED.format(file=file))), html.Ul(problems)]


def _shown(screen: Screen) -> dict[str, Any]:
    return {"doses": screen.doses, "samples": screen.samples, "fields": screen.fields, "kept": screen.kept}


def _unchanged() -> dict[str, Any]:
    fields = {field.name: no_update for field in FIELDS}
    return {"doses": no_update, "samples": no_update, "fields": fields, "kept": no_update}
