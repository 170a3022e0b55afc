"""Colours and sizes that the style sheet, the components and the figures share."""

from __future__ import annotations

BG = "#ffffff"
RAIL = "#f5f7f8"
INK = "#16212a"
INK2 = "#4e5b65"
ACC = "#0a5a8c"
ACC50 = "#9cc1da"
ACC90 = "#d9e8f1"
PRIOR = "#56616a"
WIN = "#f7f2e6"
SEL = "#e6f0f6"
LINE = "#d8dee2"
LINE2 = "#7a868f"
ATT = "#8a4b00"
ERR = "#a3201a"
ERRBG = "#fcefee"

FONT = '"Source Sans 3", "Segoe UI", system-ui, -apple-system, "Noto Sans", "Liberation Sans", Arial, sans-serif'

_VARIABLES = {
    "bg": BG,
    "rail": RAIL,
    "ink": INK,
    "ink2": INK2,
    "acc": ACC,
    "acc50": ACC50,
    "acc90": ACC90,
    "prior": PRIOR,
    "win": WIN,
    "sel": SEL,
    "line": LINE,
    "line2": LINE2,
    "att": ATT,
    "err": ERR,
    "errbg": ERRBG,
    "font": FONT,
}


def root_variables() -> str:
    """Return the tokens as CSS variables of the page's root."""
    return ":root{" + "".join(f"--{name}:{value};" for name, value in _VARIABLES.items()) + "}"
