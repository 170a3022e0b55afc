"""The documents of one patient, the case and the answer: names, types and meanings of their keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crohns_srs.predict.case import SCHEMA as CASE_SCHEMA
from pkpd.document_schema import Number, Probability, Section, json_schema_text

if TYPE_CHECKING:
    from crohns_srs.data.config import Config, Covariate

Interval = Annotated[list[Number], Field(min_length=2, max_length=2)]
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class _WithChances(BaseModel):
    """Chances of response and remission, whose keys follow the configuration: `response100`, `remission`, each with `…_interval` and, for classes, `…_added`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    # Narrower than pydantic's own, which is how it asks for the type of keys that are not named.
    __pydantic_extra__: dict[str, Number | Interval]  # pyright: ignore[reportIncompatibleVariableOverride]


class PlaceboEntry(_WithChances):
    """Expected outcome on placebo."""

    effect: Number
    se: Number
    df: Number
    interval: Interval


class ClassEntry(_WithChances):
    """One class that is to be had."""

    title: str
    effect: Annotated[Number, Field(description="What the class adds to placebo.")]
    se: Number
    se_missing: Annotated[Number, Field(description="Part of `se` that comes of inputs that are not known.")]
    df: Number
    interval: Interval
    expected: Annotated[Number, Field(description="Expected outcome, placebo and drug together.")]
    se_expected: Number
    df_expected: Number
    interval_expected: Interval
    se_prediction: Annotated[Number, Field(description="Spread of one new patient's outcome.")]
    probability_best: Probability
    probability_within_worthwhile: Annotated[
        Probability | None,
        Field(description="Of an effect that falls short of the greatest by less than what is worthwhile."),
    ] = None
    displayed_percent: Annotated[
        int | None, Field(description="As the published calculator shows it; `dashboard` alone.")
    ] = None


class ContrastEntry(Section):
    """Two classes; the difference is that of `a` over `b`."""

    a: str
    b: str
    difference: Number
    se: Number
    se_missing: Number
    df: Number
    p: Probability
    p_holm: Probability
    interval: Interval
    probability_above_zero: Probability
    probability_a_worthwhile: Probability | None = None
    probability_b_worthwhile: Probability | None = None
    is_worthwhile: bool | None = None
    is_negligible: bool | None = None


class GroupEntry(Section):
    """Classes that the label does not part, the best group first."""

    classes: list[str]
    displayed_percent: Number | None = None


class WorthwhileEntry(Section):
    """Smallest difference that would matter, and the label by intervals that lie beyond it."""

    points: Number
    unit: str
    label: str
    groups: list[list[str]]


class LevelClassEntry(_WithChances):
    """One class at one value of an input that is not known."""

    effect: Number
    expected: Number


class LevelEntry(Section):
    """One plausible value of an input that is not known."""

    value: Number | bool | str
    weight: Probability
    label: str
    classes: dict[str, LevelClassEntry]


class MissingEntry(Section):
    """One input that is not known."""

    input: str
    title: str
    unit: str
    mean: Annotated[Number, Field(description="Given what is known; of a binary input the probability.")]
    sd: Number
    range: Annotated[Interval | None, Field(description="From 5 % to 95 %; null for a binary input.")]
    levels: list[LevelEntry]
    is_decisive: Annotated[bool, Field(description="Whether the label is another at some level.")]


class InputEntry(Section):
    """What one input adds."""

    input: str
    title: str
    value: Number | bool | str
    reference: Number | bool | str
    points: Number
    se: Number
    is_missing: bool


class ContributionEntry(Section):
    """What an effect is made of; reference and points add up to it."""

    reference: Number
    inputs: list[InputEntry]


class RangeEntry(Section):
    """A known input beside the values that the trials had."""

    input: str
    value: Number
    low: Number
    high: Number
    unit: str
    is_inside: bool


class UnitEntry(Section):
    """A value that is likely in another unit."""

    input: str
    value: Number
    unit: str
    suspected_unit: str
    converted: Number


class DistanceEntry(Section):
    """Squared Mahalanobis distance of the known inputs from the middle of the trials' participants."""

    squared: Number | None
    df: int
    p: Annotated[
        Probability | None, Field(description="Share of participants that lie as far, were all inputs normal.")
    ]


class ApplicabilityEntry(Section):
    """Whether the patient is one of those that the models speak for."""

    is_inside: bool
    ranges: list[RangeEntry]
    units: list[UnitEntry]
    distance: DistanceEntry | None


class ModelsEntry(Section):
    """The models that answered."""

    id: str
    sha256: str


class CrohnsAnswer(Section):
    """The whole answer."""

    schema_: Annotated[Literal["asuc-crohns/1"], Field(alias="schema")]
    uncertainty: Literal["coherent", "paper", "dashboard"]
    case: Annotated[str, Field(description="Label of the case.")]
    level: Annotated[Probability, Field(description="Probability of the intervals.")]
    placebo: PlaceboEntry
    classes: dict[str, ClassEntry]
    contrasts: list[ContrastEntry]
    label: str
    label_adjustment: Literal["none", "holm"]
    groups: list[GroupEntry]
    worthwhile: WorthwhileEntry | None
    unavailable: list[str]
    imputed: Annotated[list[str], Field(description="Inputs that are not known.")]
    missing_inputs: Annotated[Literal["integrate", "defaults"], Field(description="What became of them.")]
    missing: list[MissingEntry]
    contributions: dict[str, ContributionEntry]
    applicability: ApplicabilityEntry
    warnings: list[str]
    models: ModelsEntry


def answer_json_schema() -> str:
    """Return the JSON Schema of an answer as text (``docs/schema/crohns-1.schema.json``)."""
    return json_schema_text(CrohnsAnswer, "What models of pooled trials say of one patient.")


def case_json_schema(config: Config) -> str:
    """Return the JSON Schema of a case as text; that of the published analysis is ``docs/schema/crohns-case-1.schema.json``.

    Parameters
    ----------
    config : Config
        What the models' covariates are.
    """
    classes = {"enum": [one.id for one in config.classes]}
    properties: dict[str, Any] = {
        "schema": {"const": CASE_SCHEMA},
        "label": {"type": ["string", "null"], "description": "Free text without identifiers."},
        **{one.case: _covariate(one) for one in config.covariates},
        "unavailable": {
            "type": ["array", "null"],
            "items": classes,
            "description": "Classes that are contraindicated or not to be had.",
        },
    }
    schema = {
        "$schema": _DRAFT,
        "title": CASE_SCHEMA,
        "description": f"One patient: {config.title}. What is null or absent is not known.",
        "type": "object",
        "properties": properties,
        "required": ["schema"],
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _covariate(one: Covariate) -> dict[str, Any]:
    told = f"{one.title[:1].upper()}{one.title[1:]}"
    if one.words:
        return {"enum": [*one.words, None], "description": f"{told}: the second word is yes."}
    if one.is_binary:
        return {"type": ["boolean", "null"], "description": f"{told}."}
    unit = f" [{one.unit}]" if one.unit else ""
    default = f"; {one.default:g} where not given" if one.is_placebo_only else ""
    limits = {"minimum": one.low, "maximum": one.high}
    return {"type": ["number", "null"], **limits, "description": f"{told}{unit}{default}."}
