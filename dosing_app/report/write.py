"""The report as one HTML page that asks nothing of any other place, and as PDF from the same page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.case_words import sample_count
from dosing_app.findings.figure_labels import concentration_label, risk_label, survival_label
from dosing_app.language import speaking
from dosing_app.report.drawing import svg
from dosing_app.report.figures import draw_concentration
from dosing_app.report.paper import filled_page, pdf_of
from dosing_app.report.risk_figures import draw_risk, draw_survival

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.view import View
    from dosing_app.report.content import ReportContent
    from dosing_app.report.paper import Paper
    from pkpd.figures.sheet import Figure

_FULL_WIDTH_MM, _HALF_WIDTH_MM = 186.0, 89.0
_CONCENTRATION_HEIGHT_MM: dict[Paper, float] = {"a4": 59.0, "letter": 46.0}
# More rows than these beside each other would not end on the page that they begin on.
_MOST_ROWS_BESIDE, _MOST_DOSES_BESIDE, _MOST_CHECKS_BESIDE = 20, 10, 6
# Columns of a long list are slow to balance.
_MOST_IN_COLUMNS = 40


def report_html(content: ReportContent, *, paper: Paper = "a4") -> str:
    """Return the report as an HTML page that holds its fonts and figures.

    Parameters
    ----------
    content : ReportContent
        What it says, in its language.
    paper : "a4" or "letter"
        What it is printed on.
    """
    with speaking(content.language):
        figures = _figures(content, paper)
    return filled_page(
        "case.html",
        content,
        paper=paper,
        figures=figures,
        is_stacked=len(content.inputs) + _beside(content) > _MOST_ROWS_BESIDE,
        are_doses_beside=_beside(content) > 0,
        are_checks_stacked=len(content.checks) > _MOST_CHECKS_BESIDE,
        notes_kind="small columns" if len(content.notes) + len(content.left_out) <= _MOST_IN_COLUMNS else "small",
    )


def report_pdf(content: ReportContent, *, paper: Paper = "a4") -> bytes:
    """Return the report as PDF, tagged for screen readers; the same content gives the same bytes.

    Parameters
    ----------
    content, paper
        As for ``report_html``.

    Raises
    ------
    InputError
        Where the system lacks a library that PDF needs.
    """
    return pdf_of(report_html(content, paper=paper), content)


def _figures(content: ReportContent, paper: Paper) -> dict[str, tuple[str, str]]:
    """Return every figure with the sentence that says what it shows.

    The risk is drawn where its interval may be read at a glance, survival where there is a risk.
    """
    view = content.view
    drawn: dict[str, tuple[Callable[[Figure, View], None], float, float, str]] = {
        "concentration": (
            draw_concentration,
            _FULL_WIDTH_MM,
            _CONCENTRATION_HEIGHT_MM[paper],
            concentration_label(view, samples=sample_count(view.forecast.case)),
        ),
    }
    if content.risk.interval:
        drawn["risk"] = (draw_risk, _HALF_WIDTH_MM, 46.0, risk_label(view))
    if content.risks.rows:
        drawn["survival"] = (draw_survival, _HALF_WIDTH_MM, 36.0, survival_label(view))
    return {
        name: (svg(draw, view, width_mm=width, height_mm=height, name=name), label)
        for name, (draw, width, height, label) in drawn.items()
    }


def _beside(content: ReportContent) -> int:
    """Return how many doses stand beside the answer: all, or none where they are many."""
    n_doses = len(content.doses.rows)
    return n_doses if n_doses <= _MOST_DOSES_BESIDE else 0
