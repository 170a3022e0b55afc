"""The colours of the screen and of paper, whose bands differ in grey as well."""

from __future__ import annotations

from dataclasses import dataclass


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
