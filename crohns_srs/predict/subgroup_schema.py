"""The document of subgroups, `asuc-crohns-subgroups/1`, as `asuc crohns subgroups` writes it: names, types and meanings of its keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkpd.document_schema import MaybeNumber, MaybeProbability, Number, Probability, Section, json_schema_text


class MeasuredEntry(Section):
    """A measured covariate among those of whom it is known."""

    mean: MaybeNumber
    sd: MaybeNumber


class ShareEntry(Section):
    """A covariate that is yes or no."""

    share: Annotated[MaybeProbability, Field(description="Of yes, among those of whom it is known.")]


class PlaceboEntry(Section):
    """What is expected on placebo."""

    effect: Number
    response: Annotated[Probability, Field(description="Mean chance of a response.")]


class ClassEntry(Section):
    """What is expected on a class."""

    effect: Annotated[Number, Field(description="What the class adds to placebo.")]
    expected: Annotated[Number, Field(description="Placebo and class together.")]
    share_expected_response: Annotated[
        Probability, Field(description="Share of patients whose expected outcome is a response; no response rate.")
    ]
    response: Annotated[Probability, Field(description="Mean chance of a response.")]


class SubgroupEntry(Section):
    """The patients of one label; means are over them."""

    label: str
    n: int
    share: Probability
    covariates: Annotated[dict[str, MeasuredEntry | ShareEntry], Field(description="By the key of a case.")]
    placebo: PlaceboEntry | None
    classes: dict[str, ClassEntry]


class CovariateEntry(Section):
    """What a covariate is."""

    title: str
    unit: str
    low: Number


class DataEntry(Section):
    """The table of patients."""

    file: str
    sha256: str


class ModelsEntry(Section):
    """Models that labels are by."""

    id: str
    sha256: str


class CrohnsSubgroups(Section):
    """The whole document."""

    schema_: Annotated[Literal["asuc-crohns-subgroups/1"], Field(alias="schema")]
    uncertainty: Literal["coherent", "paper", "dashboard"]
    n: int
    n_with_missing: int
    absent: Annotated[list[str], Field(description="Covariates without a column.")]
    unavailable: list[str]
    response: Annotated[Number, Field(description="Outcome from which there is a response.")]
    n_possible: int
    n_occurring: int
    subgroups: Annotated[list[SubgroupEntry], Field(description="Every possible label, the largest first.")]
    classes: Annotated[dict[str, str], Field(description="Titles by id.")]
    covariates: dict[str, CovariateEntry]
    data: DataEntry
    models: ModelsEntry
    missing_inputs: Literal["integrate", "defaults"]
    seconds: Number


def subgroups_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/crohns-subgroups-1.schema.json``)."""
    return json_schema_text(CrohnsSubgroups, "Patients of a table by the label that models of pooled trials give them.")
