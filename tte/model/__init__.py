"""Event models: what their files say, and the risk that they give."""

from __future__ import annotations
