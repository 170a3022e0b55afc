# ruff: noqa: N815 - the names of the fields are those of the format
"""The shape of a patient case (`asuc-case/1`): names, types and hard limits of every field.

The description of a field is also what an error message says was expected, so it is worded to follow that word; messages
have it from the catalogues (``expected.<field>``), whose English is the same.
Rules that need more than one field stand in ``case_checks``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from dosing_app.decision.case_fields import (
    ClockTime,
    Concentration,
    Day,
    IsoDate,
    NotStrict,
    Part,
    Weekday,
    WholeNumber,
    Words,
    YesNo,
    weekday_number,
)
from pkpd.data.label_regimen import GAP_DAY, VIAL_MG
from pkpd.model.library import DEFAULT_MODEL


class CovariateValues(Part):
    """Covariates under their case names; None is not known."""

    weight_kg: Annotated[float, Field(ge=10, le=300)] | None = Field(
        default=None, description="a body weight from 10 to 300 kg"
    )
    crp_mg_per_L: Annotated[float, Field(gt=0, le=1_000)] | None = Field(
        default=None, description="a C-reactive protein above 0 and at most 1,000 mg/L"
    )
    albumin_g_per_L: Annotated[float, Field(ge=5, le=70)] | None = Field(
        default=None, description="an albumin from 5 to 70 g/L"
    )
    sex: Literal["female", "male"] | None = Field(default=None, description='"female" or "male"')
    age_year: Annotated[float, Field(ge=0, le=120)] | None = Field(
        default=None, description="an age from 0 to 120 years"
    )
    height_cm: Annotated[float, Field(ge=30, le=250)] | None = Field(
        default=None, description="a height from 30 to 250 cm"
    )
    bmi_kg_per_m2: Annotated[float, Field(ge=8, le=100)] | None = Field(
        default=None, description="a body mass index from 8 to 100 kg/m2"
    )
    fat_free_mass_kg: Annotated[float, Field(ge=5, le=150)] | None = Field(
        default=None, description="a fat-free mass from 5 to 150 kg"
    )
    ada_positive: YesNo | None = Field(default=None, description="true or false (antibodies to infliximab)")
    ada_ng_per_mL: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        default=None,
        description="an antibody concentration above 0 and at most 1,000,000 ng/mL (where none was found, the limit of "
        "detection)",
    )
    immunomodulator: YesNo | None = Field(default=None, description="true or false (immunomodulator taken)")
    steroid: YesNo | None = Field(default=None, description="true or false (steroid taken)")
    extensive: YesNo | None = Field(default=None, description="true or false (extensive colitis)")
    diagnosis: Literal["UC", "CD"] | None = Field(default=None, description='"UC" or "CD"')
    mayo: Annotated[WholeNumber, Field(ge=1, le=3)] | None = Field(
        default=None, description="an endoscopic Mayo score of 1, 2 or 3"
    )


class CaseCovariates(CovariateValues):
    """Covariates at the start of rescue therapy; a CRP may be known to lie below its assay's limit only."""

    crp_below_mg_per_L: Annotated[float, Field(gt=0, le=1_000)] | None = Field(
        default=None,
        description="a lower limit of the CRP assay above 0 and at most 1,000 mg/L, where the CRP lies below it",
    )


def is_possible_covariate(name: str, value: float) -> bool:
    """Return whether a value lies within the hard limits of the covariate of that name."""
    try:
        CovariateValues.model_validate({name: value})
    except ValidationError:
        return False
    return True


class CaseCovariatesAt(CovariateValues):
    """Covariates measured on one later day."""

    time_day: Day = Field(description="a time from 0 to 3,650 days since the first infusion")


class CaseDose(Part):
    """One infusion, given or planned."""

    time_day: Day = Field(description="a time from 0 to 3,650 days since the first infusion")
    amount_mg: Annotated[float, Field(gt=0, le=5_000)] = Field(description="an amount above 0 and at most 5,000 mg")
    duration_hour: Annotated[float, Field(gt=0, le=24)] = Field(
        default=2.0, description="a duration above 0 and at most 24 hours"
    )


class CaseSample(Part):
    """One serum sample: measured, or known only to lie below or above a limit of its assay."""

    time_day: Day = Field(description="a time from 0 to 3,650 days since the first infusion")
    concentration_mg_per_L: Concentration | None = Field(
        default=None, description="a concentration above 0 mg/L and at most 10,000 mg/L"
    )
    censored: Literal["below", "above"] | None = Field(
        default=None, description='"below" (the lower limit) or "above" (the upper limit)'
    )
    lloq_mg_per_L: Concentration | None = Field(
        default=None, description="a lower limit of quantification above 0 and at most 10,000 mg/L"
    )
    uloq_mg_per_L: Concentration | None = Field(
        default=None, description="an upper limit of quantification above 0 and at most 10,000 mg/L"
    )
    assay: Words | None = Field(default=None, description="the name of the assay as text")
    exclude: Words | None = Field(
        default=None, description="the reason, in words, why the sample is not used (leave the key out to use it)"
    )


class CaseTarget(Part):
    """The risk that a regimen is to reach."""

    risk_day90: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.20, description="a probability of colectomy by day 90 between 0 and 1, both excluded"
    )
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="a probability between 0 and 1, both excluded"
    )
    criterion: Literal["posterior", "plug_in"] = Field(default="posterior", description='"posterior" or "plug_in"')


class CaseLimits(Part):
    """What a regimen may look like."""

    mg_per_kg_max: Annotated[float, Field(gt=0, le=100)] = Field(
        default=10.0, description="a largest dose above 0 and at most 100 mg/kg"
    )
    vial_mg: Annotated[float, Field(ge=1, le=5_000)] = Field(
        default=VIAL_MG, description="a vial size from 1 to 5,000 mg"
    )
    dose_step_mg: Annotated[float, Field(ge=1, le=5_000)] = Field(
        default=100.0, description="a dose step from 1 to 5,000 mg"
    )
    gap_day_min: Annotated[float, Field(gt=0, le=365)] = Field(
        default=GAP_DAY, description="a shortest gap between infusions above 0 and at most 365 days"
    )
    doses_max_28_day: Annotated[WholeNumber, Field(ge=1, le=28)] = Field(
        default=3, description="a whole number of infusions from 1 to 28"
    )
    first_day: Day | None = Field(default=None, description="a first allowed day from 0 to 3,650, or null")
    days_allowed: Annotated[tuple[Day, ...], NotStrict, Field(min_length=1)] | None = Field(
        default=None, description="the allowed days, a list with at least one, each from 0 to 3,650; null for every day"
    )
    weekdays_allowed: Annotated[tuple[Weekday, ...], NotStrict, Field(min_length=1)] | None = Field(
        default=None,
        description='the allowed days of the week, a list with at least one, each as "Mon" or "Monday"; '
        "null for every day",
    )
    reference: Literal["planned", "label", "none"] = Field(
        default="planned", description='"planned", "label" or "none"'
    )

    def allowed_weekday_numbers(self) -> frozenset[int] | None:
        """Return the allowed days of the week (0 is Monday), or None where every day is allowed."""
        if self.weekdays_allowed is None:
            return None
        return frozenset(number for name in self.weekdays_allowed if (number := weekday_number(name)) is not None)


def _latest_given(earlier: dict[str, tuple[CaseDose | CaseSample, ...]]) -> float:
    return max(row.time_day for name in ("doses", "samples") for row in earlier[name])


class PatientCase(Part):
    """One patient at one moment: what was given, measured and planned, and what is aimed at.

    Values are exactly the ones given; a default stands where nothing was given, and ``model_fields_set`` of each part
    tells the two apart. ``model_copy(update=...)`` makes a changed case (unchecked, for values of the program itself).
    """

    schema_: Literal["asuc-case/1"] = Field(alias="schema", description='"asuc-case/1"')
    label: Annotated[str, Field(max_length=2_000)] | None = Field(
        default=None, description="a text of at most 2,000 characters, without identifiers"
    )
    model: str = Field(default=DEFAULT_MODEL, description="the name of a shipped model")
    covariates: CaseCovariates = Field(description="an object of covariates at the start of rescue therapy")
    covariates_over_time: Annotated[tuple[CaseCovariatesAt, ...], NotStrict] = Field(
        default=(), description="a list of objects, each with a time_day and the covariates of that day"
    )
    doses: Annotated[tuple[CaseDose, ...], NotStrict, Field(min_length=1)] = Field(
        description="a list of the infusions given, at least one, each an object"
    )
    planned: Annotated[tuple[CaseDose, ...], NotStrict] = Field(
        default=(), description="a list of the infusions planned, each an object"
    )
    samples: Annotated[tuple[CaseSample, ...], NotStrict] = Field(
        default=(), description="a list of samples, each an object"
    )
    # Stands after doses and samples, because its default is computed from them.
    now_day: Day = Field(
        default_factory=_latest_given,
        description="the present time, from 0 to 3,650 days since the first infusion",
    )
    start_date: IsoDate | None = Field(default=None, description="the date of day 0 as YYYY-MM-DD, from 1900 to 2199")
    start_time: ClockTime | None = Field(
        default=None, description="the time of day of the first infusion as HH:MM, from 00:00 to 23:59"
    )
    heart_failure: bool | None = Field(default=None, description="true, false or null (not known)")
    target: CaseTarget = Field(default=CaseTarget(), description="an object with the target")
    limits: CaseLimits = Field(default=CaseLimits(), description="an object with the limits of a regimen")


COVARIATE_NAMES = tuple(CovariateValues.model_fields)
# Which class reads the objects under each top-level key; the key "" is the case itself.
PARTS: dict[str, type[Part]] = {
    "": PatientCase,
    "covariates": CaseCovariates,
    "covariates_over_time": CaseCovariatesAt,
    "doses": CaseDose,
    "planned": CaseDose,
    "samples": CaseSample,
    "target": CaseTarget,
    "limits": CaseLimits,
}
