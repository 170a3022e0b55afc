"""Colours and sizes that the style sheet, the components and the figures share, for the light and the dark scheme."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

FONT = '"Source Sans 3", "Segoe UI", system-ui, -apple-system, "Noto Sans", "Liberation Sans", Arial, sans-serif'
LIGHT_SCHEME, DARK_SCHEME = "light", "dark"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme.

    Parameters
    ----------
    bg, rail : str
        Page and input rail.
    ink, ink2 : str
        Text, and units and captions.
    acc, acc50, acc90 : str
        The accent, and the 50 and 90 % bands.
    prior : str
        What holds before samples.
    win, sel : str
        Days that count for the risk; the selected option.
    line, line2 : str
        Rules; borders of controls.
    att, err, errbg : str
        Mark of a check; a faulty cell and its ground.
    """

    bg: str
    rail: str
    ink: str
    ink2: str
    acc: str
    acc50: str
    acc90: str
    prior: str
    win: str
    sel: str
    line: str
    line2: str
    att: str
    err: str
    errbg: str

    @property
    def veil(self) -> str:
        """Return the ground behind a label that stands on a curve."""
        red, green, blue = (int(self.bg[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},0.7)"


LIGHT = Palette(
    bg="#ffffff",
    rail="#f5f7f8",
    ink="#16212a",
    ink2="#4e5b65",
    acc="#0a5a8c",
    acc50="#9cc1da",
    acc90="#d9e8f1",
    prior="#56616a",
    win="#f7f2e6",
    sel="#e6f0f6",
    line="#d8dee2",
    line2="#7a868f",
    att="#8a4b00",
    err="#a3201a",
    errbg="#fcefee",
)
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
