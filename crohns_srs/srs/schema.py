"""The document of a fit, `asuc-crohns-fit/1`, as `asuc crohns fit` writes it: names, types and meanings of its keys."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Numbers = list[Number]
Matrix = list[Numbers]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrialEntry(_Section):
    """One trial of a model."""

    n_obs: int
    effect: Annotated[Number, Field(description="Best linear unbiased prediction of the trial's effect.")]
    conditional_variance: Annotated[Number, Field(description="Of the effect, the estimates taken as known.")]


class TestEntry(_Section):
    """A likelihood-ratio test of all covariates at once, by full likelihood."""

    chi_square: Number
    df: int
    p: Number


class ModelEntry(_Section):
    """One model, by restricted likelihood; vectors and matrices are in the order of `terms`."""

    title: str
    status: Literal["inside", "boundary"]
    status_text: str
    terms: list[str]
    estimate: Numbers
    se: Annotated[Numbers, Field(description="Variances and, for classes, the placebo model taken as known.")]
    df: Annotated[Numbers, Field(description="Satterthwaite's degrees of freedom.")]
    p: Annotated[Numbers, Field(description="Two-sided, by t with `df`.")]
    interval: Annotated[
        list[Annotated[Numbers, Field(min_length=2, max_length=2)]], Field(description="By t with `df`.")
    ]
    kenward_roger_se: Numbers
    kenward_roger_df: Numbers
    kenward_roger_p: Numbers
    vcov: Matrix
    se_two_stage: Annotated[Numbers, Field(description="As `se`, with the placebo model's error carried on.")]
    vcov_two_stage: Matrix
    carried: Annotated[
        Matrix,
        Field(description="How the coefficients follow those of the placebo model, negative; 0 for the placebo model."),
    ]
    lever_square: Annotated[
        Matrix, Field(description="Derivative of `vcov` in the ratio of the variance between trials to that within.")
    ]
    variance_spread: Annotated[
        Matrix,
        Field(description="Covariance of the estimates of ln σ² and of the ratio; 0 for a ratio at its boundary."),
    ]
    held_estimate: Annotated[
        Numbers, Field(description="Mean over outcomes with the trials' effects held, the ratio taken as known.")
    ]
    held_vcov: Annotated[Matrix, Field(description="Covariance over the same outcomes.")]
    df_test: Annotated[int, Field(description="Degrees of freedom of the publication's tests.")]
    theta: Annotated[Number, Field(description="Standard deviation between trials over that within them.")]
    var_trial: Number
    var_residual: Number
    icc: Number
    reml_criterion: Annotated[Number, Field(description="-2 ln of the restricted likelihood, with every constant.")]
    n_obs: int
    n_trials: int
    trials: dict[str, TrialEntry]
    likelihood_ratio: TestEntry
    warnings: list[str]


class CovariatesEntry(_Section):
    """Means and covariances of the covariates of all participants, not centred."""

    terms: list[str]
    n_obs: int
    mean: Numbers
    covariance: Matrix


class ConfigEntry(_Section):
    """The configuration that the table was read by."""

    id: str
    title: str
    sha256: str


class DataEntry(_Section):
    """The table."""

    file: str
    sha256: str
    n_rows: int


class CrohnsFit(_Section):
    """The whole document."""

    schema_: Annotated[Literal["asuc-crohns-fit/1"], Field(alias="schema")]
    models: Annotated[dict[str, ModelEntry], Field(description="`placebo` and the ids of the classes.")]
    covariates: CovariatesEntry
    level: Annotated[Number, Field(description="Probability of the intervals.")]
    config: ConfigEntry
    data: DataEntry
    seconds: Number
    notes: list[str]


def fit_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/crohns-fit-1.schema.json``)."""
    schema: dict[str, Any] = CrohnsFit.model_json_schema(by_alias=True)
    kept = {key: value for key, value in schema.items() if key not in ("title", "description")}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "asuc-crohns-fit/1"}
    note = "The placebo model and one model for each class of drugs, of pooled trials."
    return json.dumps({**head, "description": note, **kept}, indent=2) + "\n"


class ReplicateEntry(_Section):
    """Refits of one model; vectors and matrices are in the order of `terms`."""

    terms: list[str]
    n: int
    n_boundary: Annotated[int, Field(description="Refits whose variance between trials is 0.")]
    median: Numbers
    mean: Numbers
    se: Annotated[Numbers, Field(description="Standard deviation of the refits.")]
    q025: Numbers
    q975: Numbers
    vcov: Matrix
    var_trial: Annotated[Numbers, Field(description="Quantiles 0.025, 0.5 and 0.975.", min_length=3, max_length=3)]
    var_residual: Annotated[Numbers, Field(description="Quantiles 0.025, 0.5 and 0.975.", min_length=3, max_length=3)]


class CrohnsBootstrap(_Section):
    """Refits of all models, `asuc-crohns-bootstrap/1`."""

    schema_: Annotated[Literal["asuc-crohns-bootstrap/1"], Field(alias="schema")]
    effects: Annotated[Literal["held", "redrawn"], Field(description="What became of the trials' effects.")]
    n: int
    seed: int
    models: dict[str, ReplicateEntry]
    data: DataEntry
    config: ConfigEntry
    seconds: Number
