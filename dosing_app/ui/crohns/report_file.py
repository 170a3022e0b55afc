"""The report and the figures of what stands on the page, as downloads."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, BinaryIO

from dosing_app.decision.crohns.answer import compute_answer
from dosing_app.decision.crohns.export import answer_csv, answer_json
from dosing_app.language import say
from dosing_app.report.crohns.content import crohns_report
from dosing_app.report.crohns.write import crohns_html, crohns_pdf
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.crohns.files import not_a_case
from dosing_app.ui.crohns.screen import SCREEN_STATE, is_begun, read_screen, screen_of
from dosing_app.ui.elements import App, Input, Output, State, client_function, dcc, html, no_update
from pkpd.errors import InputError

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer

_NAMES = {
    ids.CROHNS_REPORT_PDF: "asuc-crohns-report.pdf",
    ids.CROHNS_REPORT_HTML: "asuc-crohns-report.html",
    ids.CROHNS_EXPORT_CSV: "asuc-crohns.csv",
    ids.CROHNS_EXPORT_JSON: "asuc-crohns.json",
}


def register(app: App) -> None:
    """Add the callbacks."""
    # What is still being typed is entered first, and only then the page is read.
    app.clientside_callback(
        client_function("asuc", "enterThen"),
        Output(ids.CROHNS_REPORT_ASKED, "data"),
        *(Input(button, "n_clicks") for button in _NAMES),
    )

    @app.callback(
        output=(
            Output(ids.DOWNLOAD, "data", allow_duplicate=True),
            Output(ids.CROHNS_NOTICE, "children", allow_duplicate=True),
        ),
        inputs={"asked": Input(ids.CROHNS_REPORT_ASKED, "data")},
        state={"screen": SCREEN_STATE, "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def write(  # pyright: ignore[reportUnusedFunction]
        *, asked: dict[str, Any] | None, screen: dict[str, Any], language: str | None
    ) -> tuple[Any, Any]:
        if not asked or asked.get("by") not in _NAMES:
            return no_update, no_update
        with answering(language):
            entered = screen_of(screen)
            reading = read_screen(entered)
            if reading.tree is None or not is_begun(entered):
                return no_update, [html.P(not_a_case(entered))]
            answer = compute_answer(reading.tree, uncertainty=reading.uncertainty, worthwhile=reading.worthwhile)
            try:
                file = _file(answer, asked["by"])
            except InputError as error:
                return no_update, [html.P(f"{error}.")]
            return file, [html.P(say("file.report_written", file=file["filename"]), className="done")]


def _file(answer: CrohnsAnswer, by: str) -> dict[str, Any]:
    """Return what a button asks for, as the browser downloads it."""
    name = _NAMES[by]
    if by == ids.CROHNS_EXPORT_CSV:
        return {**dcc.send_string(answer_csv(answer), name), "type": "text/csv"}
    if by == ids.CROHNS_EXPORT_JSON:
        return {**dcc.send_string(answer_json(answer), name), "type": "application/json"}
    content = crohns_report(answer, computed_at=datetime.now().astimezone(), software=version("asuc"))
    if by == ids.CROHNS_REPORT_HTML:
        return {**dcc.send_string(crohns_html(content), name), "type": "text/html"}
    written = crohns_pdf(content)

    def write_to(buffer: BinaryIO) -> None:
        buffer.write(written)

    return dcc.send_bytes(write_to, name)
