"""A report on paper: the page that holds its fonts and its style, and the PDF of the same page."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, PackageLoader

from dosing_app.language import say, speaking
from pkpd.errors import input_error

if TYPE_CHECKING:
    from dosing_app.report.head import ReportHead

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = ("a4", "letter")

# The screen's own faces and nothing beside them; letters that they lack come from the reader's machine.
_FACES = (("latin", 400), ("latin", 600), ("greek", 400), ("greek", 600))
_LIBRARY_MISSING = (
    "the library Pango, which sets its text, is not on this system; install Debian's packages libpango-1.0-0, "
    "libpangoft2-1.0-0 and libharfbuzz-subset0, or ask for .html"
)


def filled_page(template: str, content: ReportHead, *, paper: Paper, **shown: object) -> str:
    """Return a report as one HTML page that asks nothing of any other place, in the language of its content.

    Parameters
    ----------
    template : str
        File in the report's folder of templates; one that extends ``report.html``.
    content : ReportHead
        What the report says.
    paper : "a4" or "letter"
        What it is printed on.
    **shown
        What else the template names: figures, and what lies beside what.
    """
    with speaking(content.language):
        return _template(template).render(
            content=content, paper=paper, say=say, faces=_faces(), css_text=_css_text, **shown
        )


def pdf_of(page: str, content: ReportHead) -> bytes:
    """Return the PDF of a report's page, tagged for screen readers; the same content gives the same bytes.

    Raises
    ------
    InputError
        Where the system lacks a library that PDF needs.
    """
    return laid_out(page).write_pdf(pdf_identifier=bytes.fromhex(content.case_sha256), pdf_tags=True)


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
def _template(name: str) -> Any:  # noqa: ANN401 - a template of Jinja
    pages = Environment(
        loader=PackageLoader("dosing_app.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return pages.get_template(name)


@lru_cache(maxsize=1)
def _faces() -> str:
    """Return the font faces with their data."""
    folder = files("dosing_app").joinpath("ui", "assets", "fonts")
    rules: list[str] = []
    for script, weight in _FACES:
        data = folder.joinpath(f"source-sans-3-{script}-{weight}-normal.woff2").read_bytes()
        source = f"url(data:font/woff2;base64,{base64.b64encode(data).decode()}) format('woff2')"
        rules.append(f"@font-face{{font-family:'Source Sans 3';font-weight:{weight};src:{source}}}")
    return "\n".join(rules)


def _css_text(text: str) -> str:
    """Return a text as a string of CSS that ends neither itself nor the style sheet, whatever it holds."""
    plain = "".join(c if c.isalnum() or c in " .,·-/" else f"\\{ord(c):06x}" for c in text)
    return f'"{plain}"'
