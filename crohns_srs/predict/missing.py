"""How the answer would differ if an input that is not known were: over its plausible values, given the inputs that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.predict.chances import limits, probability
from crohns_srs.predict.effects import effects_on
from crohns_srs.predict.preference import preference_groups
from crohns_srs.predict.profile import integrated, known_values
from crohns_srs.subgroups import label_of

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate
    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Uncertainty
    from crohns_srs.predict.preference import Adjustment
    from crohns_srs.predict.profile import Profile
    from pkpd.arrays import FloatArray

# Each level stands for a fifth of what is plausible.
_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_RANGE = (0.05, 0.95)
# Enough for a level; the answer itself takes more.
_N_SETS = 128


def missing_inputs(
    models: ModelSet,
    case: CrohnsCase,
    profile: Profile,
    uncertainty: Uncertainty,
    adjustment: Adjustment,
) -> list[dict[str, Any]]:
    """Return one entry for each input that is not known.

    Parameters
    ----------
    models : ModelSet
        Models.
    case : CrohnsCase
        Patient.
    profile : Profile
        The same with what may be in place of what is not known.
    uncertainty : Uncertainty
        Which error an effect has.
    adjustment : Adjustment
        Which p-values count in labels.

    Returns
    -------
    list of dict
        ``input``, ``mean``, ``sd`` and ``range`` (5 % to 95 %) given what is known; ``levels`` with ``value``, ``weight``, ``label`` and, for each class, ``effect``, ``expected`` and probabilities,
        other inputs that are not known being averaged over; ``is_decisive`` where the label is not the same at every level.
    """
    known = known_values(models, case)
    found: list[dict[str, Any]] = []
    for one in models.config.drug_covariates:
        if one.name in known:
            continue
        values = profile.values[one.name] + one.centre
        levels: list[dict[str, Any]] = []
        for value, weight in _levels(one, values):
            at = integrated(models, {**known, one.name: value - one.centre}, _N_SETS)
            entry = _level(models, case, at, uncertainty, adjustment)
            levels.append({"value": _told(one, value), "weight": weight, **entry})
        found.append(
            {
                "input": one.case,
                "title": one.title,
                "unit": one.unit,
                "mean": float(values.mean()),
                "sd": float(values.std()),
                "range": None if one.is_binary else [float(end) for end in np.quantile(values, _RANGE)],
                "levels": levels,
                "is_decisive": len({entry["label"] for entry in levels}) > 1,
            }
        )
    return found


def _levels(one: Covariate, values: FloatArray) -> list[tuple[float, float]]:
    """Return values of an input and how probable each is."""
    if one.is_binary:
        share = float(values.mean())
        return [(0.0, 1.0 - share), (1.0, share)]
    return [(float(at), 1.0 / len(_QUANTILES)) for at in np.quantile(values, _QUANTILES)]


def _level(
    models: ModelSet, case: CrohnsCase, profile: Profile, uncertainty: Uncertainty, adjustment: Adjustment
) -> dict[str, Any]:
    effects = effects_on(models, profile, uncertainty)
    ids = [one.id for one in models.classes]
    at = limits(models.config, profile)
    return {
        "label": label_of(preference_groups(effects, ids, case.unavailable, uncertainty, adjustment)),
        "classes": {
            name: {
                "effect": float(effects.sets[:, k].mean()),
                "expected": float(effects.expected_sets[:, k].mean()),
                **{key: probability(effects, k, limit) for key, limit in at.items()},
            }
            for k, name in enumerate(ids)
            if name not in case.unavailable
        },
    }


def _told(one: Covariate, value: float) -> object:
    """Return a value as a case has it."""
    if one.words:
        return one.words[int(value)]
    return bool(value) if one.is_binary else value
