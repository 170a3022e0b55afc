"""The shipped models as a `ModelSet`: published parameters, and what follows from them."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.data.config import PLACEBO, load_config
from crohns_srs.predict.class_model import ClassModel, ModelSet, variance_spread

if TYPE_CHECKING:
    from crohns_srs.data.config import Config
    from pkpd.arrays import FloatArray

DEFAULT_MODELS = "rudrapatna_2025"
_LIBRARY = Path(__file__).resolve().parents[1] / "library"


@cache
def shipped_models() -> ModelSet:
    """Return the published models; the file is read once per process."""
    content = (_LIBRARY / f"{DEFAULT_MODELS}_models.toml").read_bytes()
    data = tomllib.loads(content.decode("utf-8"))
    config = load_config()
    titles = {PLACEBO: "placebo", **{one.id: one.title for one in config.classes}}
    found = {key: _model(key, titles[key], one, data["models"][PLACEBO], config) for key, one in data["models"].items()}
    classes = tuple(found[one.id] for one in config.classes)
    sha256 = hashlib.sha256(content).hexdigest()
    return ModelSet(data["id"], data["citation"], data["doi"], sha256, config, found[PLACEBO], classes)


def _model(key: str, title: str, one: dict[str, Any], placebo: dict[str, Any], config: Config) -> ClassModel:
    terms = tuple(one["terms"])
    covariance, held = np.array(one["vcov"]), np.array(one["held_vcov"])
    # With V = I + λZZ', X'V⁻¹X = X'V⁻²X + λ X'V⁻¹ZZ'V⁻¹X: what the trials' effects add to the covariance is its derivative in λ, times λ.
    ratio = one["var_trial"] / one["var_residual"]
    lever_square = (covariance - held) / ratio
    return ClassModel(
        key,
        title,
        terms,
        np.array(one["estimate"]),
        covariance,
        lever_square,
        variance_spread(np.array(one["satterthwaite_df"]), covariance, lever_square),
        np.array(one["replicate_median"]),
        np.array(one["replicate_vcov"]),
        one["var_trial"],
        one["var_residual"],
        sum(trial["n_obs"] for trial in one["trials"].values()),
        one["df_test"],
        _carried(terms, tuple(placebo["terms"]), one["trials"], ratio, config),
    )


def _carried(
    terms: tuple[str, ...], placebo_terms: tuple[str, ...], trials: dict[str, Any], ratio: float, config: Config
) -> FloatArray:
    """Return how the coefficients of a class follow the placebo model's.

    For terms of both stages this is exact. The calendar year, which is in the placebo model alone, goes into the class's intercept by the mean of its trials' years with the
    weights of the mixed model; that covariates go with the years of a class's trials cannot be known from published parameters.
    """
    weight = np.array([one["n_obs"] / (1.0 + ratio * one["n_obs"]) for one in trials.values()])
    centres = {one.name: one.centre for one in config.covariates if one.is_placebo_only}
    found = np.zeros((len(terms), len(placebo_terms)))
    for j, name in enumerate(placebo_terms):
        if name in terms:
            found[terms.index(name), j] = 1.0
        else:
            years = np.array([float(one["year"]) for one in trials.values()]) - centres[name]
            found[0, j] = weight @ years / weight.sum()
    return found
