"""The figures of a fit's folder: SVG files with the titles and captions that stand beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asuc.fit_report.documents import items, mapping, read_document
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIGURES, LIST, SCHEMA = "figures", "figures.json", "asuc-figures/1"
_INDIVIDUALS, _VPC = "individuals-", "vpc.json"
_IDS = re.compile(r'(\sid="|url\(#|href="#)')
# A picture inside a page must bring no program and ask nothing of any other place.
_FOREIGN = re.compile(
    r"<script|<foreignObject|<iframe|<image|<!ENTITY|@import|javascript:|<[^>]*\son\w+\s*="
    r"|href\s*=\s*[\"'](?!#)|\ssrc\s*=|url\(\s*[\"']?(?!#)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure of the report.

    Parameters
    ----------
    title, caption : str
        Plain text; the caption may be empty.
    svg : str
        The element, whose ids are its own on the page.
    """

    title: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """The figures of a folder.

    Parameters
    ----------
    gof, individuals, others : tuple of Picture
        Goodness of fit, pages of individual plots, and what further folders hold.
    remarks : tuple of str
        Sentences on figures that are not there.
    """

    gof: tuple[Picture, ...]
    individuals: tuple[Picture, ...]
    others: tuple[Picture, ...]
    remarks: tuple[str, ...]


def read_pictures(folder: Path) -> Pictures:
    """Return the figures of a fit's folder.

    Raises
    ------
    InputError
        Where a list of figures or a figure cannot be used.
    """
    others = tuple(_others(folder))
    file = folder / FIGURES / LIST
    if not file.is_file():
        missing = f"{FIGURES}/{LIST} is not there: the fit was made with --no-figures, or its figures were taken away."
        return Pictures((), (), others, (missing,))
    document = read_document(file, SCHEMA, f"the list of figures that `asuc fit` writes ({SCHEMA})")
    gof: list[Picture] = []
    individuals: list[Picture] = []
    for name, title, caption in _entries(document, file):
        group = individuals if name.startswith(_INDIVIDUALS) else gof
        group.append(Picture(title, caption, _element(file.parent / f"{name}.svg", f"{FIGURES}-{name}")))
    remarks = tuple(text for text in items(document.get("left_out")) if isinstance(text, str))
    return Pictures(tuple(gof), tuple(individuals), others, remarks)


def _others(folder: Path) -> Iterator[Picture]:
    """Yield the figures beside the fit and in further folders inside, in the order of their names."""
    inside = sorted(one for one in folder.iterdir() if one.is_dir() and one.name != FIGURES)
    for place in (folder, *(part for one in inside for part in (one, one / FIGURES))):
        files = sorted(place.glob("*.svg"))
        words = _captions(place) if files else {}
        path = place.relative_to(folder).as_posix().removeprefix(".")
        for number, file in enumerate(files):
            title, caption = words.get(file.stem, ("", ""))
            own = f"{path or folder.name}: {file.stem}"
            yield Picture(title or own, caption, _element(file, f"{path or 'beside'}-{number}"))


def _captions(place: Path) -> dict[str, tuple[str, str]]:
    """Return title and caption of figures by name: from the list of a folder, its own document, or a document beside a figure."""
    found: dict[str, tuple[str, str]] = {}
    for file in (place / f"{place.name}.json", place / _VPC, place / LIST):
        if file.is_file():
            document = read_document(file, None, "a document with a list of figures")
            if "figures" in document:
                found |= {name: (title, caption) for name, title, caption in _entries(document, file)}
    for picture in place.glob("*.svg"):
        beside = picture.with_suffix(".json")
        if beside.is_file():
            document = read_document(beside, None, "title and caption of the figure beside it")
            title, caption = document.get("title"), document.get("caption")
            if isinstance(title, str) or isinstance(caption, str):
                found[picture.stem] = (str(title or ""), str(caption or ""))
    return found


def _entries(document: dict[str, Any], file: Path) -> Iterator[tuple[str, str, str]]:
    if not isinstance(document.get("figures"), list):
        raise input_error(f"{file}, figures", "is no list; expected one of objects with name, title and caption")
    for number, entry in enumerate(items(document["figures"]), start=1):
        words: list[Any] = [mapping(entry).get(key) for key in ("name", "title", "caption")]
        if not all(isinstance(word, str) for word in words) or set(words[0]) & set("/\\"):
            raise input_error(
                f"{file}, figures[{number}]", "expected an object with name (of a file), title and caption"
            )
        yield words[0], words[1], words[2]


def _element(file: Path, prefix: str) -> str:
    """Return a figure's element with ids of its own."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise input_error(str(file), f"cannot be read ({error}); expected the figure that its list names") from None
    start = text.find("<svg")
    element = text[start:].rstrip() if start >= 0 else ""
    if not element.endswith("</svg>"):
        raise input_error(str(file), "is no whole SVG; expected the figure as it was written")
    if found := _FOREIGN.search(_without_namespaces(element)):
        message = f'holds "{found.group().strip()}", a program or something from elsewhere; expected a drawing alone'
        raise input_error(str(file), message)
    own = re.sub(r"[^A-Za-z0-9-]", "-", prefix)
    return _IDS.sub(rf"\g<1>{own}-", _without_namespaces(element))


def _without_namespaces(element: str) -> str:
    head, end, rest = element.partition(">")
    return re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", head) + end + rest
