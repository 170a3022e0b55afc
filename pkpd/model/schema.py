"""What a model file may contain (`asuc-model/1`): names, types and ranges of its keys, checked one by one.

Only what a single key can show is checked here; `pkpd.model.build` checks that the keys make a model together. The
format is described for its users in docs/how-to/model-files.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pkpd.model.spec import EffectForm, Parameterization, RandomEffectShape, Structure

SCHEMA = "asuc-model/1"

# Wide enough for any drug, narrow enough that no product of them overflows.
Positive = Annotated[float, Field(gt=0.0, lt=1e9)]
NotNegative = Annotated[float, Field(ge=0.0, lt=1e9)]
Coefficient = Annotated[float, Field(gt=-1e3, lt=1e3)]
Count = Annotated[int, Field(ge=1, lt=1_000_000)]
Variance = Annotated[float, Field(gt=0.0, le=25.0)]
# Of an additive random effect, in the square of the parameter's unit.
SquaredUnit = Annotated[float, Field(gt=0.0, le=1e6)]
Exponent = Annotated[float, Field(gt=-20.0, lt=20.0)]
DegreesOfFreedom = Annotated[float, Field(gt=2.0, lt=200.0)]
CvPercent = Annotated[float, Field(gt=0.0, le=1e4)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*$", max_length=60)]
AssayName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1)]
Bootstrap = Annotated[list[float], Field(min_length=3, max_length=3)]
Range = Annotated[list[float], Field(min_length=2, max_length=2)]


class Section(BaseModel):
    """A table of a model file: unknown keys, NaN, infinity and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Estimate(Section):
    """What a source says of an estimate, besides its value."""

    rse_pct: NotNegative | None = None
    bootstrap: Bootstrap | None = None
    fixed: bool = False
    published: str = ""
    source: str = ""
    note: str = ""


class EffectSection(Estimate):
    """A covariate effect."""

    covariate: Identifier
    form: Annotated[EffectForm, Field(strict=False)]
    coefficient: Coefficient | None = None
    reference: Annotated[float, Field(gt=-1e9, lt=1e9)] | None = None
    floor: Positive | None = None
    category: str | None = None
    values: dict[str, float] | None = None


class ByCategorySection(Section):
    """A number for each category of a covariate."""

    covariate: Identifier
    values: dict[str, Positive]


class TermSection(Estimate):
    """A typical value with its covariate effects."""

    value: Positive | None = None
    value_by: ByCategorySection | None = None
    effects: list[EffectSection] = []


class ParameterSection(TermSection):
    """A parameter: one typical value, or several terms that are added."""

    unit: str
    terms: dict[Identifier, TermSection] | None = None


class EtaSection(Estimate):
    """A random effect."""

    on: str | None = None
    cv_pct: CvPercent | None = None
    omega2: SquaredUnit | None = None
    omega2_by: ByCategorySection | None = None
    shape: Annotated[RandomEffectShape, Field(strict=False)] = RandomEffectShape.EXPONENTIAL
    lambda_: Annotated[Exponent | None, Field(alias="lambda")] = None
    df: DegreesOfFreedom | None = None
    shape_fixed: bool = False
    shrinkage_pct: NotNegative | None = None


class SharedEtaSection(Estimate):
    """A random effect of the occasion or of the centre."""

    on: str | None = None
    cv_pct: CvPercent | None = None
    omega2: Variance | None = None


class CorrelationSection(Estimate):
    """A correlation between two random effects."""

    etas: Annotated[list[str], Field(min_length=2, max_length=2)]
    value: Annotated[float, Field(gt=-1.0, lt=1.0)]


class AssaySection(Section):
    """The residual error of one assay or centre."""

    log_sd: NotNegative | None = None
    proportional_sd: NotNegative | None = None
    proportional_variance: NotNegative | None = None
    additive_sd: Annotated[NotNegative | None, Field(alias="additive_sd_mg_per_L")] = None
    rse_pct: NotNegative | None = None
    bootstrap: Bootstrap | None = None
    source: str = ""


class ResidualSection(Section):
    """The residual error."""

    kind: Literal["variances_add", "sds_add", "logarithmic"] = "variances_add"
    exponent: Positive = 1.0
    log_sd: NotNegative | None = None
    proportional_sd: NotNegative | None = None
    proportional_rse_pct: NotNegative | None = None
    proportional_bootstrap: Bootstrap | None = None
    additive_sd: Annotated[NotNegative | None, Field(alias="additive_sd_mg_per_L")] = None
    additive_rse_pct: NotNegative | None = None
    additive_bootstrap: Bootstrap | None = None
    additive_fixed: bool = False
    proportional_fixed: bool = False
    log_fixed: bool = False
    exponent_estimated: bool = False
    by_assay: dict[AssayName, AssaySection] = {}
    by_centre: dict[Text, AssaySection] = {}
    default_assay: Literal["mean_of_variances"] | None = None
    source: str = ""
    note: str = ""


class CovariateSection(Section):
    """The domain of a covariate."""

    column: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]
    unit: Text
    median: float
    median_source: Text
    soft_range: Range | None = None
    soft_source: str = ""
    hard_range: Range | None = None
    low_excluded: bool = False
    time_varying: bool
    categories: dict[Text, float] = {}


class DomainSection(Section):
    """Whom the model was built on."""

    adult: bool
    disease: Text


class StudySection(Section):
    """Who was in the study and how they were treated, as far as a case can be compared with it."""

    eligibility: Text
    first_dose_mg_per_kg: Annotated[list[Positive], Field(min_length=2, max_length=2)] | None = None
    infusions: Annotated[list[Count], Field(min_length=2, max_length=2)] | None = None
    first_sample_day_max: Positive | None = None
    sample_day_max: Positive | None = None
    source: Text


class BoundSection(Section):
    """Between which values a fit looks for a parameter."""

    lower: float | None = None
    upper: float | None = None


class NotUsedSection(Section):
    """A published number that an intravenous forecast does not use."""

    value: float
    unit: str
    note: Text
    source: str = ""


class CheckSection(Section):
    """A typical patient and the parameters expected for them."""

    covariates: dict[str, float]
    expected: dict[str, Positive]
    source: Text


class ModelFile(Section):
    """A whole model file."""

    schema_: Annotated[Literal["asuc-model/1"], Field(alias="schema")]
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
    version: Text
    title: Text
    citation: Text
    doi: str = ""
    population: Text
    route: Literal["iv", "oral"]
    units: Literal["day_mg_L", "own"] = "day_mg_L"
    structure: Annotated[Structure, Field(strict=False)]
    parameterization: Annotated[Parameterization, Field(strict=False)]
    event_model: str | None = None
    in_default_panel: bool
    panel_reason: Text
    caveats: list[str] = []
    errata: list[str] = []
    decisions: list[str] = []
    domain: DomainSection
    study: StudySection | None = None
    parameters: dict[str, ParameterSection]
    iiv: dict[Identifier, EtaSection] = {}
    iov: dict[Identifier, SharedEtaSection] = {}
    centre: dict[Identifier, SharedEtaSection] = {}
    correlations: list[CorrelationSection] = []
    residual: ResidualSection
    bounds: dict[str, BoundSection] = {}
    covariates: dict[Identifier, CovariateSection] = {}
    not_used: dict[Identifier, NotUsedSection] = {}
    checks: Annotated[dict[str, CheckSection], Field(min_length=1)]
