"""The documents of a fit, `asuc-crohns-fit/1`, and of its bootstrap, `asuc-crohns-bootstrap/1`: names, types and meanings of their keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkpd.document_schema import Number, Section, json_schema_text

Numbers = list[Number]
Matrix = list[Numbers]


class TrialEntry(Section):
    """One trial of a model."""

    n_obs: int
    effect: Annotated[Number, Field(description="Best linear unbiased prediction of the trial's effect.")]
    conditional_variance: Annotated[Number, Field(description="Of the effect, the estimates taken as known.")]


class TestEntry(Section):
    """A likelihood-ratio test of all covariates at once, by full likelihood."""

    chi_square: Number
    df: int
    p: Number


class ModelEntry(Section):
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


class CovariatesEntry(Section):
    """Means and covariances of the covariates of all participants, not centred."""

    terms: list[str]
    n_obs: int
    mean: Numbers
    covariance: Matrix


class ConfigEntry(Section):
    """The configuration that the table was read by."""

    id: str
    title: str
    sha256: str


class DataEntry(Section):
    """The table."""

    file: str
    sha256: str
    n_rows: int


class CrohnsFit(Section):
    """The whole document."""

    schema_: Annotated[Literal["asuc-crohns-fit/1"], Field(alias="schema")]
    models: Annotated[dict[str, ModelEntry], Field(description="`placebo` and the ids of the classes.")]
    covariates: CovariatesEntry
    level: Annotated[Number, Field(description="Probability of the intervals.")]
    config: ConfigEntry
    data: DataEntry
    seconds: Number
    notes: list[str]


class ReplicateEntry(Section):
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


class CrohnsBootstrap(Section):
    """Refits of all models, `asuc-crohns-bootstrap/1`."""

    schema_: Annotated[Literal["asuc-crohns-bootstrap/1"], Field(alias="schema")]
    effects: Annotated[Literal["held", "redrawn"], Field(description="What became of the trials' effects.")]
    n: int
    seed: int
    models: dict[str, ReplicateEntry]
    data: DataEntry
    config: ConfigEntry
    seconds: Number


def fit_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/crohns-fit-1.schema.json``)."""
    return json_schema_text(CrohnsFit, "The placebo model and one model for each class of drugs, of pooled trials.")


def bootstrap_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/crohns-bootstrap-1.schema.json``)."""
    return json_schema_text(CrohnsBootstrap, "All models of pooled trials refitted to outcomes drawn from them.")
