"""Time-to-event distributions in closed form, one file for each hazard."""

from __future__ import annotations
