"""What a validation finds of predicted risks, in all subjects and in those at risk after a landmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.wording import counted
from tte.evaluation.risk_comparison import Comparator, RiskComparison, compare_risk
from tte.evaluation.risk_evaluation import FEWEST_EVENTS, PredictedRisk, RiskEvaluation, evaluate_risk
from tte.evaluation.threshold import MarkerFinding, evaluate_marker
from tte.model.predict import averaged_hazard, risk_day90, risk_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asuc.validation.subjects import Followed
    from pkpd.arrays import BoolArray, FloatArray
    from tte import EventModel
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.roc import Direction

LOG_AUC_CL = "ln(AUC/CL)"
_SHARE_OF_RISK, _SHARE_OF_THRESHOLD = 0.75, 0.1


@dataclass(frozen=True, slots=True)
class MarkerGiven:
    """A marker of others, or a column of the event times: its name, words, which values mean the event, and threshold where there is one."""

    name: str
    words: str
    direction: Direction
    threshold: float | None


@dataclass(frozen=True, slots=True)
class ValidatedPopulation:
    """Subjects that are evaluated together.

    Parameters
    ----------
    key, words : str
        What they are called in documents and file names, and in words.
    kept : (n_all,) array
        Which of the followed subjects they are.
    times : EventTimes
        Of the n kept, ending at the horizon.
    predicted : PredictedRisk
        By the event model with the exposure from levels.
    log_auc_cl : (n,) array
        Exposure as a single number.
    cut : float
        Predicted risk at the model's threshold of exposure.
    comparators : tuple of Comparator
        What the risk is compared with.
    """

    key: str
    words: str
    kept: BoolArray
    times: EventTimes
    predicted: PredictedRisk
    log_auc_cl: FloatArray
    cut: float
    comparators: tuple[Comparator, ...]


@dataclass(frozen=True, slots=True)
class PopulationFinding:
    """What is found in one population.

    Parameters
    ----------
    population : ValidatedPopulation
        Of whom.
    risk : RiskEvaluation
        The predicted risk.
    threshold : MarkerFinding
        The exposure as a marker at the model's threshold, which ``given`` holds.
    comparisons : tuple of RiskComparison
        The risk beside each comparator.
    """

    population: ValidatedPopulation
    risk: RiskEvaluation
    threshold: MarkerFinding
    comparisons: tuple[RiskComparison, ...]


def populations_of(
    followed: Followed, model: EventModel, markers: Sequence[MarkerGiven], *, landmark_day: float
) -> tuple[ValidatedPopulation, ...]:
    """Return all subjects, and those at risk after the landmark where there is one and anybody is.

    Parameters
    ----------
    followed : Followed
        At least one subject.
    model : EventModel
        Event model.
    markers : sequence of MarkerGiven
        Markers, of the exposure's or of the event times' columns, that the risk is compared with.
    landmark_day : float
        Landmark; 0 for none.
    """
    times, given = followed.times, followed.exposure
    ends = np.column_stack(
        [times.entry_day, times.time_day, *(np.full(times.n, day) for day in (landmark_day, model.horizon_day))]
    )
    levels, before = (
        np.array([averaged_hazard(model, one, days) for one, days in zip(draws, ends, strict=True)])
        for draws in (given.draws, given.a_priori[:, None])
    )
    everybody = np.ones(times.n, dtype=np.bool_)
    found = [
        _population(
            ("all", f"all {counted(times.n, 'subject')}"),
            (everybody, times),
            (levels, before),
            followed,
            model,
            markers,
        )
    ]
    if landmark_day > 0.0:
        later, kept = times.from_landmark(landmark_day)
        if later.n:
            words = f"{counted(later.n, 'subject')} at risk after day {landmark_day:g}"
            found.append(_population(("landmark", words), (kept, later), (levels, before), followed, model, markers))
    return tuple(found)


def _population(
    named: tuple[str, str],
    who: tuple[BoolArray, EventTimes],
    hazards: tuple[FloatArray, FloatArray],
    followed: Followed,
    model: EventModel,
    markers: Sequence[MarkerGiven],
) -> ValidatedPopulation:
    """Return a population; the hazards' columns are those at entry, on the last day, at the landmark and at the horizon."""
    (key, words), (kept, times) = named, who
    levels, before = (one[kept] for one in hazards)
    is_landmark = key == "landmark"
    start = float(times.entry_day[0]) if is_landmark else 0.0
    with np.errstate(invalid="ignore"):  # no drug in the window before any level: infinite on both days
        ahead, ahead_before = (one[:, 3] - (one[:, 2] if is_landmark else 0.0) for one in (levels, before))
    exposure = followed.exposure
    log_auc_cl = exposure.log_auc_cl[kept]
    predicted = PredictedRisk(
        risk=-np.expm1(-ahead),
        hazard_at_entry=levels[:, 2] if is_landmark else levels[:, 0],
        hazard_at_time=levels[:, 1],
        hazard_when_free=levels[:, 1],
        log_hazard=np.log(ahead),
        covariates=log_auc_cl[:, None],
        coefficients=np.array([model.slope]),
        names=(LOG_AUC_CL,),
    )
    cut = risk_from(model, model.threshold, day=start) if is_landmark else risk_day90(model, model.threshold)
    columns = {**followed.columns, **exposure.markers}
    risk_before = np.where(np.isfinite(ahead_before), -np.expm1(-ahead_before), np.nan)
    return ValidatedPopulation(
        key,
        words,
        kept,
        times,
        predicted,
        log_auc_cl,
        float(cut),
        (
            Comparator(
                "a_priori_risk", "The same model before any level", risk_before, "higher", float(cut), is_risk=True
            ),
            *(
                Comparator(one.name, one.words, columns[one.name][kept], one.direction, one.threshold, is_risk=False)
                for one in markers
            ),
        ),
    )


def findings_of(
    populations: Sequence[ValidatedPopulation],
    model: EventModel,
    *,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> tuple[PopulationFinding, ...]:
    """Return what is found in each population.

    Parameters
    ----------
    populations : sequence of ValidatedPopulation
        All subjects first.
    model : EventModel
        Event model.
    n_draws, seed : int
        How often subjects are drawn for intervals, and from what.
    tell : callable
        Told the share that is done.
    """
    total = len(populations)

    def telling(k: int) -> Callable[[float], object]:
        return lambda share: tell((k + share) / total)

    return tuple(_found(one, model, n_draws, seed, telling(k)) for k, one in enumerate(populations))


def _found(
    who: ValidatedPopulation, model: EventModel, n_draws: int, seed: int, tell: Callable[[float], object]
) -> PopulationFinding:
    horizon = model.horizon_day
    risk = evaluate_risk(
        who.times,
        who.predicted,
        horizon_day=horizon,
        n_draws=n_draws,
        seed=seed,
        tell=lambda share: tell(_SHARE_OF_RISK * share),
    )
    counts = risk.marker.counts
    draws = n_draws if min(counts.n_events, counts.n - counts.n_events) >= FEWEST_EVENTS else 0
    threshold = evaluate_marker(
        who.times,
        who.log_auc_cl,
        name=LOG_AUC_CL,
        horizon_day=horizon,
        direction="lower",
        given=(model.threshold,),
        n_draws=draws,
        seed=seed,
        tell=lambda share: tell(_SHARE_OF_RISK + _SHARE_OF_THRESHOLD * share),
    )
    begun, n = _SHARE_OF_RISK + _SHARE_OF_THRESHOLD, len(who.comparators)

    def telling(k: int) -> Callable[[float], object]:
        return lambda share: tell(begun + (1.0 - begun) * (k + share) / n)

    comparisons = tuple(
        compare_risk(
            who.times,
            who.predicted.risk,
            one,
            cut=who.cut,
            horizon_day=horizon,
            n_draws=n_draws,
            seed=seed,
            tell=telling(k),
        )
        for k, one in enumerate(who.comparators)
    )
    return PopulationFinding(who, risk, threshold, comparisons)
