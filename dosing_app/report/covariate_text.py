"""A covariate as the report writes it."""

from __future__ import annotations

from dosing_app.findings.numbers import shown
from dosing_app.language import say
from pkpd.model.spec import COVARIATE_CODES, COVARIATE_UNITS

_WORDED_UNITS = {"year": "unit.years"}


def covariate_text(name: str, value: float | str) -> str:
    """Return a covariate with its unit, or its label where it is one of a few codes.

    Parameters
    ----------
    name : str
        Its name in a case.
    value : float or str
        As a case holds it, or as the engine codes it.
    """
    labels = COVARIATE_CODES.get(name, {})
    code = labels.get(value) if isinstance(value, str) else float(value)
    if name in {"sex", "diagnosis"}:
        return say(f"choice.{next(label for label, known in labels.items() if known == code)}")
    if labels and name != "mayo":
        return say("choice.yes" if code else "choice.no")
    unit = COVARIATE_UNITS[name].replace("m2", "m²")
    number = shown(value) if isinstance(value, float | int) else value
    return number if labels else f"{number} {say(_WORDED_UNITS[unit]) if unit in _WORDED_UNITS else unit}"
