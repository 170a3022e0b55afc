"""What the regimen search needs from the engine, so that neither knows the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dosing_app.decision.case_schema import CaseDose
from pkpd.arrays import FloatArray, IntArray


class RiskSummary(Protocol):
    """Risk of colectomy by day 90 of one regimen over the posterior, the event model held at its estimate."""

    @property
    def mean(self) -> float:
        """Mean risk."""
        ...

    @property
    def q05(self) -> float:
        """Risk at the lower end of its 90 % interval."""
        ...

    @property
    def q95(self) -> float:
        """Risk at the upper end of its 90 % interval."""
        ...

    @property
    def plug_in(self) -> float:
        """Risk at the maximum a posteriori estimate."""
        ...

    @property
    def log_auc_cl(self) -> float:
        """Median of ln(AUC/CL); minus infinity without drug in the window."""
        ...


class RegimenScorer(Protocol):
    """Exposure of regimens of one patient; given and kept doses are part of every regimen."""

    @property
    def best_index(self) -> int | None:
        """Index of an infusion that gives at least as much as any of the times at every point, for bounds only."""
        ...

    def probability(self, time_index: IntArray, amounts: FloatArray, log_auc_cl: float) -> FloatArray:
        """Return P(ln(AUC/CL) >= log_auc_cl) over the posterior.

        Parameters
        ----------
        time_index : (n, k) array
            Indices into the times of the scorer, -1 for no infusion.
        amounts : (n, k) array
            Amounts [mg].
        log_auc_cl : float
            Least ln(AUC/CL), AUC over days 14 to 28.

        Returns
        -------
        (n,) array
            Probabilities; none falls when an amount rises.
        """
        ...

    def plug_in(self, time_index: IntArray, amounts: FloatArray) -> FloatArray:
        """Return ln(AUC/CL) of each regimen at the maximum a posteriori estimate; -inf without drug in the window."""
        ...

    def summary(self, time_index: IntArray, amounts: FloatArray) -> RiskSummary:
        """Return the risk of one regimen, (k,) indices and (k,) amounts [mg]."""
        ...


# Given and kept doses, times [day] and durations [h] of the infusions that regimens are made of.
ScorerFactory = Callable[[tuple[CaseDose, ...], FloatArray, FloatArray], RegimenScorer]


@dataclass(frozen=True, slots=True)
class ExposureTargets:
    """What ln(AUC/CL) means.

    Parameters
    ----------
    log_auc_cl_for_target : float
        From here on the risk by day 90 is at most the target of the case, the event model at its estimate.
    log_auc_cl_threshold : float
        From here on the risk counts as low (5.79).
    risk : callable
        Risk by day 90 at a value of ln(AUC/CL), the event model at its estimate.
    """

    log_auc_cl_for_target: float
    log_auc_cl_threshold: float
    risk: Callable[[float], float]
