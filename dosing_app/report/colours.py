"""Colours of paper: the screen's light scheme, whose bands differ in grey as well."""

from __future__ import annotations

PAPER, INK, INK2 = "#ffffff", "#16212a", "#4e5b65"
ACCENT, BAND50, BAND90 = "#0a5a8c", "#9cc1da", "#d9e8f1"
PRIOR, WINDOW = "#56616a", "#f7f2e6"
LINE, LINE2 = "#d8dee2", "#7a868f"
