"""Figures of event times and their models, drawn by the pen of the engine's figures."""

from __future__ import annotations
