"""The shipped models as a `ModelSet`: published parameters, and what follows from them."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.data.config import PLACEBO, load_config
from crohns_srs.design import INTERCEPT
from crohns_srs.predict.class_model import ClassModel, ModelSet, variance_spread
from crohns_srs.predict.population import create_population

if TYPE_CHECKING:
    from crohns_srs.data.config import Config, Covariate
    from crohns_srs.predict.population import Population
    from pkpd.arrays import FloatArray

DEFAULT_MODELS = "rudrapatna_2025"
POPULATION_SOURCE = "Means of the trials by the publication's Table 1; spread and correlations within trials by the covariance matrices of its models."
"""Where the covariates' distribution comes from."""
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
    population = published_population(data["models"], config)
    return ModelSet(data["id"], data["citation"], data["doi"], sha256, config, found[PLACEBO], classes, population)


def published_population(models: dict[str, Any], config: Config) -> Population:
    """Return whom the published models were fitted to, from their covariance matrices and the means by trial that are printed.

    With V = I + λZZ', the inverse of σ²(X'V⁻¹X)⁻¹ holds S + Σ w m m' of its trials: S the products of the covariates within trials, m the means of one, w = n/(1 + λn). Its
    row of the intercept, Σ w m, is exact where printed means have two digits: these are shifted together until they agree.

    Parameters
    ----------
    models : dict
        Tables of the file of published models.
    config : Config
        What the covariates are.
    """
    table = tomllib.loads((_LIBRARY / f"{DEFAULT_MODELS}_population.toml").read_text(encoding="utf-8"))
    covariates = config.drug_covariates
    printed = {trial: _printed_means(one, table, covariates) for trial, one in table["trials"].items()}
    within = np.zeros((len(covariates),) * 2)
    n_free = 0
    sizes: list[int] = []
    means: list[FloatArray] = []
    for one in models.values():
        kept = [one["terms"].index(name) for name in (INTERCEPT, *(covariate.name for covariate in covariates))]
        products = (one["var_residual"] * np.linalg.inv(np.array(one["vcov"])))[np.ix_(kept, kept)]
        n = np.array([trial["n_obs"] for trial in one["trials"].values()])
        weight = n / (1.0 + one["var_trial"] / one["var_residual"] * n)
        here = np.array([printed.get(trial, np.full(len(covariates), np.nan)) for trial in one["trials"]])
        here = np.where(np.isnan(here), np.nanmean(here, axis=0), here)
        here += (products[0, 1:] - weight @ here) / weight.sum()
        within += products[1:, 1:] - (here.T * weight) @ here
        n_free += int(n.sum()) - n.size
        is_printed = [trial in printed for trial in one["trials"]]
        sizes += n[is_printed].tolist()
        means += list(here[is_printed])
    share, centred = np.array(sizes) / sum(sizes), np.array(means)
    mean = share @ centred
    between = (centred - mean).T @ ((centred - mean) * share[:, None])
    n_all = sum(trial["n_obs"] for one in models.values() for trial in one["trials"].values())
    centre = np.array([one.centre for one in covariates])
    return create_population(covariates, n_all, mean + centre, within / n_free + between, POPULATION_SOURCE)


def _printed_means(one: dict[str, Any], table: dict[str, Any], covariates: tuple[Covariate, ...]) -> FloatArray:
    """Return the means of a trial, centred."""
    values = dict(zip(table["means"], one["means"], strict=True))
    values |= {name: count / one["n"] for name, count in zip(table["counts"], one["counts"], strict=True)}
    return np.array([values[covariate.name] - covariate.centre for covariate in covariates])


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
        len(one["trials"]),
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
