"""Cases for tests, as text."""

from __future__ import annotations

import json
from typing import Any

FIGURE_3: dict[str, Any] = {
    "schema": "asuc-crohns-case/1",
    "age_year": 70,
    "sex": "female",
    "bmi_kg_per_m2": 22,
    "crp_mg_per_L": 8.73,
    "tnf_history": True,
    "steroid": True,
    "immunomodulator": False,
    "ileal": False,
    "cdai": 348,
}


def case_text(**changes: Any) -> str:
    """Return the paper's Figure 3 as a case, with changes."""
    return json.dumps({**FIGURE_3, **changes})
