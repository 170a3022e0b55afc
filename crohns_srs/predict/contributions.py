"""Why an effect is what it is: what each input of a patient adds to that of a reference patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.design import INTERCEPT
from crohns_srs.predict.effects import Uncertainty

if TYPE_CHECKING:
    from crohns_srs.data.config import Config, Covariate
    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.class_model import ClassModel
    from crohns_srs.predict.profile import Profile


def contributions(
    config: Config, model: ClassModel, profile: Profile, case: CrohnsCase, uncertainty: Uncertainty
) -> dict[str, Any]:
    """Return what a model's expectation for a patient is made of: ``reference``, and ``points`` of each input, which add up to it.

    Parameters
    ----------
    config : Config
        What the covariates are.
    model : ClassModel
        Model.
    profile : Profile
        Patient.
    case : CrohnsCase
        Says which inputs are not known; these add what they do on average.
    uncertainty : Uncertainty
        Whose coefficients.
    """
    is_paper = uncertainty is Uncertainty.PAPER
    estimate = model.held_estimate if is_paper else model.estimate
    covariance = model.held_covariance if is_paper else model.covariance
    by_name = {one.name: one for one in config.covariates}
    inputs: list[dict[str, Any]] = []
    for i, term in enumerate(model.terms):
        if term == INTERCEPT:
            continue
        one, mean = by_name[term], float(profile.values[term].mean())
        inputs.append(
            {
                "input": one.case,
                "title": one.title,
                "value": _told(one, mean + one.centre, is_known=one.case not in case.imputed),
                "reference": _told(one, one.centre, is_known=True),
                "points": mean * float(estimate[i]) + 0.0,  # no negative zero
                "se": abs(mean) * float(np.sqrt(covariance[i, i])),
                "is_missing": one.case in case.imputed,
            }
        )
    return {"reference": float(estimate[model.terms.index(INTERCEPT)]), "inputs": inputs}


def _told(one: Covariate, value: float, *, is_known: bool) -> object:
    """Return a value as a case has it; the mean of one that is not known as a number."""
    if not one.is_binary or not is_known:
        return value
    return one.words[int(value)] if one.words else bool(value)
