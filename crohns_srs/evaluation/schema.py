"""The document of an evaluation, `asuc-crohns-validate/1`, as `asuc crohns validate` writes it: names, types and meanings of its keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkpd.document_schema import MaybeNumber, MaybeProbability, Number, Probability, Section, json_schema_text

UncertaintyName = Literal["coherent", "paper", "dashboard"]
Shares = Annotated[dict[str, Probability], Field(description="By the label.")]


class IntervalEntry(Section):
    """An estimate with its 95 % interval; null where there is none."""

    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber


class BinEntry(Section):
    """Participants whose predictions lie next to each other."""

    n: int
    predicted: Number
    observed: IntervalEntry


class PerformanceEntry(Section):
    """Held-out outcomes beside their predictions."""

    n: int
    n_responses: int
    reason: Annotated[str, Field(description="Empty where there are numbers.")]
    calibration_intercept: IntervalEntry
    calibration_slope: IntervalEntry
    r_squared: MaybeNumber
    rmse: MaybeNumber
    concordance: MaybeProbability
    bins: list[BinEntry]
    c_statistic: IntervalEntry
    response_intercept: IntervalEntry
    response_slope: IntervalEntry
    brier: MaybeNumber
    response_bins: list[BinEntry]


class NoPerformanceEntry(Section):
    """Why nothing could be predicted."""

    n: Literal[0]
    reason: Annotated[str, Field(min_length=1)]


AnyPerformance = PerformanceEntry | NoPerformanceEntry


class HeldOutEntry(Section):
    """One way of holding out."""

    active: AnyPerformance
    placebo: AnyPerformance
    by_class: dict[str, AnyPerformance]
    n_missing: Annotated[int, Field(description="Participants without a prediction.")]


class BothWaysEntry(Section):
    """Trials held out one by one, and folds, with both stages fitted anew."""

    trials: HeldOutEntry
    folds: HeldOutEntry


class ArmEntry(Section):
    """One arm of a trial, predicted by models of the other trials."""

    trial: str
    arm: str
    n: int
    n_trials_left: Annotated[int, Field(description="Trials that the arm's model was fitted to.")]
    residual: Annotated[IntervalEntry, Field(description="Outcome less prediction.")]
    observed: MaybeNumber
    predicted: MaybeNumber
    responses: MaybeProbability
    expected_responses: MaybeProbability
    said: Annotated[str, Field(description="Why it could not be evaluated, or what is doubtful.")]


class LabelingEntry(Section):
    """Labels of all participants."""

    no_preference: Annotated[Probability, Field(description="Share of the label that says nothing.")]
    shares: Shares


class AgreementEntry(Section):
    """Agreement of two labelings, as published and beyond chance."""

    published: Annotated[Number, Field(description="As the publication counts it.")]
    same: Annotated[Probability, Field(description="Share of patients with the same label.")]
    resolved: Annotated[Probability, Field(description="Share of pairs of classes that both labelings order.")]
    resolved_agreement: MaybeProbability
    resolved_kappa: MaybeNumber
    kappa: MaybeNumber


class PairAgreementEntry(AgreementEntry):
    """Agreement of the labels of two ways to state uncertainty."""

    a: UncertaintyName
    b: UncertaintyName


class AblatedEntry(AgreementEntry):
    """Labels without some covariates beside those with all."""

    no_preference: Probability


class AblationEntry(Section):
    """Models without some covariates."""

    without: list[str]
    reason: Annotated[str, Field(description="Why they could not be fitted; empty otherwise.")]
    by_uncertainty: dict[UncertaintyName, AblatedEntry]


class NoRuleEntry(Section):
    """Why there is no value of the rule."""

    reason: Annotated[str, Field(min_length=1)]


class PolicyEntry(Section):
    """The value of one policy, doubly robust."""

    policy: Annotated[str, Field(description="`rule`, `observed`, or the class that all are given.")]
    value: IntervalEntry
    participant_se: MaybeNumber
    rule_exceeds_by: IntervalEntry
    expected_by_models: MaybeNumber
    effective_n: MaybeNumber


class RuleEntry(Section):
    """The value of giving each patient the class of which the models expect most."""

    reason: Literal[""]
    n: int
    n_trials: int
    is_randomised: bool
    given: Annotated[dict[str, Probability], Field(description="Share that the rule gives each class.")]
    clipped: Annotated[Probability, Field(description="Share whose own class had next to no chance.")]
    outcome: list[PolicyEntry]
    response: list[PolicyEntry]


class SpreadEntry(Section):
    """Mean and quantiles; null where there are no values."""

    mean: MaybeNumber
    q05: MaybeNumber
    q25: MaybeNumber
    q50: MaybeNumber
    q75: MaybeNumber
    q95: MaybeNumber


class FalseLabelsEntry(Section):
    """Shares of patients with any order, and of pairs of classes in one."""

    labelled: SpreadEntry
    ordered: SpreadEntry


class NullEntry(Section):
    """Labels where treatments are exchanged, so that no class differs from another."""

    exchange: str
    text: str
    n: int
    n_failed: int
    by_uncertainty: dict[UncertaintyName, FalseLabelsEntry]


class SameLabelEntry(SpreadEntry):
    """Share of draws that give a patient the label of the table itself, over patients."""

    by_label: Shares


class StabilityEntry(Section):
    """Labels by models of drawn participants or trials."""

    n: int
    n_failed: int
    best: Annotated[SpreadEntry, Field(description="Share of draws with the same class of the greatest effect.")]
    by_uncertainty: dict[UncertaintyName, SameLabelEntry]


class RuleLabelsEntry(AgreementEntry):
    """Labels of a learner beside those of the linear models, by one rule."""

    no_preference: Probability
    shares: Shares


class LearnerEntry(Section):
    """Labels by another learner, or by the linear models with errors from the same draws."""

    n: int
    n_failed: int
    median_error: dict[str, MaybeNumber]
    correlation: Annotated[dict[str, MaybeNumber], Field(description="With the effects of the linear models.")]
    same_best: Probability
    by_rule: dict[Literal["all", "neighbours"], RuleLabelsEntry]


class DataEntry(Section):
    """The table."""

    file: str
    sha256: str
    n_rows: int
    n_trials: int


class ConfigEntry(Section):
    """The configuration that it was read by."""

    id: str
    title: str
    sha256: str


class OutcomeEntry(Section):
    """The outcome."""

    unit: str
    response: Annotated[Number, Field(description="From which there is a response.")]


class SettingsEntry(Section):
    """What was asked for."""

    data_sha256: str
    config_sha256: str
    folds: int
    bootstrap: int
    unit: Literal["participants", "trials"]
    exchanges: int
    exchange: str
    learners: list[str]
    learner_draws: int
    trees: int
    ablate: list[list[str]]
    seed: int


class CrohnsValidation(Section):
    """The whole document."""

    schema_: Annotated[Literal["asuc-crohns-validate/1"], Field(alias="schema")]
    data: DataEntry
    config: ConfigEntry
    classes: Annotated[dict[str, str], Field(description="Titles by id.")]
    outcome: OutcomeEntry
    settings: SettingsEntry
    held_out: BothWaysEntry
    held_out_trials: list[ArmEntry]
    labels: dict[UncertaintyName, LabelingEntry]
    concordance: list[PairAgreementEntry]
    ablations: list[AblationEntry]
    rule: RuleEntry | NoRuleEntry
    null: NullEntry | None
    stability: StabilityEntry | None
    learners: dict[str, LearnerEntry]
    failures: Annotated[dict[str, str], Field(description="Why a replicate has no result, by its kind and number.")]
    notes: list[str]
    seconds: Number


def validation_json_schema() -> str:
    """Return the JSON Schema of the document as text (``docs/schema/crohns-validate-1.schema.json``)."""
    return json_schema_text(CrohnsValidation, "How far the two-stage models of pooled trials can be trusted.")
