"""The risk in words: the interval first, the middle small, frequencies, the chance, and the study behind it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.study_facts import EARLY_EVENTS, VALIDATED_ON, counted_fact, study_fact
from dosing_app.findings.case_words import model_name
from dosing_app.findings.numbers import interval, one_percent, percent, shown, target_percent
from dosing_app.language import say
from tte import DEFAULT_EVENT_MODEL, load_event_model

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import RiskForecast
    from dosing_app.decision.view import View
    from tte import EventModel

_OUTSIDE = frozenset(
    {"covariate_outside", "covariate_floored", "crp_below_limit", "dose_outside_study", "unlike_study"}
)
# What stands beside the headline, and the codes of the warnings that call for it.
_CAVEATS = {"risk.contradictory": frozenset({"samples_contradict"}), "risk.outside_study": _OUTSIDE}


@dataclass(frozen=True, slots=True)
class RiskWords:
    """What is said of the risk.

    Parameters
    ----------
    interval, middle, from_now, outside : str
        The headline, the last saying that samples contradict each other or that the case lies outside the study; empty
        where it is not to be read at a glance.
    sentences, answers : tuple of str
        What stands below it, and what stands below that in bold.
    """

    interval: str
    middle: str
    from_now: str
    outside: str
    sentences: tuple[str, ...]
    answers: tuple[str, ...]


def shown_risk(view: View) -> RiskForecast | None:
    """Return the risk; None where the event model gives none, or no parameters explain the samples."""
    return view.forecast.risk if view.has_mass else None


def risk_words(view: View) -> RiskWords:
    """Return headline and sentences."""
    risk = shown_risk(view)
    if not view.has_mass:
        return RiskWords("", "", "", "", (), (say("risk.no_mass"),))
    if risk is None:
        return RiskWords("", "", "", "", (say("risk.not_calibrated", model=model_name(view.forecast.model.id)),), ())
    codes = {warning.code for warning in view.warnings}
    if "very_unlike_study" in codes:
        # The interval stands in the table only: nobody should read it at a glance.
        return RiskWords("", "", "", "", (say("risk.unlike_study_why"),), (say("risk.unlike_study"),))
    total = risk.total.day90.quantiles
    frequency = "risk.frequency" if view.forecast.case.planned else "risk.frequency_no_plan"
    return RiskWords(
        interval=interval(total),
        middle=say("risk.interval_of", middle=one_percent(total[2])),
        from_now=_from_now(view, risk),
        outside=", ".join(say(key) for key, named in _CAVEATS.items() if codes & named),
        sentences=(*_basis(view), say(frequency, low=percent(total[0]), high=percent(total[-1]))),
        answers=_chance(risk, view.forecast.case, has_sample=bool(view.forecast.samples)),
    )


def plan_words(case: PatientCase) -> str:
    """Return with which plan a risk is given."""
    return say("risk.with_plan" if case.planned else "risk.without_plan")


def _basis(view: View) -> tuple[str, ...]:
    """Return what an answer without a sample in use rests on; nothing with one."""
    if view.forecast.samples:
        return ()
    imputed = view.forecast.covariates.imputed
    if not imputed:
        return (say("risk.no_sample"),)
    return (say("risk.no_sample_assumed", names=", ".join(say(f"field.{name}") for name in imputed)),)


def study_facts(model: EventModel) -> str:
    """Return what the study behind the risk was, with what it does not show; an event model that is not shipped is named."""
    if is_shipped(model):
        return _study(model)
    return f"{_named(model)} {_study(model)}"


def validation_words(model: EventModel) -> str:
    """Return whether other patients confirmed the risk, as far as the model's file says, and what trials have shown."""
    fact = study_fact(model, VALIDATED_ON)
    if fact is None or not fact.value > 0.0:
        return say("risk.not_validated")
    return say("risk.validated", patients=f"{fact.value:.0f}")


def early_events_words(model: EventModel) -> str | None:
    """Return that early colectomies were left out of the evaluation; None where the model's file does not report any."""
    return None if counted_fact(model, EARLY_EVENTS) is None else say("twin.early_colectomies")


def _named(model: EventModel) -> str:
    """Return what a model of the user's own is called, and what it was recalibrated from."""
    origin = model.provenance
    if origin is None:
        return say("risk.own_model", name=model_name(model.id), version=model.version)
    return say(
        "risk.recalibrated_model",
        name=model_name(model.id),
        version=model.version,
        method=say(f"risk.method_{origin.method}"),
        old=model_name(origin.event_model),
        old_version=origin.event_model_version,
    )


def is_shipped(model: EventModel) -> bool:
    """Return whether a risk model is the shipped one, to the letter: a file of one's own may have kept its id."""
    return model.id == DEFAULT_EVENT_MODEL and model.sha256 == load_event_model().sha256


def _study(model: EventModel) -> str:
    high, low, total = (
        counted_fact(model, name) for name in ("high_risk_colectomies", "low_risk_colectomies", "colectomies")
    )
    if total is None:
        return say("risk.study_unknown")
    if high is not None and low is not None:
        return say(
            "risk.study",
            high=f"{high.value:.0f}",
            of_high=f"{high.out_of:.0f}",
            low=f"{low.value:.0f}",
            of_low=f"{low.out_of:.0f}",
            patients=f"{total.out_of:.0f}",
            colectomies=f"{total.value:.0f}",
        )
    return say("risk.study_total", patients=f"{total.out_of:.0f}", colectomies=f"{total.value:.0f}")


def _chance(risk: RiskForecast, case: PatientCase, *, has_sample: bool) -> tuple[str, ...]:
    """Return what the chance of reaching the target means; by the patient's parameters only, as in the search."""
    target, chance = target_percent(case.target.risk_day90), risk.probability_target
    if chance < 0.5:
        words = say("risk.higher", chance=percent(1.0 - chance), target=target)
    else:
        highest = percent(risk.total.day90.quantiles[-1])
        words = say("risk.lower", chance=percent(chance), target=target, highest=highest)
    if not 0.4 <= chance <= 0.6:
        return (words,)
    return (words, say("risk.undecided" if has_sample else "risk.undecided_no_sample"))


def _from_now(view: View, risk: RiskForecast) -> str:
    case = view.forecast.case
    if case.now_day >= view.forecast.event_model.horizon_day:
        return say("risk.day_90_passed")
    return say("risk.from_now", day=shown(round(case.now_day, 1)), interval=interval(risk.total.from_now.quantiles))
