"""Whether the model is one for this kind of patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, figure, note
from dosing_app.decision.forecast import is_calibrated
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from dosing_app.language import Value
    from pkpd.model.spec import ModelSpec

ADULT_AGE_YEAR = 18.0
# What the texts of the model library are in the catalogues.
LIBRARY_PHRASES = (
    "library.crohns_disease",
    "library.ulcerative_colitis",
    "library.acute_severe_ulcerative_colitis",
    "library.inflammatory_bowel_disease",
    "library.rescue_therapy",
)


def uncalibrated(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the event model says nothing about exposure from this model."""
    if not is_calibrated(forecast.event_model, forecast.model):
        known, model = forecast.event_model.pk_models, forecast.model.id
        yield check(
            "model_without_risk",
            message("check.model_without_risk.another", model=model, other=known[0])
            if known
            else message("check.model_without_risk.none", model=model),
            place="model",
        )


def population(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the model was built on other patients than adults with ulcerative colitis, or the patient is none."""
    model, covariates = forecast.model, forecast.case.covariates
    if not (model.is_adult and _is_for_colitis(model)):
        yield check(
            "model_population",
            message(
                "check.model_population.adults" if model.is_adult else "check.model_population.children",
                model=model.id,
                disease=from_library(model.disease),
            ),
            place="model",
        )
    if model.is_adult and covariates.age_year is not None and covariates.age_year < ADULT_AGE_YEAR:
        age = figure(covariates.age_year, ADULT_AGE_YEAR)
        yield check(
            "under_age",
            message("check.under_age", age=age, adult=figure(ADULT_AGE_YEAR)),
            place="covariates.age_year",
        )
    if covariates.diagnosis == "CD" and _is_for_colitis(model):
        yield check(
            "diagnosis_not_uc",
            message("check.diagnosis_not_uc", disease=from_library(model.disease)),
            place="covariates.diagnosis",
        )


def eligibility(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say whom the study took in, since a case does not show it."""
    if forecast.model.study is not None:
        yield note(
            "eligibility_not_seen",
            message("check.eligibility_not_seen", patients=from_library(forecast.model.study.eligibility)),
            place="model",
        )


def from_library(text: str) -> Value:
    """Return a text of the model library as the message that says the same in English, or as it is where none does."""
    return next((said for key in LIBRARY_PHRASES if str(said := message(key)) == text), text)


def _is_for_colitis(model: ModelSpec) -> bool:
    return "ulcerative colitis" in model.disease


MODEL_RULES = (uncalibrated, population, eligibility)
