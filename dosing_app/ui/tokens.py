"""Colours and sizes that the style sheet, the components and the figures share, for the light and the dark scheme."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from typing import TYPE_CHECKING

from dosing_app.findings.colours import LIGHT, Palette

if TYPE_CHECKING:
    from collections.abc import Generator

FONT = '"Source Sans 3", "Segoe UI", system-ui, -apple-system, "Noto Sans", "Liberation Sans", Arial, sans-serif'
LIGHT_SCHEME, DARK_SCHEME = "light", "dark"


DARK = Palette(
    bg="#12181d",
    rail="#192127",
    ink="#e8edf0",
    ink2="#a9b6bf",
    acc="#6db4e3",
    acc50="#2b5875",
    acc90="#1f3a4d",
    prior="#b4bfc6",
    win="#26241c",
    sel="#1d3342",
    line="#323d45",
    line2="#7b8a94",
    att="#e3a656",
    err="#f28b82",
    errbg="#3a2322",
)
_palette: ContextVar[Palette] = ContextVar("palette", default=LIGHT)


@contextmanager
def painting(scheme: str | None) -> Generator[None]:
    """Paint in a scheme for as long as the block lasts; the light one where None."""
    token = _palette.set(DARK if scheme == DARK_SCHEME else LIGHT)
    try:
        yield
    finally:
        _palette.reset(token)


def palette() -> Palette:
    """Return the colours of the scheme that is painted in."""
    return _palette.get()


def root_variables() -> str:
    """Return the tokens as CSS variables, for the page's root and for its dark scheme."""
    light = _variables(LIGHT) + f"--font:{FONT};"
    return f":root{{{light}}}[data-mantine-color-scheme=dark]{{{_variables(DARK)}color-scheme:dark;}}"


def _variables(colours: Palette) -> str:
    return "".join(f"--{name}:{value};" for name, value in asdict(colours).items())
