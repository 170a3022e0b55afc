"""The single inputs of the screen (those that are no rows): where each stands in a case and how it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "percent", "words", "list", "choice", "truth"]
Tab = Literal["dosing", "day_0", "covariates", "limits", "model"]
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Field:
    """One input.

    Parameters
    ----------
    path : tuple of str
        Keys of the value in a case.
    kind : str
        number (as in the case), percent (a fraction in the case), words, list (of numbers or words, between commas or
        semicolons), choice (one of `choices`), or truth (yes, no).
    tab : str
        Where it stands on the screen.
    units : dict of str to str
        Units that may be typed after the number and what one of each is in the first, which is the one shown.
    choices : tuple of str
        Values of a choice as they stand in the case.
    below : str
        Key beside the last one of the path for a value that is known to lie below a limit only; nothing where that
        cannot be.
    """

    path: tuple[str, ...]
    kind: Kind
    tab: Tab
    units: dict[str, str] = field(default_factory=dict[str, str])
    choices: tuple[str, ...] = ()
    below: str = ""

    @property
    def name(self) -> str:
        """Return the last key of the path, which no other field has."""
        return self.path[-1]

    @property
    def unit(self) -> str:
        """Return the unit shown beside it."""
        return next(iter(self.units), "")


def _covariate(name: str, units: dict[str, str], below: str = "") -> Field:
    return Field(("covariates", name), "number", "covariates", units, below=below)


def _yes_no(name: str) -> Field:
    return Field(("covariates", name), "truth", "covariates", choices=(YES, NO))


DAYS = {"day": "1", "days": "1", "d": "1", "h": "1/24", "week": "7", "weeks": "7"}
HOURS = {"h": "1", "hour": "1", "hours": "1", "min": "1/60"}
MILLIGRAMS = {"mg": "1", "g": "1000"}
MG_PER_KG = {"mg/kg": "1"}
_GRAM_PER_LITRE = {"g/L": "1", "g/dL": "10"}
_CRP = {"mg/L": "1", "mg/dL": "10", "µg/mL": "1"}

FIELDS = (
    Field(("now_day",), "number", "dosing", DAYS),
    Field(("start_date",), "words", "day_0"),
    Field(("start_time",), "words", "day_0"),
    _covariate("weight_kg", {"kg": "1"}),
    _covariate("crp_mg_per_L", _CRP, below="crp_below_mg_per_L"),
    _covariate("albumin_g_per_L", _GRAM_PER_LITRE),
    Field(("covariates", "sex"), "choice", "covariates", choices=("female", "male")),
    _covariate("age_year", {"years": "1", "year": "1", "y": "1"}),
    _covariate("height_cm", {"cm": "1", "m": "100"}),
    _covariate("bmi_kg_per_m2", {"kg/m²": "1"}),
    _covariate("fat_free_mass_kg", {"kg": "1"}),
    _yes_no("ada_positive"),
    _covariate("ada_ng_per_mL", {"ng/mL": "1", "µg/L": "1", "µg/mL": "1000"}),
    _yes_no("immunomodulator"),
    _yes_no("steroid"),
    _yes_no("extensive"),
    Field(("covariates", "diagnosis"), "choice", "covariates", choices=("UC", "CD")),
    _covariate("mayo", {"1–3": "1"}),
    Field(("label",), "words", "covariates"),
    Field(("heart_failure",), "truth", "limits", choices=(YES, NO)),
    Field(("target", "risk_day90"), "percent", "limits", {"%": "1"}),
    Field(("target", "confidence"), "percent", "limits", {"%": "1"}),
    Field(("target", "criterion"), "choice", "limits", choices=("posterior", "plug_in")),
    Field(("limits", "reference"), "choice", "limits", choices=("planned", "label", "none")),
    Field(("limits", "mg_per_kg_max"), "number", "limits", MG_PER_KG),
    Field(("limits", "dose_step_mg"), "number", "limits", MILLIGRAMS),
    Field(("limits", "vial_mg"), "number", "limits", MILLIGRAMS),
    Field(("limits", "gap_day_min"), "number", "limits", {"days": "1", "day": "1", "d": "1"}),
    Field(("limits", "doses_max_28_day"), "number", "limits", {"at most": "1"}),
    Field(("limits", "first_day"), "number", "limits", DAYS),
    Field(("limits", "days_allowed"), "list", "limits", DAYS),
    Field(("limits", "weekdays_allowed"), "list", "limits"),
    Field(("model",), "choice", "model"),
)
UNIT_CHOICES = {"crp_mg_per_L": ("mg/L", "mg/dL"), "albumin_g_per_L": ("g/L", "g/dL")}
"""Fields whose unit can be chosen, with the units offered, the case's own first."""

BY_NAME = {one.name: one for one in FIELDS}
TYPED = tuple(one for one in FIELDS if one.kind not in {"choice", "truth"})
