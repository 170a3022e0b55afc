"""The single inputs of the screen (those that are no rows): where each stands in a case and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "percent", "words", "choice", "truth"]
Tab = Literal["dosing", "covariates", "limits", "model"]
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Field:
    """One input.

    Parameters
    ----------
    path : tuple of str
        Keys of the value in a case.
    kind : str
        number (as in the case), percent (a fraction in the case), words, choice (one of `choices`), or truth (yes, no).
    tab : str
        Where it stands on the screen.
    unit : str
        Unit shown beside it.
    choices : tuple of str
        Values of a choice as they stand in the case.
    """

    path: tuple[str, ...]
    kind: Kind
    tab: Tab
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the last key of the path, which no other field has."""
        return self.path[-1]


def _covariate(name: str, unit: str) -> Field:
    return Field(("covariates", name), "number", "covariates", unit)


def _yes_no(name: str) -> Field:
    return Field(("covariates", name), "truth", "covariates", choices=(YES, NO))


FIELDS = (
    Field(("now_day",), "number", "dosing", "day"),
    _covariate("weight_kg", "kg"),
    _covariate("crp_mg_per_L", "mg/L"),
    _covariate("albumin_g_per_L", "g/L"),
    Field(("covariates", "sex"), "choice", "covariates", choices=("female", "male")),
    _covariate("age_year", "years"),
    _covariate("height_cm", "cm"),
    _covariate("bmi_kg_per_m2", "kg/m²"),
    _covariate("fat_free_mass_kg", "kg"),
    _yes_no("ada_positive"),
    _covariate("ada_ng_per_mL", "ng/mL"),
    _yes_no("immunomodulator"),
    _yes_no("steroid"),
    _yes_no("extensive"),
    Field(("covariates", "diagnosis"), "choice", "covariates", choices=("UC", "CD")),
    _covariate("mayo", "1–3"),
    Field(("label",), "words", "covariates"),
    Field(("target", "risk_day90"), "percent", "limits", "%"),
    Field(("target", "confidence"), "percent", "limits", "%"),
    Field(("limits", "mg_per_kg_max"), "number", "limits", "mg/kg"),
    Field(("limits", "dose_step_mg"), "number", "limits", "mg"),
    Field(("limits", "vial_mg"), "number", "limits", "mg"),
    Field(("limits", "gap_day_min"), "number", "limits", "days"),
    Field(("limits", "doses_max_28_day"), "number", "limits", "at most"),
    Field(("limits", "first_day"), "number", "limits", "day"),
    Field(("heart_failure",), "truth", "limits", choices=(YES, NO)),
    Field(("model",), "choice", "model"),
)
BY_NAME = {field.name: field for field in FIELDS}
TYPED = tuple(field for field in FIELDS if field.kind in {"number", "percent", "words"})
