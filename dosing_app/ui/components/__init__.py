"""Parts of the page: functions that return what Dash draws."""

from __future__ import annotations
