"""Event times: what their files hold, and who is looked at."""

from __future__ import annotations
