"""A study of power as one document, `asuc-crohns-power/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.data.config import PLACEBO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crohns_srs.power.study import PowerStudy, SizePower
    from crohns_srs.predict.class_model import ModelSet

SCHEMA = "asuc-crohns-power/1"
CODED = (
    "The publication's procedure compares mean predicted chances by a t interval. No outcome is drawn, so that the spread of outcomes is not in it: its figures are no power, and are "
    "shown beside it to say where the published ones come from."
)
_BETWEEN_CLASSES = "Simulated from models of pooled trials that did not randomise one class against another; no proven benefit of either class."
_AGAINST_PLACEBO = "Simulated from models of pooled trials, which randomised a class against placebo but nobody to covariates: who gains more is an association."
NOTES = (
    "Power takes the models' coefficients as true. Assurance draws them from their distribution, variances held: it is what a trial can be expected to find.",
    CODED,
)


def power_document(study: PowerStudy, models: ModelSet, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a study, but for the time that it took."""
    asked = study.asked
    low, middle, high = (float(np.quantile(study.drawn_difference, q)) for q in (0.025, 0.5, 0.975))
    return {
        "schema": SCHEMA,
        "models": {"id": models.id, "sha256": models.sha256},
        "first": {"class": study.arms[0].id, "title": study.arms[0].title, "response": study.chances[0]},
        "second": {"class": study.arms[1].id, "title": study.arms[1].title, "response": study.chances[1]},
        "difference": {
            "value": study.chances[0] - study.chances[1],
            "q025": low,
            "q50": middle,
            "q975": high,
            "probability_first_better": float((study.drawn_difference > 0.0).mean()),
        },
        "population": {"title": study.population.title, "n": study.population.n_patients},
        "response": asked.threshold,
        "alpha": asked.alpha,
        "trial_effects": {"name": asked.effects.name.lower(), "text": asked.effects.value},
        "monte_carlo_se": float(np.sqrt(0.25 / asked.n_trials)),
        "sizes": [_size(one) for one in study.sizes],
        "target": {
            "power": asked.target,
            "n_per_arm": study.least_size,
            "n_per_arm_corrected": study.least_size_corrected,
        },
        "coefficients": [
            {
                "term": one.term,
                "title": one.title,
                "first": one.first,
                "first_se": one.first_error,
                "second": one.second,
                "second_se": one.second_error,
                "opposite": one.is_opposite,
            }
            for one in study.coefficients
        ],
        "enrichment": [
            {
                "share": one.share,
                "n_patients": one.n_patients,
                "least_difference": one.least,
                "first": one.first,
                "second": one.second,
                "power": dict(zip(map(str, asked.sizes), one.power, strict=True)),
                "assurance": dict(zip(map(str, asked.sizes), one.assurance, strict=True)),
                "n_per_arm": one.least_size,
                "screened": one.screened,
            }
            for one in study.selections
        ],
        "settings": dict(settings),
        "notes": [_AGAINST_PLACEBO if study.arms[1].id == PLACEBO else _BETWEEN_CLASSES, *NOTES],
    }


def _size(one: SizePower) -> dict[str, Any]:
    return {
        "n_per_arm": one.n,
        "chi_square": {"simulated": one.simulated, "exact": one.exact},
        "chi_square_corrected": {"simulated": one.simulated_corrected, "exact": one.exact_corrected},
        "type1": {"simulated": one.type1, "exact": one.type1_exact},
        "type1_corrected": {"simulated": one.type1_corrected, "exact": one.type1_exact_corrected},
        "assurance": {"first_better": one.assurance, "second_better": one.assurance_worse},
        "published_procedure": {"first_better": one.coded, "no_difference": one.coded_same},
    }
