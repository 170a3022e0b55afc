"""The report and the figures of what stands on the page, as downloads."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dosing_app.decision.crohns.answer import compute_answer
from dosing_app.decision.crohns.export import answer_csv, answer_json
from dosing_app.report.crohns.content import crohns_report
from dosing_app.report.crohns.write import crohns_html, crohns_pdf
from dosing_app.ui import ids
from dosing_app.ui.crohns.files import not_a_case
from dosing_app.ui.crohns.screen import SCREEN_STATE, is_begun, read_screen, screen_of
from dosing_app.ui.download import binary_file, no_file, register_download, text_file, with_word

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.ui.download import Download
    from dosing_app.ui.elements import App

_NAMES = {
    ids.CROHNS_REPORT_PDF: "asuc-crohns-report.pdf",
    ids.CROHNS_REPORT_HTML: "asuc-crohns-report.html",
    ids.CROHNS_EXPORT_CSV: "asuc-crohns.csv",
    ids.CROHNS_EXPORT_JSON: "asuc-crohns.json",
}


def register(app: App) -> None:
    """Add the callbacks."""
    register_download(
        app, list(_NAMES), _written, asked=ids.CROHNS_REPORT_ASKED, screen=SCREEN_STATE, notice=ids.CROHNS_NOTICE
    )


def _written(entries: dict[str, Any], by: str) -> Download:
    screen = screen_of(entries)
    reading = read_screen(screen)
    if reading.tree is None or not is_begun(screen):
        return no_file(not_a_case(screen))
    answer = compute_answer(reading.tree, uncertainty=reading.uncertainty, worthwhile=reading.worthwhile)
    return with_word(_file(answer, by), "file.report_written")


def _file(answer: CrohnsAnswer, by: str) -> dict[str, Any]:
    """Return what a button asks for, as the browser downloads it."""
    name = _NAMES[by]
    if by == ids.CROHNS_EXPORT_CSV:
        return text_file(answer_csv(answer), name, "text/csv")
    if by == ids.CROHNS_EXPORT_JSON:
        return text_file(answer_json(answer), name, "application/json")
    content = crohns_report(answer, computed_at=datetime.now().astimezone(), software=version("asuc"))
    if by == ids.CROHNS_REPORT_HTML:
        return text_file(crohns_html(content), name, "text/html")
    return binary_file(crohns_pdf(content), name)
