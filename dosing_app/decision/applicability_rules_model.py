"""Whether the model is one for this kind of patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, note, reading, reading_apart
from dosing_app.decision.forecast import is_calibrated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from pkpd.model.spec import ModelSpec

ADULT_AGE_YEAR = 18.0


def uncalibrated(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the event model says nothing about exposure from this model."""
    if not is_calibrated(forecast.event_model, forecast.model):
        text = f"The risk model is not calibrated for {forecast.model.id}: exposure is shown, but no risk."
        known = forecast.event_model.pk_models
        yield check("model_without_risk", text + (f" {known[0]} gives one." if known else ""), place="model")


def population(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the model was built on other patients than adults with ulcerative colitis, or the patient is none."""
    model, covariates = forecast.model, forecast.case.covariates
    if not (model.is_adult and _is_for_colitis(model)):
        who = "adults" if model.is_adult else "children"
        yield check(
            "model_population",
            f"{model.id} was built on {who} with {model.disease}, not on adults with ulcerative colitis alone. "
            "The answer is an extrapolation.",
            place="model",
        )
    if model.is_adult and covariates.age_year is not None and covariates.age_year < ADULT_AGE_YEAR:
        age = reading_apart(covariates.age_year, ADULT_AGE_YEAR)
        yield check(
            "under_age",
            f"Age {age} is below {reading(ADULT_AGE_YEAR)} years: the model was built on adults. "
            "The answer is an extrapolation.",
            place="covariates.age_year",
        )
    if covariates.diagnosis == "CD" and _is_for_colitis(model):
        yield check(
            "diagnosis_not_uc",
            f"Diagnosis is Crohn's disease: the model was built on {model.disease}. The answer is an extrapolation.",
            place="covariates.diagnosis",
        )


def eligibility(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say whom the study took in, since a case does not show it."""
    if forecast.model.study is not None:
        yield note(
            "eligibility_not_seen",
            f"The study's patients were {forecast.model.study.eligibility}. A case does not show all of this: confirm it.",
            place="model",
        )


def _is_for_colitis(model: ModelSpec) -> bool:
    return "ulcerative colitis" in model.disease


MODEL_RULES = (uncalibrated, population, eligibility)
