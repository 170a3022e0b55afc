"""The documents of a database, `asuc-crohns-omop/1` and `asuc-crohns-omop-cohort/1`, as `asuc crohns omop` writes them: names, types and meanings of their keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crohns_srs.predict.schema import CrohnsAnswer
from pkpd.document_schema import MaybeNumber, MaybeProbability, Section, json_schema_text

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Labels = Annotated[dict[str, int], Field(description="Persons by the label that the models give them.")]


class RecordEntry(Section):
    """A record that an input stands on."""

    table: str
    id: int
    concept_id: int
    date: Day | None
    unit: str | None
    value: str | None


class SourceEntry(Section):
    """Where an input comes from."""

    how: str
    censored: Annotated[str | None, Field(description="`<` or `>` where the record gives a limit.")]
    records: list[RecordEntry]


class BiologicEntry(Section):
    """A biologic that was ever given."""

    ingredient: str
    class_: Annotated[str, Field(alias="class")]
    first: Day


class PersonEntry(Section):
    """One person; a line of FILE.jsonl is one of these."""

    person_id: int
    index_date: Day
    status: Literal["complete", "incomplete", "refused"]
    refusal: str | None
    crohns_since: Day | None
    case: Annotated[
        dict[str, bool | int | float | str | None], Field(description="asuc-crohns-case/1; null is not known.")
    ]
    missing: Annotated[dict[str, str], Field(description="Why an input is not known, by its key.")]
    sources: Annotated[dict[str, SourceEntry], Field(description="By the key of the input.")]
    biologics: list[BiologicEntry]
    warnings: list[str]
    recommendation: Annotated[
        CrohnsAnswer | None, Field(description="With --recommend; null for a person who is refused.")
    ] = None


class OptionsEntry(Section):
    """Rules by which inputs are read."""

    bmi_days: int
    crp_days: int
    cdai_days: int
    history_days: int
    gap_days: int
    current_days: int
    supply_days: int
    high_sensitivity: bool
    golimumab: bool
    drug_era: bool
    cdai_concepts: list[int]
    cdai_sources: list[str]
    assumed_cdai: MaybeNumber
    units: Annotated[list[str], Field(description="KIND:SOURCE=UCUM.")]


class _Head(Section):
    database: str
    index_date: Day
    software: str
    uncertainty: Literal["coherent", "paper", "dashboard"]
    options: OptionsEntry
    warnings: list[str]


class CrohnsOmop(_Head):
    """Persons by name (`people`), or how many were written (`n_persons`, `n_refused`, `out`)."""

    schema_: Annotated[Literal["asuc-crohns-omop/1"], Field(alias="schema")]
    people: Annotated[list[PersonEntry] | None, Field(description="With --person.")] = None
    n_persons: Annotated[int | None, Field(description="With --persons.")] = None
    n_refused: Annotated[int | None, Field(description="With --persons: those the models do not speak for.")] = None
    out: Annotated[str | None, Field(description="With --persons: the file of the rows.")] = None


class CountsEntry(Section):
    """Persons of one group."""

    n: int
    ever_biologic: int
    first_biologic_since: Annotated[int, Field(description="First biologic in the year of the document or after.")]
    biologic_without_anti_il12_23: int
    first_anti_tnf: int
    first_anti_il12_23: int
    first_anti_integrin: int
    ever_anti_tnf: int
    ever_anti_il12_23: int
    ever_anti_integrin: int


class GroupEntry(CountsEntry):
    """Persons of an age band and sex; null ages are not known."""

    age_from: int | None
    age_to: int | None
    sex: Literal["female", "male", "unknown"]


class WomenEntry(CountsEntry):
    """Women from 50 years on; a share of nobody is null."""

    share_of_crohns: MaybeProbability
    share_ever_biologic: MaybeProbability
    share_of_biologic_without_anti_il12_23: MaybeProbability


class LabelsEntry(Section):
    """Labels that the models give."""

    everybody: Labels
    women_from_50: Labels


class CrohnsOmopCohort(_Head):
    """The table of a cohort."""

    schema_: Annotated[Literal["asuc-crohns-omop-cohort/1"], Field(alias="schema")]
    first_biologic_since: Annotated[int, Field(description="Year from which a first biologic counts apart.")]
    n_crohns: int
    n_refused: Annotated[int, Field(description="Persons the models do not speak for; counted nowhere else.")]
    groups: list[GroupEntry]
    everybody: CountsEntry
    women_from_50: WomenEntry
    labels: LabelsEntry
    missing: Annotated[dict[str, int], Field(description="Persons of whom an input is not known.")]


def omop_json_schema() -> str:
    """Return the JSON Schema of the document of persons as text (``docs/schema/crohns-omop-1.schema.json``)."""
    return json_schema_text(CrohnsOmop, "Inputs of persons of an OMOP database, each with where it comes from.")


def omop_cohort_json_schema() -> str:
    """Return the JSON Schema of the table of a cohort as text (``docs/schema/crohns-omop-cohort-1.schema.json``)."""
    return json_schema_text(CrohnsOmopCohort, "Persons with Crohn's disease of an OMOP database, by age and sex.")
