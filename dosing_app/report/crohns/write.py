"""The report as one HTML page that asks nothing of any other place, and as PDF from the same page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.language import speaking
from dosing_app.report.crohns.figure import bars_svg
from dosing_app.report.paper import filled_page, pdf_of

if TYPE_CHECKING:
    from dosing_app.report.crohns.content import CrohnsReport
    from dosing_app.report.paper import Paper

_WIDTH_MM, _HEIGHT_MM = 186.0, 52.0


def crohns_html(content: CrohnsReport, *, paper: Paper = "a4") -> str:
    """Return the report as an HTML page that holds its fonts and its figure.

    Parameters
    ----------
    content : CrohnsReport
        What it says, in its language.
    paper : "a4" or "letter"
        What it is printed on.
    """
    with speaking(content.language):
        has_classes = bool(content.answer.classes)
        bars = bars_svg(content.answer, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM) if has_classes else ""
    return filled_page("crohns.html", content, paper=paper, bars=bars)


def crohns_pdf(content: CrohnsReport, *, paper: Paper = "a4") -> bytes:
    """Return the report as PDF, tagged for screen readers; the same content gives the same bytes.

    Parameters
    ----------
    content, paper
        As for ``crohns_html``.

    Raises
    ------
    InputError
        Where the system lacks a library that PDF needs.
    """
    return pdf_of(crohns_html(content, paper=paper), content)
