"""The document of a study of power, `asuc-crohns-power/1`, as `asuc crohns power` writes it: names, types and meanings of its keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkpd.document_schema import Number, Probability, Section, json_schema_text


class ArmEntry(Section):
    """One arm."""

    class_: Annotated[str, Field(alias="class", description="Id of the class.")]
    title: str
    response: Annotated[Probability, Field(description="Mean chance of a response.")]


class DifferenceEntry(Section):
    """Mean chance of the first class less that of the second, with quantiles over drawn coefficients."""

    value: Number
    q025: Number
    q50: Number
    q975: Number
    probability_first_better: Probability


class PopulationEntry(Section):
    """Patients that are drawn from."""

    title: str
    n: int


class EffectsEntry(Section):
    """What trials' effects the new trial has."""

    name: str
    text: str


class SimulatedEntry(Section):
    """A share of simulated trials beside the same by enumeration."""

    simulated: Probability
    exact: Probability


class AssuranceEntry(Section):
    """Chance over the coefficients' distribution that the test finds a class better (without correction)."""

    first_better: Probability
    second_better: Probability


class ProcedureEntry(Section):
    """The publication's t interval of mean predicted chances, which is no power."""

    first_better: Probability
    no_difference: Annotated[Probability, Field(description="The same of two arms of the second class.")]


class SizeEntry(Section):
    """One size of the arms; `type1` is that of two arms of the second class."""

    n_per_arm: int
    chi_square: SimulatedEntry
    chi_square_corrected: SimulatedEntry
    type1: SimulatedEntry
    type1_corrected: SimulatedEntry
    assurance: AssuranceEntry
    published_procedure: ProcedureEntry


class TargetEntry(Section):
    """Participants in each arm for the power asked for; null where no number is enough."""

    power: Probability
    n_per_arm: int | None
    n_per_arm_corrected: int | None


class CoefficientEntry(Section):
    """A covariate in the models of both classes."""

    term: str
    title: str
    first: Number
    first_se: Number
    second: Number
    second_se: Number
    opposite: Annotated[bool, Field(description="Whether the signs differ.")]


class EnrichmentEntry(Section):
    """A trial among the patients of whom the models expect the greatest difference."""

    share: Annotated[Probability, Field(description="Of the population that is eligible.")]
    n_patients: int
    least_difference: Annotated[Number, Field(description="Smallest difference of chances among them.")]
    first: Annotated[Probability, Field(description="Mean chance of a response on the first class.")]
    second: Annotated[Probability, Field(description="Mean chance of a response on the second class.")]
    power: Annotated[dict[str, Probability], Field(description="By the size of the arms.")]
    assurance: Annotated[dict[str, Probability], Field(description="By the size of the arms.")]
    n_per_arm: Annotated[int | None, Field(description="For the power asked for; null where no number is enough.")]
    screened: Annotated[float | None, Field(description="Patients who are looked at for that trial.")]


class SettingsEntry(Section):
    """What was asked for."""

    fit: str | None
    population: str | None
    patients: int | None
    eligible: list[str]
    n: Annotated[int, Field(description="Simulated trials of each size.")]
    seed: int


class ModelsEntry(Section):
    """Models that outcomes are drawn from."""

    id: str
    sha256: str


class CrohnsPower(Section):
    """The whole document."""

    schema_: Annotated[Literal["asuc-crohns-power/1"], Field(alias="schema")]
    models: ModelsEntry
    first: ArmEntry
    second: ArmEntry
    difference: DifferenceEntry
    population: PopulationEntry
    response: Annotated[Number, Field(description="Outcome from which there is a response.")]
    alpha: Annotated[Probability, Field(description="Two-sided.")]
    trial_effects: EffectsEntry
    monte_carlo_se: Annotated[Number, Field(description="Largest standard error of a simulated share.")]
    sizes: list[SizeEntry]
    target: TargetEntry
    coefficients: list[CoefficientEntry]
    enrichment: list[EnrichmentEntry]
    settings: SettingsEntry
    notes: list[str]
    seconds: Number


def power_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/crohns-power-1.schema.json``)."""
    return json_schema_text(
        CrohnsPower, "The power of a new trial of two classes, simulated from models of pooled trials."
    )
