"""A published event model brought up to date with the event times of other patients."""

from __future__ import annotations
