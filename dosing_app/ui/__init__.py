"""The screen of the dosing app: what was entered on the left, what follows from it on the right."""

from __future__ import annotations

from dosing_app.ui.app import create_app
from dosing_app.ui.server import serve

__all__ = ["create_app", "serve"]
