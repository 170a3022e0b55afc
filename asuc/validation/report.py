"""The parts of a validation's report: tables, figures and what is said of them, in the order of TRIPOD's results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from asuc.validation.cohort_tables import cohort_table, covariate_table, exposure_table, left_out_table
from asuc.validation.decision_tables import decision_table, moved_table, reclassification_table, threshold_table
from asuc.validation.level_tables import pk_tables
from asuc.validation.page import Section
from asuc.validation.risk_tables import (
    brier_table,
    calibration_table,
    comparator_table,
    discrimination_table,
    group_table,
    residual_table,
)
from asuc.validation.sentences import advice, limits
from asuc.validation.summary_tables import summary_table
from pkpd.units import percent_from_fraction
from tte.figures.risk_evaluation import risk_figures
from tte.figures.threshold import rule_figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asuc.validation.study import PopulationFinding
    from asuc.validation.subjects import Followed
    from pkpd.data.cohort import Cohort
    from pkpd.figures.sheet import Drawing
    from pkpd.model.spec import ModelSpec
    from tte import EventModel

# Beginnings of the names of figures, by the part that they stand in.
_FIGURES = {
    "pk": ("performance-",),
    "discrimination": ("risk-by-outcome-", "roc-", "auc-over-time-"),
    "calibration": ("calibration-", "kaplan-meier-by-risk-"),
    "decision": ("decision-curve-",),
    "threshold": ("kaplan-meier-threshold-",),
    "residuals": ("cox-snell-", "schoenfeld-"),
}
_ICI = (
    "ICI, E50 and E90 are distances, which chance alone makes larger than zero, and larger still in drawn patients: their intervals are percentiles over "
    "those, lie rather high, may even begin above the number itself, and exclude zero where a model is calibrated too. They say how large a distance may "
    "be, not whether there is one."
)


@dataclass(frozen=True, slots=True)
class Validation:
    """What a report is made of.

    Parameters
    ----------
    findings : tuple of PopulationFinding
        All subjects first; none where nobody could be followed.
    followed : Followed
        The subjects.
    model : EventModel
        Event model.
    spec : ModelSpec
        Pharmacokinetic model.
    incomplete : Cohort
        The cohort with NaN for covariates that a subject has no value of.
    performance : mapping
        Document of predictive performance.
    notes : tuple of str
        What was read and assumed.
    drawings : tuple of Drawing
        All figures.
    left_out : tuple of str
        Sentences on figures that are not drawn.
    how : str
        How exposures became risks, in a sentence.
    """

    findings: tuple[PopulationFinding, ...]
    followed: Followed
    model: EventModel
    spec: ModelSpec
    incomplete: Cohort
    performance: Mapping[str, Any]
    notes: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    left_out: tuple[str, ...]
    how: str


def risk_drawings(findings: Sequence[PopulationFinding], *, n_draws: int, seed: int) -> Iterator[Drawing | str]:
    """Yield the figures of risk and threshold of each population, and a sentence for each that has nothing to show."""
    for one in findings:
        for drawing in _of_population(one, n_draws=n_draws, seed=seed):
            # Both populations stand beside each other, so that titles tell them apart.
            yield (
                drawing
                if isinstance(drawing, str)
                else replace(drawing, title=f"{drawing.title}, {one.population.words}")
            )


def sections_of(given: Validation) -> tuple[Section, ...]:
    """Return the parts of the report, in their order."""
    pk = _pk(given)
    cohort = _cohort(given)
    if not given.findings:
        nobody = "No subject has both an exposure and event times, so that no risk can be evaluated."
        return (cohort, pk, Section("risk", "Predicted risks", (nobody,)))
    return (
        Section(
            "summary",
            "Main results",
            (given.how, _landmark_words(given), _advice(given)),
            tables=(summary_table(given.findings, given.performance),),
        ),
        cohort,
        pk,
        *_risk(given),
        _limits(given),
    )


def tables_of(sections: Sequence[Section]) -> Iterator[Any]:
    """Yield all tables of some parts."""
    for one in sections:
        yield from one.tables


def _cohort(given: Validation) -> Section:
    tables = [cohort_table(given.findings, given.followed, given.model)] if given.findings else []
    if given.findings:
        tables.append(exposure_table(given.findings, given.followed, given.model))
    if given.spec.covariates:
        tables.append(covariate_table(given.spec, given.incomplete))
    if given.followed.left_out:
        tables.append(left_out_table(given.followed))
        said = ()
    else:
        said = ("Every subject of either file is in the evaluation of risk.",)
    return Section(
        "cohort",
        "The cohort",
        ("What was read, assumed and done with what is missing or censored:",) if given.notes else (),
        given.notes,
        tuple(tables),
        notes=said,
    )


def _pk(given: Validation) -> Section:
    warnings = tuple(one["text"] for one in given.performance["warnings"])
    said = (
        "Every level is predicted from covariates and doses alone (a priori), and from the patient's own earlier levels besides (forecast); nothing is "
        "fitted. Intervals of errors come from drawing patients with replacement."
    )
    return Section(
        "pk",
        "Predicted levels",
        (said,),
        tables=tuple(pk_tables(given.performance)),
        drawings=_drawn(given, "pk"),
        notes=warnings,
    )


def _risk(given: Validation) -> Iterator[Section]:
    findings, model = given.findings, given.model
    yield Section(
        "discrimination",
        "Predicted risks and discrimination",
        ("Does a patient with the event have a higher predicted risk than one without?",),
        tables=(discrimination_table(findings, model), comparator_table(findings)),
        drawings=_drawn(given, "discrimination"),
    )
    yield Section(
        "calibration",
        "Calibration",
        (
            "Do predicted risks come true? Observed over expected counts events against the predicted hazard of each patient's own time under observation.",
        ),
        tables=(calibration_table(findings), group_table(findings)),
        drawings=_drawn(given, "calibration"),
        notes=(_advice(given), _ICI),
    )
    yield Section(
        "overall",
        "Overall error",
        ("The Brier score is the mean squared difference of predicted risk and outcome, weighted for censoring.",),
        tables=(brier_table(findings),),
    )
    cuts = "; ".join(
        f"{percent_from_fraction(one.population.cut):.1f} % for {one.population.words}" for one in findings
    )
    yield Section(
        "reclassification",
        "Reclassification",
        (
            (
                f"High risk is a predicted risk at the model's threshold of ln(AUC/CL) {model.threshold:g} or above: {cuts}. A comparator that is a risk is cut "
                "there too; a marker is cut at its own published threshold, and its net reclassification is the difference of Youden's J."
            ),
        ),
        tables=(reclassification_table(findings), moved_table(findings)),
        notes=("A positive NRI can come from miscalibration alone; read it beside Brier score and decision curve.",),
    )
    yield Section(
        "decision",
        "Decision curve",
        (
            f"It shows whom a rule would select, not that acting helps them: that more drug prevents {model.event} has not been shown.",
        ),
        tables=(decision_table(findings),),
        drawings=_drawn(given, "decision"),
    )
    yield Section(
        "threshold",
        f"The published threshold {model.threshold:g}",
        ("It was not chosen on these patients, so that nothing here is optimistic by choice.",),
        tables=(threshold_table(findings, model),),
        drawings=_drawn(given, "threshold"),
    )
    yield Section(
        "residuals",
        "Residuals",
        ("Where predictions are true, Cox–Snell residuals have a hazard of 1 and Schoenfeld residuals no trend.",),
        tables=(residual_table(findings),),
        drawings=_drawn(given, "residuals"),
    )


def _limits(given: Validation) -> Section:
    return Section(
        "limits",
        "Limits",
        points=(*limits(given.findings, given.model), *given.left_out),
        notes=(
            (
                "Vergouwe Y, et al. J Clin Epidemiol 2005;58:475-483, doi:10.1016/j.jclinepi.2004.06.017. Collins GS, Ogundimu EO, Altman DG. Stat Med "
                "2016;35:214-226, doi:10.1002/sim.6787. The order is that of TRIPOD (Collins GS, et al. Ann Intern Med 2015;162:55-63, doi:10.7326/M14-0697)."
            ),
        ),
    )


def _drawn(given: Validation, key: str) -> tuple[Drawing, ...]:
    """Return the figures of a part, both populations of each beside each other."""
    return tuple(one for start in _FIGURES[key] for one in given.drawings if one.name.startswith(start))


def _advice(given: Validation) -> str:
    found = advice(given.findings[0].risk)
    return f"{found.kind.value} {found.more}".strip()


def _landmark_words(given: Validation) -> str:
    start, end = given.model.window_day
    if len(given.findings) < 2:
        return f"The exposure is that of days {start:g} to {end:g}."
    return (
        f"The exposure is that of days {start:g} to {end:g}, which only those at risk after day {end:g} have lived through; all subjects and those at "
        "the landmark therefore stand side by side, with the risk from the landmark on for the latter."
    )


def _of_population(one: PopulationFinding, *, n_draws: int, seed: int) -> Iterator[Drawing | str]:
    who = one.population
    yield from risk_figures(
        one.risk,
        who.times,
        who.predicted,
        cut=who.cut,
        population=(who.key, who.words),
        n_draws=n_draws,
        seed=seed,
    )
    for rule in one.threshold.given:
        yield rule_figure(
            one.threshold,
            rule,
            who.times,
            who.log_auc_cl,
            horizon_day=one.risk.horizon_day,
            name=f"kaplan-meier-threshold-{who.key}",
            population=who.words,
        )
