"""The report of a validation as one page that asks nothing of any other place."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, Environment, PackageLoader

from dosing_app.language import say, speaking
from pkpd.figures.sheet import inside_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asuc.validation.report_table import ReportTable
    from pkpd.figures.sheet import Drawing


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    key, title : str
        Its anchor, and its heading.
    paragraphs : tuple of str
        Sentences before the tables.
    points : tuple of str
        Sentences of a list.
    tables : tuple of ReportTable
        Tables.
    drawings : tuple of Drawing
        Figures.
    notes : tuple of str
        Sentences below: what is not drawn, and how to read what is.
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    notes: tuple[str, ...] = ()


def validation_page(
    title: str, subtitle: str, sections: Sequence[Section], *, warnings: Sequence[str], facts: Sequence[tuple[str, str]]
) -> str:
    """Return the page.

    Parameters
    ----------
    title, subtitle : str
        Heading, and the sentence below it.
    sections : sequence of Section
        In order.
    warnings : sequence of str
        What to beware of, on top.
    facts : sequence of (str, str)
        Names and values of what the report rests on, at the end.
    """
    sorts = any(one.sorts_by for part in sections for one in part.tables)
    script = files("asuc.validation").joinpath("templates", "sort.js").read_text(encoding="utf-8") if sorts else ""
    with speaking("en"):
        return _template().render(
            title=title,
            subtitle=subtitle,
            sections=sections,
            warnings=warnings,
            facts=facts,
            research_use=say("footer.research_use"),
            not_a_device=say("report.not_a_device"),
            paper="a4",
            inside_page=inside_page,
            script=script,
            script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        )


@lru_cache(maxsize=1)
def _template() -> Any:  # noqa: ANN401 - a template of Jinja
    # Reports look alike: the style is that of the report of a fit.
    places = ChoiceLoader([PackageLoader("asuc.validation"), PackageLoader("asuc.fit_report")])
    pages = Environment(loader=places, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("validation.html")
