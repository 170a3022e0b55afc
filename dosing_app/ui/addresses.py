"""The addresses of the pages; none ever holds anything about a patient."""

from __future__ import annotations

COLITIS, CROHNS, MODELS = "/", "/crohns", "/models"
MODEL_CARDS = "/models/cards"
"""The cards of the models, as a part of their page."""

PAGES = frozenset({COLITIS, CROHNS, MODELS})
