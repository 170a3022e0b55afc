"""What an event model file may contain (`asuc-event-model/1`): names, types and ranges of its keys, checked one by one.

Only what a single key can show is checked here; `tte.model.build` checks that the keys make a model together. The format is
described for its users in docs/how-to/event-model-files.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tte.model.coding import Coding

Text = Annotated[str, Field(min_length=1)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*$", max_length=60)]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
NotNegative = Annotated[float, Field(ge=0.0, lt=1e9)]
Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# Ranges far beyond any estimate that keep every product finite.
Exposure = Annotated[float, Field(ge=-100.0, le=100.0)]
Shape = Annotated[float, Field(ge=0.1, le=10.0)]
Effect = Annotated[float, Field(ge=-100.0, lt=0.0)]
Spread = Annotated[float, Field(ge=0.0, le=100.0)]
Variance = Annotated[float, Field(gt=0.0, le=100.0)]
Bootstrap = Annotated[list[float], Field(min_length=3, max_length=3)]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
Row = Annotated[list[Annotated[float, Field(ge=-100.0, le=100.0)]], Field(min_length=3, max_length=3)]


class Section(BaseModel):
    """A table of an event model file: unknown keys, NaN, infinity and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Estimate(Section):
    """What a source says of an estimate, besides its value."""

    rse_pct: NotNegative | None = None
    bootstrap: Bootstrap | None = None
    published: str = ""
    source: str = ""
    note: str = ""


class LambdaSection(Estimate):
    """The baseline hazard λ, or its decimal logarithm."""

    value: Annotated[float, Field(ge=1e-30, le=1e3)] | None = None
    log10: Annotated[float, Field(ge=-30.0, le=3.0)] | None = None


class ShapeSection(Estimate):
    """The shape γ."""

    value: Shape


class BetaSection(Estimate):
    """The effect β of the exposure on the hazard."""

    value: Effect


class ParametersSection(Section):
    """The estimates."""

    lambda_: Annotated[LambdaSection, Field(alias="lambda")]
    shape: ShapeSection
    beta: BetaSection


class AnchorSection(Section):
    """A stated pair of exposure and risk."""

    log_auc_cl: Exposure
    risk: Probability
    day: Annotated[float, Field(gt=0.0, le=10_000.0)]
    source: str = ""


class ReferenceSection(Section):
    """The reference exposure, where the source prints it."""

    log_auc_cl: Exposure
    source: str = ""


class ThresholdSection(Section):
    """The exposure below which the risk counts as high."""

    log_auc_cl: Exposure
    source: str = ""


class AnchoredSection(Section):
    """Uncertainty from the number of events and a standard deviation of β."""

    kind: Literal["anchored"]
    events: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    variance: Variance | None = None
    centre_log_auc_cl: Exposure | None = None
    beta_sd: Spread
    source: str = ""
    note: str = ""


class CovarianceSection(Section):
    """Uncertainty from a covariance matrix of (ln λ, γ, β)."""

    kind: Literal["covariance"]
    matrix: Annotated[list[Row], Field(min_length=3, max_length=3)]
    source: str = ""
    note: str = ""


class NoneSection(Section):
    """No uncertainty of the event model."""

    kind: Literal["none"]
    note: str = ""


class FactSection(Section):
    """A number that the source reports about its study."""

    value: float
    unit: str = ""
    out_of: NotNegative | None = None
    interval: Pair | None = None
    interval_kind: str = ""
    source: str = ""
    note: str = ""


class CheckSection(Section):
    """An exposure and the risk expected for it."""

    log_auc_cl: Exposure
    from_day: NotNegative = 0.0
    risk: Probability
    source: Text


class ProvenanceSection(Section):
    """What a recalibrated model was made from, and how."""

    method: Literal["intercept", "slope", "refit", "bayes"]
    event_model: ModelName
    event_model_version: Text
    event_model_sha256: Sha256
    data_sha256: Sha256
    patients: Annotated[int, Field(ge=1, le=1_000_000_000)]
    events: Annotated[int, Field(ge=0, le=1_000_000_000)]
    from_day: NotNegative = 0.0
    note: str = ""


class EventModelFile(Section):
    """A whole event model file."""

    schema_: Annotated[Literal["asuc-event-model/1"], Field(alias="schema")]
    id: ModelName
    version: Text
    title: Text
    citation: Text
    doi: str = ""
    population: Text
    event: Text
    caveats: list[str] = []
    decisions: list[str] = []
    hazard: Literal["weibull"]
    coding: Annotated[Coding, Field(strict=False)]
    exposure: Literal["log_auc_cl"]
    window_day: Pair
    horizon_day: float
    pk_models: list[ModelName]
    parameters: ParametersSection
    anchor: AnchorSection | None = None
    reference: ReferenceSection | None = None
    threshold: ThresholdSection
    uncertainty: Annotated[AnchoredSection | CovarianceSection | NoneSection, Field(discriminator="kind")]
    provenance: ProvenanceSection | None = None
    facts: dict[Identifier, FactSection] = {}
    checks: dict[Identifier, CheckSection] = {}
