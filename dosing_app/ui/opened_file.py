"""A whole case put on a page: a file that is opened, or nothing; a file that is refused leaves the page as it is."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from dosing_app.decision.case_faults import CaseError, place_of
from dosing_app.decision.fhir_faults import BundleError
from dosing_app.language import say, spoken
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.elements import App, Input, Output, State, html, no_update
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.language import Message
    from dosing_app.ui.elements import Component

LARGEST_FILE_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class CasePlace:
    """Where a case stands on a page.

    Parameters
    ----------
    screen : dict
        Outputs that it fills, in dictionaries.
    notice : str
        Id of the place where it is said what became of a file.
    """

    screen: dict[str, Any]
    notice: str

    @property
    def outputs(self) -> dict[str, Any]:
        """Return the outputs of a callback that puts a case there."""
        return {"screen": self.screen, "notice": Output(self.notice, "children", allow_duplicate=True)}

    @property
    def unchanged(self) -> dict[str, Any]:
        """Return the values of these outputs that leave the page as it is."""
        return {"screen": _unchanged(self.screen), "notice": no_update}


def register_open(app: App, place: CasePlace, upload: str, read: Callable[[bytes, str], dict[str, Any]]) -> None:
    """Add the reading of a chosen file.

    Parameters
    ----------
    app : App
        What it is added to.
    place : CasePlace
        Where the case goes.
    upload : str
        Id of the chooser.
    read : callable
        Returns the values of the outputs from a file's bytes and name; raises InputError for what is no case.
    """

    @app.callback(
        output={**place.outputs, "contents": Output(upload, "contents")},
        inputs={"contents": Input(upload, "contents")},
        state={"file": State(upload, "filename"), "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def open_file(  # pyright: ignore[reportUnusedFunction]
        *, contents: str | None, file: str | None, language: str | None
    ) -> dict[str, Any]:
        if not contents:
            return {**place.unchanged, "contents": no_update}
        with answering(language):
            try:
                outputs = read(uploaded_bytes(contents), file or "")
            except InputError as error:
                outputs = {**place.unchanged, "notice": refusal(file or "", error)}
        # Emptied, so that the same file can be opened once more.
        return {**outputs, "contents": None}


def register_new(app: App, place: CasePlace, button: str, emptied: Callable[[], dict[str, Any]]) -> None:
    """Add the emptying of the page; ``emptied`` returns the values of its screen."""

    @app.callback(output=place.outputs, inputs={"clicks": Input(button, "n_clicks")}, prevent_initial_call=True)
    def begin(*, clicks: int | None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"screen": emptied(), "notice": []} if clicks else place.unchanged


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


def refusal(file: str, error: InputError) -> list[Component]:
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


def _unchanged(outputs: Any) -> Any:  # noqa: ANN401 - outputs, and dictionaries of them
    if not isinstance(outputs, dict):
        return no_update
    named = cast("dict[str, Any]", outputs)
    return {name: _unchanged(one) for name, one in named.items()}
