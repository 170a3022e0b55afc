"""The case that tests of the regimen search change one thing of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.patient import read_case

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose, PatientCase

WEIGHT_KG = 60.0


def dose(time_day: float, amount_mg: float = 300, **more: float) -> dict[str, float]:
    return {"time_day": time_day, "amount_mg": amount_mg, **more}


def make_case(**changes: Any) -> PatientCase:
    """Return 300 mg given on days 0 and 7, the label doses planned, now day 14, four infusions in 28 days allowed."""
    document: dict[str, Any] = {
        "schema": "asuc-case/1",
        "covariates": {"weight_kg": WEIGHT_KG},
        "doses": [dose(0), dose(7)],
        "planned": [dose(14), dose(42)],
        "now_day": 14,
        "heart_failure": False,
        "limits": {"doses_max_28_day": 4},
    }
    return read_case({**document, **changes})


def shown(doses: tuple[CaseDose, ...]) -> list[tuple[float, float]]:
    """Return time and amount of each infusion."""
    return [(dose.time_day, dose.amount_mg) for dose in doses]
