"""The threshold of a recalibrated model: chosen from the new patients where they have events enough, or the old one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pkpd.wording import counted
from tte.evaluation.threshold import MarkerFinding, MarkerStatus, evaluate_marker
from tte.evaluation.youden import YoudenStatus
from tte.recalibration.population import HORIZON_DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tte.evaluation.threshold import Rule
    from tte.recalibration.population import ExposedPopulation

LEAST_EVENTS = 10
"""Events, and patients without one, that a threshold is chosen from at least."""
ThresholdRule = Literal["auto", "data", "old"]


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """A threshold and where it comes from.

    Parameters
    ----------
    value : float
        Exposure below which the risk counts as high.
    is_chosen : bool
        Whether it was chosen from the new patients.
    why : str
        In a sentence.
    interval : tuple of float
        2.5 and 97.5 percentiles of the thresholds of drawn patients; empty where the old one is kept or none was drawn.
    finding : MarkerFinding or None
        What the best threshold and the old one do in these patients; None where their outcomes cannot be counted.
    from_day : float
        Whom they are counted in: those at risk after this day.
    """

    value: float
    is_chosen: bool
    why: str
    interval: tuple[float, ...]
    finding: MarkerFinding | None
    from_day: float

    @property
    def rule(self) -> Rule | None:
        """Return what the threshold does in the new patients."""
        if self.finding is None:
            return None
        if self.is_chosen:
            return self.finding.best
        return self.finding.given[0] if self.finding.given else None


def kept_threshold(old: float, why: str, *, from_day: float) -> ThresholdChoice:
    """Return the old threshold where outcomes of the new patients cannot be counted, with the sentence that says why."""
    return ThresholdChoice(
        old, is_chosen=False, why=f"{_kept(old)} {why}", interval=(), finding=None, from_day=from_day
    )


def choose_threshold(
    people: ExposedPopulation,
    covariate: str,
    *,
    old: float,
    rule: ThresholdRule,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> ThresholdChoice:
    """Choose the threshold of the largest Youden J, or keep the old one and say why.

    Parameters
    ----------
    people : ExposedPopulation
        The new patients, at risk after ``from_day``.
    covariate : str
        Name of the exposure.
    old : float
        The old threshold.
    rule : "auto", "data" or "old"
        Chosen where there are `LEAST_EVENTS` events and as many patients without; chosen wherever one is of use; kept.
    n_draws, seed : int
        How often patients are drawn for its interval, and from what.
    tell : callable
        Told the share that is done.
    """
    finding = evaluate_marker(
        people.times,
        people.log_auc_cl,
        name=covariate,
        horizon_day=HORIZON_DAY,
        direction="lower",
        given=(old,),
        n_draws=n_draws,
        seed=seed,
        tell=tell,
    )
    if why := _why_kept(finding, rule):
        why = f"{_kept(old)} {why}"
        return ThresholdChoice(old, is_chosen=False, why=why, interval=(), finding=finding, from_day=people.from_day)
    youden, drawn, counts = finding.youden, finding.drawn, finding.counts
    assert youden is not None  # noqa: S101 - _why_kept asked
    assert drawn is not None  # noqa: S101 - as well
    ends = tuple(drawn.threshold[1:])
    why = (
        f"Largest Youden J of {counted(counts.n, 'patient')} {_at_risk(people.from_day)}, {counts.n_events:,} of them with the event by day "
        f"{HORIZON_DAY:g}; 95 % of {drawn.n_draws:,} draws of patients choose one between {ends[0]:.2f} and {ends[1]:.2f}."
    )
    return ThresholdChoice(
        youden.threshold, is_chosen=True, why=why, interval=ends, finding=finding, from_day=people.from_day
    )


def _why_kept(finding: MarkerFinding, rule: ThresholdRule) -> str:
    """Return why the old threshold is kept; empty where it is not."""
    if rule == "old":
        return "That was asked for."
    if finding.status is not MarkerStatus.EVALUATED:
        return finding.status.value
    counts, drawn = finding.counts, finding.drawn
    if finding.youden is None or drawn is None or finding.youden.status is YoudenStatus.USELESS:
        return YoudenStatus.USELESS.value
    fewest = min(counts.n_events, counts.n - counts.n_events)
    if rule == "auto" and fewest < LEAST_EVENTS:
        return (
            f"{counts.n_events:,} of {counted(counts.n, 'patient')} {'has' if counts.n_events == 1 else 'have'} the event by day {HORIZON_DAY:g}; a threshold is chosen from "
            f"{LEAST_EVENTS} with it and {LEAST_EVENTS} without at least."
        )
    if rule == "auto" and not drawn.j.corrected > 0.0:
        return (
            f"What the best threshold reaches, corrected for having been chosen, is no better than calling everybody alike "
            f"(Youden J {drawn.j.corrected:.2f})."
        )
    return ""


def _kept(old: float) -> str:
    return f"The old threshold {old:g} is kept."


def _at_risk(from_day: float) -> str:
    return f"at risk after day {from_day:g}" if from_day > 0.0 else "in all"
