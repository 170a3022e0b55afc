"""Figures of event models, drawn from tables."""

from __future__ import annotations
