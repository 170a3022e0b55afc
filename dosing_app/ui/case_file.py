"""Opening and saving a case; a file that is refused leaves the screen as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.fhir_bundle import read_bundle
from dosing_app.decision.patient import read_case, to_json
from dosing_app.language import say, spoken
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.download import no_file, register_download, text_file, with_word
from dosing_app.ui.elements import App, Input, Output, State, html, no_update
from dosing_app.ui.fields import FIELDS, UNIT_CHOICES
from dosing_app.ui.opened_file import CasePlace, register_new, register_open
from dosing_app.ui.reading import read_screen
from dosing_app.ui.screen_state import SCREEN_STATE, screen_of
from dosing_app.ui.state import Screen, empty_screen, screen_from_case

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.language import Message
    from dosing_app.ui.download import Download

FILE_NAME = "asuc-case.json"
# What every FHIR resource has and no case.
_IS_FHIR = re.compile(rb'"resourceType"\s*:')
_PLACE = CasePlace(
    {
        "doses": Output(ids.DOSES, "rowData", allow_duplicate=True),
        "samples": Output(ids.SAMPLES, "rowData", allow_duplicate=True),
        "fields": {field.name: Output(ids.field(field.name), "value", allow_duplicate=True) for field in FIELDS},
        "units": {name: Output(ids.unit(name), "value", allow_duplicate=True) for name in UNIT_CHOICES},
        "kept": Output(ids.KEPT, "data", allow_duplicate=True),
    },
    ids.NOTICE,
)


def register(app: App) -> None:
    """Add the callbacks."""
    register_open(app, _PLACE, ids.OPEN, _opened)
    register_new(app, _PLACE, ids.NEW, lambda: _shown(empty_screen()))
    register_download(
        app,
        [ids.SAVE],
        lambda entries, _: saved(screen_of(entries)),
        asked=ids.SAVE_ASKED,
        screen=SCREEN_STATE,
        notice=ids.NOTICE,
    )
    _register_example(app)


def _register_example(app: App) -> None:
    """Add the choice of an example."""

    @app.callback(
        output={**_PLACE.outputs, "choice": Output(ids.EXAMPLES, "value")},
        inputs={"name": Input(ids.EXAMPLES, "value")},
        state={"language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_example(*, name: str | None, language: str | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if name not in example_names():
            return {**_PLACE.unchanged, "choice": no_update}
        with answering(language):
            screen = screen_from_case(example_case(name))
        return {"screen": _shown(screen), "notice": [], "choice": None}


def saved(screen: Screen) -> Download:
    """Return the file of what stands on the screen, or nothing where it is no case yet, and what is said of it."""
    reading = read_screen(screen)
    if reading.case is None:
        return no_file(not_a_case(screen))
    return with_word(text_file(to_json(reading.case) + "\n", FILE_NAME, "application/json"), "file.saved")


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


def _opened(content: bytes, file: str) -> dict[str, Any]:
    case, notes = case_from_file(content)
    said = [html.P(say("file.read_with_notes", file=file), className="done")] if notes else []
    said += [html.P(spoken(note)) for note in notes]
    return {"screen": _shown(screen_from_case(case)), "notice": said}


def _shown(screen: Screen) -> dict[str, Any]:
    units = {name: choices[0] for name, choices in UNIT_CHOICES.items()}
    return {
        "doses": screen.doses,
        "samples": screen.samples,
        "fields": screen.fields,
        "units": units,
        "kept": screen.kept,
    }
