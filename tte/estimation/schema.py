"""The document of a fit, `tte-fit/1`, as `asuc tte fit` writes it: names, types and meanings of its keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkpd.document_schema import MaybeNumber, Number, Section, json_schema_text

Pair = Annotated[list[MaybeNumber], Field(min_length=2, max_length=2)]
Status = Literal[
    "converged",
    "at_bound",
    "gradient_not_small",
    "monotone_likelihood",
    "not_positive_definite",
    "no_finite_start",
    "evaluated",
]
HazardName = Literal["exponential", "weibull", "gompertz", "loglogistic", "lognormal", "surge"]
EndName = Literal["found", "open", "at_bound", "higher", "not_found"]


class ParameterEntry(Section):
    """One coefficient: a parameter of the hazard, or the effect of a covariate on the scale of the parameter's link."""

    estimate: MaybeNumber
    limit: Annotated[
        Literal["infinity", "-infinity", "0"] | None,
        Field(description="Where the estimate goes to under a monotone likelihood."),
    ]
    se: Annotated[
        MaybeNumber, Field(description="From the observed information, on the natural scale by the delta method.")
    ]
    rse_pct: MaybeNumber
    interval: Annotated[Pair | None, Field(description="Normal approximation on the scale of the link.")]
    link: Literal["log", "identity"]
    link_estimate: MaybeNumber
    link_se: MaybeNumber
    fixed: bool
    at_bound: bool
    unit: str
    ratio: Annotated[MaybeNumber, Field(description="Factor on the parameter for one unit of the covariate.")] = None
    ratio_interval: Pair | None = None
    profile_interval: Annotated[Pair | None, Field(description="By likelihood profile; null where an end is open.")]
    profile_status: Annotated[list[EndName] | None, Field(description="What became of its ends.")]


class EffectEntry(Section):
    """What a covariate acts on."""

    name: str
    parameter: str
    covariate: str
    reference: Number


class CovarianceEntry(Section):
    """Covariance matrix of the coefficients on the scale of the links; null where the information is not positive definite."""

    names: list[str]
    scale: Literal["link"]
    matrix: list[list[Number]] | None


class CodedValue(Section):
    """A value of a coding."""

    estimate: MaybeNumber
    se: MaybeNumber


class WarningEntry(Section):
    """Something that a reader should know."""

    code: str
    text: str


class PlainFit(Section):
    """A fit of one data set."""

    schema_: Annotated[Literal["tte-fit/1"], Field(alias="schema")]
    hazard: HazardName
    equation: str
    status: Status
    status_text: str
    n_subjects: int
    n_rows: int
    n_events: int
    n_interval_censored: int
    log_likelihood: Annotated[MaybeNumber, Field(description="Without the penalty, where there is one.")]
    aic: MaybeNumber
    bic: MaybeNumber
    bic_n: Annotated[int, Field(description="Number of subjects, whose logarithm the BIC takes.")]
    n_parameters: Annotated[int, Field(description="Those that were estimated.")]
    level: Number
    penalty: Annotated[MaybeNumber, Field(description="Half the logarithm of the determinant of the information.")]
    parameters: dict[str, ParameterEntry]
    codings: Annotated[
        dict[str, dict[str, CodedValue]] | None, Field(description="A Weibull hazard in the three codings of papers.")
    ]
    effects: list[EffectEntry]
    covariance: CovarianceEntry
    gradient: dict[str, MaybeNumber]
    steps: int
    warnings: list[WarningEntry]


class LandmarkEntry(Section):
    """Who was left out at a landmark; of very many the first thousand by name."""

    day: Number
    n_left_out: int
    left_out: list[str]
    n_unknown: int
    unknown: list[str]


class BesideEntry(Section):
    """The same model of those at day 28."""

    landmark: LandmarkEntry
    sentence: str
    fit: PlainFit


class ModelEntry(Section):
    """The file that the model came from."""

    file: str
    sha256: str
    origin: str


class DataEntry(Section):
    """The file of event times."""

    file: str
    sha256: str


class TteFit(PlainFit):
    """What `asuc tte fit` writes."""

    landmark: LandmarkEntry | None
    beside: BesideEntry | None
    seconds: Number
    model: ModelEntry | None
    data: DataEntry


def fit_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/tte-fit-1.schema.json``)."""
    return json_schema_text(
        TteFit, "A fit of event times. Parameters are named as the hazard's, effects PARAMETER:COVARIATE."
    )
