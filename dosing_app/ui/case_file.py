"""Opening and saving a case; a file that is refused leaves the screen as it is."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from dosing_app.decision.case_faults import CaseError, place_of
from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.fhir_bundle import read_bundle
from dosing_app.decision.fhir_faults import BundleError
from dosing_app.decision.patient import read_case, to_json
from dosing_app.language import say, spoken
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.elements import App, Input, Output, State, client_function, dcc, html, no_update
from dosing_app.ui.fields import FIELDS, UNIT_CHOICES
from dosing_app.ui.reading import read_screen
from dosing_app.ui.screen_state import SCREEN_STATE, screen_of
from dosing_app.ui.state import Screen, empty_screen, screen_from_case
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.language import Message

FILE_NAME = "asuc-case.json"
# What every FHIR resource has and no case.
_IS_FHIR = re.compile(rb'"resourceType"\s*:')
LARGEST_FILE_BYTES = 5_000_000
_SCREEN = {
    "doses": Output(ids.DOSES, "rowData", allow_duplicate=True),
    "samples": Output(ids.SAMPLES, "rowData", allow_duplicate=True),
    "fields": {field.name: Output(ids.field(field.name), "value", allow_duplicate=True) for field in FIELDS},
    "units": {name: Output(ids.unit(name), "value", allow_duplicate=True) for name in UNIT_CHOICES},
    "kept": Output(ids.KEPT, "data", allow_duplicate=True),
}


def register(app: App) -> None:
    """Add the callbacks."""
    _register_open(app)
    _register_example(app)
    _register_new(app)
    _register_save(app)


def _register_open(app: App) -> None:
    """Add the reading of a chosen file."""

    @app.callback(
        output={"screen": _SCREEN, "notice": Output(ids.NOTICE, "children"), "contents": Output(ids.OPEN, "contents")},
        inputs={"contents": Input(ids.OPEN, "contents")},
        state={"file": State(ids.OPEN, "filename"), "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_file(  # pyright: ignore[reportUnusedFunction]
        *, contents: str | None, file: str | None, language: str | None
    ) -> dict[str, Any]:
        if not contents:
            return {"screen": _unchanged(), "notice": no_update, "contents": no_update}
        with answering(language):
            try:
                case, notes = case_from_file(uploaded_bytes(contents))
            except InputError as error:
                return {"screen": _unchanged(), "notice": refusal(file or "", error), "contents": None}
            said = [html.P(say("file.read_with_notes", file=file or ""), className="done")] if notes else []
            said += [html.P(spoken(note)) for note in notes]
            screen = screen_from_case(case)
        # Emptied, so that the same file can be opened once more.
        return {"screen": _shown(screen), "notice": said, "contents": None}


def _register_example(app: App) -> None:
    """Add the choice of an example."""

    @app.callback(
        output={
            "screen": _SCREEN,
            "notice": Output(ids.NOTICE, "children", allow_duplicate=True),
            "choice": Output(ids.EXAMPLES, "value"),
        },
        inputs={"name": Input(ids.EXAMPLES, "value")},
        state={"language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_example(*, name: str | None, language: str | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if name not in example_names():
            return {"screen": _unchanged(), "notice": no_update, "choice": no_update}
        with answering(language):
            screen = screen_from_case(example_case(name))
        return {"screen": _shown(screen), "notice": [], "choice": None}


def _register_new(app: App) -> None:
    """Add the emptying of the screen."""

    @app.callback(
        output={"screen": _SCREEN, "notice": Output(ids.NOTICE, "children", allow_duplicate=True)},
        inputs={"clicks": Input(ids.NEW, "n_clicks")},
        prevent_initial_call=True,
    )
    def begin(*, clicks: int | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"screen": _shown(empty_screen()) if clicks else _unchanged(), "notice": [] if clicks else no_update}


def _register_save(app: App) -> None:
    """Add the saving of what stands on the screen."""
    # What is still being typed is entered first, and only then the screen is read.
    app.clientside_callback(
        client_function("asuc", "enterThen"), Output(ids.SAVE_ASKED, "data"), Input(ids.SAVE, "n_clicks")
    )

    @app.callback(
        output=(Output(ids.DOWNLOAD, "data"), Output(ids.NOTICE, "children", allow_duplicate=True)),
        inputs={"asked": Input(ids.SAVE_ASKED, "data")},
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


def saved(screen: Screen) -> tuple[Any, list[Any]]:
    """Return the file of what stands on the screen, or nothing where it is no case yet, and what is said of it."""
    reading = read_screen(screen)
    if reading.case is None:
        return no_update, [html.P(not_a_case(screen))]
    file = {**dcc.send_string(to_json(reading.case) + "\n", FILE_NAME), "type": "application/json"}
    return file, [html.P(say("file.saved", file=FILE_NAME), className="done")]


def not_a_case(screen: Screen) -> str:
    """Return why what stands on the screen cannot be written down."""
    has_entries = any(row.get("day") or row.get("date") or row.get("mg") for row in screen.doses)
    return say("file.not_saved" if has_entries else "file.nothing_to_save")


def case_from_file(content: bytes) -> tuple[PatientCase, tuple[Message, ...]]:
    """Return the case of a file and what was read, left out or converted on the way.

    Parameters
    ----------
    content : bytes
        A case of this app, or an HL7 FHIR R4 Bundle.

    Raises
    ------
    InputError
        With every problem.
    """
    if not _IS_FHIR.search(content):
        return read_case(content), ()
    bundle = read_bundle(content)
    return read_case(bundle.tree), bundle.notes


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
        raise input_error("", say("file.not_whole")) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise input_error("", say("file.too_large", size=f"{len(content):,}", most=f"{LARGEST_FILE_BYTES:,}"))
    return content


def refusal(file: str, error: InputError) -> list[Any]:
    """Return the message for a file that is no case, with every problem in it."""
    problems = [html.Li(said) for said in sentences_of(error)]
    return [html.P(html.Strong(say("file.not_opened", file=file))), html.Ul(problems)]


def sentences_of(error: InputError) -> list[str]:
    """Return the problems of a file, each with its place in the file, in the language being spoken."""
    if isinstance(error, CaseError):
        return [
            _at(place_of(fault.path) if fault.place is None else spoken(fault.place), fault.message)
            for fault in error.faults
        ]
    if isinstance(error, BundleError):
        return [_at(spoken(finding.place), finding.said) for finding in error.findings]
    return [str(problem) for problem in error.problems]


def _at(place: str, said: Message) -> str:
    return f"{place}: {spoken(said)}" if place else spoken(said)


def _shown(screen: Screen) -> dict[str, Any]:
    units = {name: choices[0] for name, choices in UNIT_CHOICES.items()}
    return {
        "doses": screen.doses,
        "samples": screen.samples,
        "fields": screen.fields,
        "units": units,
        "kept": screen.kept,
    }


def _unchanged() -> dict[str, Any]:
    return {
        "doses": no_update,
        "samples": no_update,
        "fields": {field.name: no_update for field in FIELDS},
        "units": dict.fromkeys(UNIT_CHOICES, no_update),
        "kept": no_update,
    }
