"""The card of an event model as one page that asks nothing of any other place."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from jinja2 import Environment, PackageLoader

from dosing_app.language import say, speaking
from pkpd.figures.sheet import inside_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pkpd.figures.sheet import Drawing

Rows: TypeAlias = "tuple[tuple[str, ...], ...]"
Table: TypeAlias = "tuple[str, tuple[str, ...], Rows]"
"""Heading, names of the columns, rows."""


def event_model_page(title: str, parts: Iterable[Table | str], drawings: Sequence[Drawing]) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        What the model is.
    parts : iterable of Table or str
        Tables and sentences, in order.
    drawings : sequence of Drawing
        Figures below them.
    """
    with speaking("en"):
        return _template().render(
            title=title,
            research_use=say("footer.research_use"),
            not_a_device=say("report.not_a_device"),
            paper="a4",
            parts=[_part(one) for one in parts],
            pictures=[{"title": one.title, "caption": one.caption, "svg": inside_page(one.svg)} for one in drawings],
        )


def _part(one: Table | str) -> dict[str, Any]:
    if isinstance(one, str):
        return {"text": one, "title": "", "titles": (), "rows": ()}
    title, titles, rows = one
    return {"text": "", "title": title, "titles": titles, "rows": rows}


@lru_cache(maxsize=1)
def _template() -> Any:  # noqa: ANN401 - a template of Jinja
    pages = Environment(loader=PackageLoader("asuc.fit_report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("event_model.html")
