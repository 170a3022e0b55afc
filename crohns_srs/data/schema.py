"""What a file that describes a table of trials may contain (`asuc-crohns-config/1`): names, types and ranges of its keys, one by one.

Only what a single key can show is checked here; `crohns_srs.data.config` checks that they make an analysis together. The format is
described for its users in docs/how-to/crohns.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pkpd.document_schema import json_schema_text

SCHEMA = "asuc-crohns-config/1"
Text = Annotated[str, Field(min_length=1, max_length=400)]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
# Beyond any measurement; keeps every product finite.
Measure = Annotated[float, Field(ge=-1e9, le=1e9)]


class Section(BaseModel):
    """A table of the file: unknown keys, NaN, infinity and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class RemissionSection(Section):
    """When a participant is well: where what is left of the outcome's scale, its value at baseline less the fall, is below a value."""

    baseline: Text
    below: Measure


class OutcomeSection(Section):
    """The outcome; more is better."""

    column: Column
    unit: str = ""
    response: Annotated[list[Measure], Field(min_length=1, max_length=10)]
    low: Measure = -1e9
    high: Measure = 1e9
    worthwhile: Annotated[float, Field(gt=0.0, le=1e9)] | None = None
    remission: RemissionSection | None = None


class TrialSection(Section):
    """The groups of the random effects."""

    column: Column


class TreatmentSection(Section):
    """The arms."""

    column: Column
    placebo: Text


class ClassSection(Section):
    """One class of drugs."""

    id: Identifier
    treatment: Text
    title: Text


class OtherUnitSection(Section):
    """A unit that a covariate's value is at times given in by mistake."""

    unit: Text
    factor: Annotated[float, Field(gt=0.0, le=1e9)]
    below: Measure | None = None
    above: Measure | None = None


class CovariateSection(Section):
    """One covariate."""

    name: Text
    column: Column
    title: Text
    unit: str = ""
    kind: Literal["continuous", "binary"]
    centre: Measure = 0.0
    centred: bool = False
    low: Measure = -1e9
    high: Measure = 1e9
    stage: Literal["both", "placebo"] = "both"
    case: Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_]*)?$", max_length=60)] = ""
    words: Annotated[list[Text], Field(min_length=2, max_length=2)] | None = None
    default: Measure | None = None
    usual: Annotated[list[Measure], Field(min_length=2, max_length=2)] | None = None
    scale: Literal["linear", "log1p"] = "linear"
    other_units: Annotated[list[OtherUnitSection], Field(max_length=10)] = Field(default_factory=list[OtherUnitSection])


class ConfigFile(Section):
    """The whole file."""

    schema_: Annotated[Literal["asuc-crohns-config/1"], Field(alias="schema")]
    id: Identifier
    title: Text
    citation: str = ""
    doi: str = ""
    outcome: OutcomeSection
    trial: TrialSection
    treatment: TreatmentSection
    classes: Annotated[list[ClassSection], Field(min_length=1, max_length=50)]
    covariates: Annotated[list[CovariateSection], Field(min_length=1, max_length=200)]


def config_json_schema() -> str:
    """Return the JSON Schema of the file as text (``docs/schema/crohns-config-1.schema.json``)."""
    return json_schema_text(ConfigFile, "What the columns of a table of pooled trials are, as a TOML file.")
