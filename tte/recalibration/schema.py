"""The document of a recalibration, `tte-recalibrate/1`, as `asuc tte recalibrate` writes it: names, types and meanings of its keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pkpd.document_schema import MaybeNumber, Number, Section, json_schema_text
from tte.estimation.schema import DataEntry, LandmarkEntry, Pair, WarningEntry

UpdateName = Literal["original", "intercept", "slope", "refit"]


class ValueEntry(Section):
    """A value with its uncertainty; null where there is none, or none is known."""

    estimate: Number
    se: MaybeNumber
    interval: Pair | None
    source: Annotated[str, Field(description="Where standard error and interval come from.")] = ""


class ParameterPair(Section):
    """A parameter of the old model and of the new one."""

    old: ValueEntry
    new: ValueEntry | None
    held: Annotated[bool, Field(description="Whether it was not estimated anew.")]


class ReferenceHazard(Section):
    """Logarithm of the cumulative hazard by day 90 at the median exposure of the patients."""

    log_auc_cl: Number
    old: ValueEntry
    new: ValueEntry | None


class CovarianceEntry(Section):
    """Covariance matrix of the new parameters, the uncertainty of what was held included."""

    names: list[str]
    matrix: list[list[Number]]


class UpdateEntry(Section):
    """One of the four nested models of the same patients, by maximum likelihood."""

    update: UpdateName
    n_estimated: int
    status: str
    status_text: str
    log_likelihood: MaybeNumber
    aic: MaybeNumber
    log_lambda: MaybeNumber
    shape: MaybeNumber
    beta: MaybeNumber
    x_ref: Number


class TestEntry(Section):
    """A likelihood-ratio test; null where a fit has no maximum."""

    smaller: UpdateName
    larger: UpdateName
    degrees_of_freedom: int
    statistic: MaybeNumber
    p: MaybeNumber


class Recommendation(Section):
    """What the closed testing procedure ends with."""

    update: UpdateName | None
    alpha: Number
    sentence: str


class Normal(Section):
    """Mean and standard deviation."""

    mean: Number
    sd: Number


class PriorParameter(Section):
    """A parameter before and after; the share is prior precision over posterior precision."""

    prior: Normal
    posterior: Normal | None
    prior_share: MaybeNumber


class PriorEntry(Section):
    """The prior and what was learned beyond it."""

    weight: Number
    log_auc_cl: Annotated[Number, Field(description="Exposure at which ln H(90) is meant.")]
    shape_source: str
    quadrature_error: Annotated[
        MaybeNumber, Field(description="Largest change of a mean on a grid twice as coarse, in standard deviations.")
    ]
    log_evidence: MaybeNumber
    parameters: dict[Literal["log_hazard_day90", "log_shape", "beta"], PriorParameter]
    learned: Annotated[MaybeNumber, Field(description="Of the three parameters, how many the patients determined.")]


class RiskValue(Section):
    """A risk by day 90 and the interval of the model's own uncertainty."""

    risk: Number
    interval: Pair | None


class RiskEntry(Section):
    """Risks at one exposure."""

    at: str
    log_auc_cl: Number
    old: RiskValue
    new: RiskValue | None
    posterior_interval: Annotated[
        Pair | None,
        Field(description="With bayes: the posterior's own, which the file keeps as a normal distribution."),
    ]


class MeasuredEntry(Section):
    """A value with its 95 % interval."""

    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber


class GroupEntry(Section):
    """Patients of similar predicted risks."""

    n: int
    n_events: int
    predicted: Number
    observed: MeasuredEntry


class CalibrationEntry(Section):
    """Predictions beside what was seen, the model held at its values."""

    observed: int
    expected: Number
    observed_over_expected: MeasuredEntry
    intercept: MeasuredEntry
    slope: MeasuredEntry
    p: MaybeNumber
    slope_status: str
    slope_status_text: str
    groups: list[GroupEntry]
    ici: MaybeNumber
    ici_interval: list[Number] | None
    curve_draws: int
    curve_draws_failed: int
    curve_status_text: str
    remark: str


class CorrectedEntry(Section):
    """A number on the patients it was made with, and what is left of it."""

    apparent: MaybeNumber
    corrected: MaybeNumber


class OptimismEntry(Section):
    """The recalibration made anew in drawn patients."""

    n_draws: int
    n_failed: int
    slope: CorrectedEntry
    observed_over_expected: CorrectedEntry
    brier: CorrectedEntry | None


class CalibrationPair(Section):
    """Calibration before and after; null where outcomes cannot be counted."""

    before: CalibrationEntry | None
    after: CalibrationEntry | None
    optimism: OptimismEntry | None
    remark: str


class PlainRecalibration(Section):
    """A recalibration on one group of patients."""

    from_day: Number
    status: str
    status_text: str
    refusal: Annotated[str, Field(description="Why no event model can be made of it; empty where one can.")]
    n_subjects: int
    n_events: int
    n_interval_censored: int
    parameters: dict[Literal["log_lambda", "shape", "beta"], ParameterPair]
    log_hazard_day90: ReferenceHazard
    covariance: CovarianceEntry | None
    updates: list[UpdateEntry]
    tests: Annotated[list[TestEntry], Field(description="The closed testing procedure, in order.")]
    steps: Annotated[list[TestEntry], Field(description="Each update against the one before it.")]
    recommended: Recommendation
    prior: PriorEntry | None
    risks: list[RiskEntry]
    calibration: CalibrationPair
    warnings: list[WarningEntry]


class ThresholdEntry(Section):
    """The threshold of the new model."""

    log_auc_cl: Number
    source: Literal["youden", "old"]
    why: str
    interval: Pair | None
    old: Number
    from_day: Annotated[Number, Field(description="Whom it was looked for in: those at risk after this day.")]
    rule: Annotated[
        dict[str, Any] | None, Field(description="What it does in these patients, as a rule of tte-threshold/1.")
    ]
    evaluation: Annotated[dict[str, Any] | None, Field(description="The exposure as a marker, as in tte-threshold/1.")]


class OldModelEntry(Section):
    """The model that was recalibrated."""

    id: str
    version: str
    sha256: str


class NewModelEntry(Section):
    """The event model that was written."""

    id: str
    version: str
    file: str
    sha256: str


class BesideEntry(Section):
    """The same recalibration of those at day 28."""

    landmark: LandmarkEntry
    sentence: str
    recalibration: PlainRecalibration


class TteRecalibration(PlainRecalibration):
    """What `asuc tte recalibrate` writes."""

    schema_: Annotated[Literal["tte-recalibrate/1"], Field(alias="schema")]
    method: Literal["intercept", "slope", "refit", "bayes"]
    penalized: bool
    covariate: str
    level: Number
    n_draws: int
    seed: int
    event_model: OldModelEntry
    model: Annotated[NewModelEntry | None, Field(description="Null where none was written: see refusal.")]
    threshold: ThresholdEntry
    landmark: LandmarkEntry | None
    beside: BesideEntry | None
    data: DataEntry
    seconds: Number


def recalibration_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/tte-recalibrate-1.schema.json``)."""
    return json_schema_text(
        TteRecalibration,
        (
            "An event model recalibrated on other patients: ln H(t) = log_lambda + shape·ln t + beta·(ln(AUC/CL) - x_ref)."
        ),
    )
