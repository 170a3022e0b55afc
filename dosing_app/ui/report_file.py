"""The report of what stands on the screen, as a download."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dosing_app.decision.patient import to_json
from dosing_app.findings.case_words import level_text
from dosing_app.findings.numbers import number_text
from dosing_app.report.content import report_content
from dosing_app.report.typed import Typed
from dosing_app.report.write import report_html, report_pdf
from dosing_app.ui import audit, ids
from dosing_app.ui.case_file import not_a_case
from dosing_app.ui.download import binary_file, no_file, register_download, text_file, with_word
from dosing_app.ui.fields import UNIT_CHOICES
from dosing_app.ui.reading import read_screen
from dosing_app.ui.screen_state import SCREEN_STATE, screen_of

if TYPE_CHECKING:
    from dosing_app.report.content import ReportContent
    from dosing_app.ui.answers import Answers
    from dosing_app.ui.download import Download
    from dosing_app.ui.elements import App
    from dosing_app.ui.reading import Reading
    from dosing_app.ui.state import Row, Screen

PDF_NAME, HTML_NAME = "asuc-report.pdf", "asuc-report.html"


def register(app: App, answers: Answers) -> None:
    """Add the callbacks."""

    def write(entries: dict[str, Any], by: str) -> Download:
        screen = screen_of(entries)
        reading = read_screen(screen)
        if reading.case is None:
            return no_file(not_a_case(screen))
        content = _content(to_json(reading.case, indent=None), answers, typed_on(screen, reading))
        return with_word(_file(content, is_pdf=by == ids.REPORT_PDF), "file.report_written")

    register_download(
        app,
        [ids.REPORT_PDF, ids.REPORT_HTML],
        write,
        asked=ids.REPORT_ASKED,
        screen=SCREEN_STATE,
        notice=ids.NOTICE,
    )


def typed_on(screen: Screen, reading: Reading) -> Typed:
    """Return what was typed otherwise than the case of a screen holds it."""
    assert reading.case is not None, "read"  # noqa: S101 (asked for of valid screens only)
    amounts = {row["id"]: _amount_typed(row) for row in screen.doses}
    levels = {row["id"]: (row.get("level") or "").strip() for row in screen.samples}
    samples = zip(reading.row_ids["samples"], reading.case.samples, strict=True)
    return Typed(
        covariates=_covariates(screen),
        doses=tuple(amounts[name] for name in reading.row_ids["doses"]),
        planned=tuple(amounts[name] for name in reading.row_ids["planned"]),
        samples=tuple(_other_text(levels[name], level_text(sample, number_text)) for name, sample in samples),
    )


def _amount_typed(row: Row) -> str:
    """Return an amount that was typed for each kilogram or with a unit of its own; nothing for plain mg."""
    mg, per_kg = (row.get("mg") or "").strip(), (row.get("per_kg") or "").strip()
    if mg:
        return mg if mg[-1].isalpha() else ""
    return per_kg if not per_kg or per_kg[-1].isalpha() else f"{per_kg} mg/kg"


def _other_text(typed: str, of_case: str) -> str:
    """Return what was typed, or nothing where it is the same but for spaces and the decimal sign."""
    plain, other = ("".join(text.split()).replace(",", ".") for text in (typed, of_case))
    return "" if plain == other else typed


def _covariates(screen: Screen) -> dict[str, str]:
    """Return the covariates that were typed with a unit, or in another than a case's."""
    typed: dict[str, str] = {}
    for name, choices in UNIT_CHOICES.items():
        text, unit = (screen.fields.get(name) or "").strip(), screen.units.get(name, choices[0])
        if text and unit != choices[0]:
            typed[name] = text if text[-1].isalpha() else f"{text} {unit}"
        elif text and text[-1].isalpha():
            typed[name] = text
    return typed


def _content(case_json: str, answers: Answers, typed: Typed) -> ReportContent:
    view = answers.view(case_json)
    forecast = view.forecast
    has_regimens = forecast.risk is not None and view.has_mass
    content = report_content(
        view,
        search=answers.regimens(case_json) if has_regimens else None,
        average=answers.models(case_json),
        computed_at=datetime.now().astimezone(),
        software=version("asuc"),
        typed=typed,
    )
    audit.record("report", model=forecast.model, event_model=forecast.event_model)
    return content


def _file(content: ReportContent, *, is_pdf: bool) -> dict[str, Any]:
    """Return the report in the form that the browser downloads."""
    if is_pdf:
        return binary_file(report_pdf(content), PDF_NAME)
    return text_file(report_html(content), HTML_NAME, "text/html")
