"""The report as one HTML page that asks nothing of any other place, and as PDF from the same page."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, PackageLoader

from dosing_app.findings.case_words import sample_count
from dosing_app.findings.figure_labels import concentration_label, risk_label, survival_label
from dosing_app.language import say, speaking
from dosing_app.report.drawing import svg
from dosing_app.report.figures import draw_concentration
from dosing_app.report.risk_figures import draw_risk, draw_survival
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.view import View
    from dosing_app.report.content import ReportContent
    from pkpd.figures.sheet import Figure

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = ("a4", "letter")

# The screen's own faces and nothing beside them; letters that they lack come from the reader's machine.
_FACES = (("latin", 400), ("latin", 600), ("greek", 400), ("greek", 600))
_FULL_WIDTH_MM, _HALF_WIDTH_MM = 186.0, 89.0
_CONCENTRATION_HEIGHT_MM: dict[Paper, float] = {"a4": 59.0, "letter": 46.0}
# More rows than these beside each other would not end on the page that they begin on.
_MOST_ROWS_BESIDE, _MOST_DOSES_BESIDE, _MOST_CHECKS_BESIDE = 20, 10, 6
# Columns of a long list are slow to balance.
_MOST_IN_COLUMNS = 40
_LIBRARY_MISSING = (
    "the library Pango, which sets its text, is not on this system; install Debian's packages libpango-1.0-0, "
    "libpangoft2-1.0-0 and libharfbuzz-subset0, or ask for .html"
)


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
        return template("page.html").render(
            content=content,
            paper=paper,
            say=say,
            faces=faces(),
            css_text=css_text,
            figures=_figures(content, paper),
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
    identifier = bytes.fromhex(content.case_sha256)
    return laid_out(report_html(content, paper=paper)).write_pdf(pdf_identifier=identifier, pdf_tags=True)


def laid_out(html: str) -> Any:  # noqa: ANN401 - WeasyPrint ships no types
    """Return a report's page laid out on paper, as WeasyPrint's document.

    Raises
    ------
    InputError
        Where the system lacks a library that PDF needs.
    """
    try:
        # Slow to import, and only there where the system has Pango.
        import weasyprint  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
    except OSError as error:
        raise input_error("PDF", _LIBRARY_MISSING) from error
    # Whatever stands in a case, nothing is fetched.
    setter: Any = weasyprint
    embedded_only = setter.URLFetcher(allowed_protocols=("data",))
    return setter.HTML(string=html, url_fetcher=embedded_only).render()


@lru_cache
def template(name: str) -> Any:  # noqa: ANN401 - a template of Jinja
    """Return a template of the report's folder."""
    pages = Environment(
        loader=PackageLoader("dosing_app.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return pages.get_template(name)


@lru_cache(maxsize=1)
def faces() -> str:
    """Return the font faces with their data."""
    folder = files("dosing_app").joinpath("ui", "assets", "fonts")
    rules: list[str] = []
    for script, weight in _FACES:
        data = folder.joinpath(f"source-sans-3-{script}-{weight}-normal.woff2").read_bytes()
        source = f"url(data:font/woff2;base64,{base64.b64encode(data).decode()}) format('woff2')"
        rules.append(f"@font-face{{font-family:'Source Sans 3';font-weight:{weight};src:{source}}}")
    return "\n".join(rules)


def css_text(text: str) -> str:
    """Return a text as a string of CSS that ends neither itself nor the style sheet, whatever it holds."""
    plain = "".join(c if c.isalnum() or c in " .,·-/" else f"\\{ord(c):06x}" for c in text)
    return f'"{plain}"'


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
