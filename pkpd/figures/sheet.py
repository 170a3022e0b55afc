"""The pen of every figure on paper: Matplotlib without its global state, SVG that stands alone, and a page for one figure."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from math import isnan
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Matplotlib's own types leave keyword arguments unknown, which a strict check cannot use.
Axes: TypeAlias = Any
Figure: TypeAlias = Any
Cell: TypeAlias = "str | int | float"

FONT_PT = 8.0
_MM_PER_INCH = 25.4
# Matplotlib reads no WOFF2: it measures with its own face, which is wider than all of these.
_MEASURED_WITH = "'DejaVu Sans'"
_FAMILY = "'Source Sans 3', 'Segoe UI', 'Liberation Sans', Arial, sans-serif"
_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_PT,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "path.simplify": False,
}
_NOWHERE = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_ID = re.compile(r' id="([^"]*)"')
_NAMESPACE = re.compile(r' (xmlns(:\w+)?|version)="[^"]*"')
_MARK = re.compile(r"(<use [^>]*[^>/])/>")
# What marks() gives as id is no id in the end, so that two figures may stand on one page.
_MARKS = "marks:"
# A table on a page is for looking something up; the whole is in the CSV beside it.
_MOST_ROWS = 2000
# Its settings and its fonts belong to the whole process.
_one_at_a_time = Lock()

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #16212a; --ground: #ffffff; --line: #d8dee2; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6ebee; --ground: #141a1f; --line: #3a444c; }} }}
body {{ margin: 1.5rem auto; max-width: 68rem; padding: 0 1rem; font: 16px/1.45 {family}; color: var(--ink); background: var(--ground); }}
h1 {{ font-size: 1.3rem; }}
figure {{ margin: 0; }}
.sheet {{ background: #ffffff; padding: 0.5rem; overflow-x: auto; }}
.sheet svg {{ display: block; width: 100%; max-width: 58rem; height: auto; max-height: 80vh; margin: auto; }}
figcaption {{ margin: 0.6rem 0 1rem; }}
details > div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.85rem; }}
caption {{ text-align: left; padding: 0.3rem 0; }}
th, td {{ padding: 0.15rem 0.8rem 0.15rem 0; text-align: right; border-bottom: 1px solid var(--line); font-weight: 400; white-space: nowrap; }}
thead th {{ font-weight: 600; }}
th:first-child {{ text-align: left; }}
.sheet:focus-visible {{ outline: 2px solid #0072b2; outline-offset: 2px; }}
@media (max-width: 40rem) {{ .sheet {{ padding: 0; }} .sheet svg {{ width: auto; max-width: none; max-height: none; margin: 0; zoom: 0.86; }} }}
@media print {{ body {{ margin: 0; max-width: none; }} details {{ display: none; }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<figure>
<div class="sheet" role="region" aria-label="{title}" tabindex="0"><div role="img" aria-label="{title}">{svg}</div></div>
<figcaption>{caption}</figcaption>
</figure>
{table}
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Table:
    """The data of a figure.

    Parameters
    ----------
    head : tuple of str
        Names of the columns.
    rows : tuple of tuples
        Text and numbers in the order of the head; NaN where there is none.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with what it shows and what it was drawn from.

    Parameters
    ----------
    name : str
        Name of its files.
    title, caption : str
        Plain text.
    svg : str
        The figure, as ``svg`` returns it.
    table : Table
        Its data, complete.
    """

    name: str
    title: str
    caption: str
    svg: str
    table: Table


def svg(draw: Callable[[Figure], None], *, width_mm: float, height_mm: float, name: str) -> str:
    """Return a figure as an ``svg`` element that can be a file; the same figure gives the same text.

    Parameters
    ----------
    draw : callable
        Draws on an empty figure of Matplotlib.
    width_mm, height_mm : float
        Size on paper [mm].
    name : str
        Unique among figures that stand on one page, so that no two share an id.
    """
    import matplotlib as mpl  # noqa: PLC0415 - most commands draw nothing and start faster without it
    from matplotlib import figure as sheets  # noqa: PLC0415

    library: Any = mpl

    file = io.StringIO()
    with _one_at_a_time, library.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure: Figure = sheets.Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH))
        draw(figure)
        figure.savefig(file, format="svg", transparent=True, metadata=_NOWHERE)
    return _element(file.getvalue())


def marks(name: str) -> str:
    """Return the ``gid`` that makes a group of marks ``data-marks="name"`` in the SVG."""
    return f"{_MARKS}{name}"


def with_titles(element: str, name: str, titles: Sequence[str]) -> str:
    """Return an ``svg`` element in which each mark of a group says its title where a pointer rests on it.

    Parameters
    ----------
    element : str
        The figure, as ``svg`` returns it.
    name : str
        Name of the group, whose marks are drawn one by one.
    titles : sequence of str
        Plain text, one for each mark in their order.

    Raises
    ------
    ValueError
        Where there are fewer marks.
    """
    start = element.index(f'data-marks="{name}"')
    end = element.find('data-marks="', start + 1)
    head, group, rest = element[:start], element[start : end if end > 0 else None], element[end:] if end > 0 else ""
    # Other axes and their ticks, which follow the group, have marks as well.
    if not titles:
        return element
    if len(_MARK.findall(group)) < len(titles):
        raise ValueError(f"{name}: {len(titles)} titles are given for fewer marks; expected one for each")
    given = iter(titles)
    named = _MARK.sub(lambda mark: f"{mark[1]}><title>{escape(next(given))}</title></use>", group, count=len(titles))
    return f"{head}{named}{rest}"


def inside_page(element: str) -> str:
    """Return an ``svg`` element without the namespaces that only a file of its own needs."""
    head, end, rest = element.partition(">")
    return _NAMESPACE.sub("", head) + end + rest


def figure_page(title: str, caption: str, svg: str, table: Table) -> str:
    """Return a page that holds one figure, what it shows, and its data; it asks nothing of any other place.

    Parameters
    ----------
    title, caption : str
        Plain text.
    svg : str
        The figure, as ``svg`` returns it.
    table : Table
        Its data; of very many rows the first.
    """
    return _PAGE.format(
        title=escape(title), caption=escape(caption), svg=inside_page(svg), table=_details(table), family=_FAMILY
    )


def _element(document: str) -> str:
    """Return the element alone, its text in the page's font, without ids that nothing points to."""
    element = document[document.index("<svg") :].replace(_MEASURED_WITH, _FAMILY)
    used = {identifier for identifier in _ID.findall(element) if f"#{identifier}" in element}

    def kept(found: re.Match[str]) -> str:
        if found[1].startswith(_MARKS):
            return f' data-marks="{found[1].removeprefix(_MARKS)}"'
        return found.group() if found[1] in used else ""

    return _ID.sub(kept, element)


def _details(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in table.head)
    body = "\n".join(_row(row) for row in table.rows[:_MOST_ROWS])
    n = len(table.rows)
    shown = f"{n:,} rows" if n <= _MOST_ROWS else f"The first {_MOST_ROWS:,} of {n:,} rows; the CSV file holds all."
    return (
        f"<details><summary>Data</summary><div><table><caption>{shown}</caption>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div></details>"
    )


def _row(row: Sequence[Cell]) -> str:
    first, *others = row
    cells = "".join(f"<td>{_text(value)}</td>" for value in others)
    return f'<tr><th scope="row">{_text(first)}</th>{cells}</tr>'


def _text(value: Cell) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.6g}"
    return escape(str(value))
