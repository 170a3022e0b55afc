"""What the regimen search answers, and its form in JSON (`asuc-optimize/1`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose
    from dosing_app.language import Message

Kind = Literal["best", "nearest", "reference", "label", "fixed_interval", "fixed_dose"]
ReferenceSource = Literal["planned", "label", "none"]
LimitName = Literal["mg_per_kg_max", "gap_day_min", "doses_max_28_day", "days", "heart_failure"]
NO_LIMIT = "none"
DAY_28_PASSED = "day 28 has passed"


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """Risk of colectomy by day 90 of one regimen, the event model held at its estimate.

    Parameters
    ----------
    plug_in : float
        At the maximum a posteriori estimate.
    mean, q05, q95 : float
        Over the posterior of the patient's parameters.
    """

    plug_in: float
    mean: float
    q05: float
    q95: float


@dataclass(frozen=True, slots=True)
class ListedRegimen:
    """One regimen of the answer.

    Parameters
    ----------
    doses : tuple of CaseDose
        Infusions from now on, the kept ones from day 28 on included.
    kind : tuple of str
        Why it is listed; empty for a further regimen of the ranking.
    rank : int
        Place in the list, from 1.
    reason : Message
        Why it is listed, in one sentence.
    is_reached : bool
        Whether it reaches the target.
    is_candidate : bool
        Whether it keeps every limit and gives at least the reference plan's drug at every time.
    breaks : tuple of str
        Limits that it breaks.
    total_mg, vials : float, int
        Drug and vials of the infusions before day 28.
    added_mg : float
        Total minus the reference plan's [mg].
    total_28_day_mg : float
        Most drug in any 28 days, given doses included [mg].
    mg_per_kg_max : float
        Largest infusion [mg/kg]; 0 without any.
    log_auc_cl, log_auc_cl_q50 : float or None
        ln(AUC/CL) at the maximum a posteriori estimate, and its median; None without drug in the window.
    risk_day90 : RiskFigures
        Risk by day 90.
    probability_low_risk, probability_target : float
        Chance that ln(AUC/CL) is at least 5.79, and that the risk is at most the target.
    """

    doses: tuple[CaseDose, ...]
    kind: tuple[Kind, ...]
    rank: int
    reason: Message
    is_reached: bool
    is_candidate: bool
    breaks: tuple[LimitName, ...]
    total_mg: float
    vials: int
    added_mg: float
    total_28_day_mg: float
    mg_per_kg_max: float
    log_auc_cl: float | None
    log_auc_cl_q50: float | None
    risk_day90: RiskFigures
    probability_low_risk: float
    probability_target: float

    @property
    def why(self) -> str:
        """The reason in English, as in files."""
        return str(self.reason)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What one limit, relaxed by one step, would give.

    Parameters
    ----------
    limit : str
        The limit.
    step : Message
        The step in words.
    doses : tuple of CaseDose
        The nearest regimen then.
    risk_day90 : RiskFigures
        Its risk.
    probability_target : float
        Its chance to reach the target.
    is_reached : bool
        Whether it reaches the target.
    """

    limit: LimitName
    step: Message
    doses: tuple[CaseDose, ...]
    risk_day90: RiskFigures
    probability_target: float
    is_reached: bool

    @property
    def change(self) -> str:
        """The step in English, as in files."""
        return str(self.step)


@dataclass(frozen=True, slots=True)
class OptimizeWarning:
    """Something that the reader of the answer has to know: a fixed code and a sentence or two."""

    code: str
    message: Message

    @property
    def text(self) -> str:
        """The message in English, as in files."""
        return str(self.message)


@dataclass(frozen=True, slots=True)
class OptimizeResult:
    """The answer of the regimen search.

    Parameters
    ----------
    candidates_evaluated : int
        Regimens whose chance was computed.
    candidates_total : int
        Regimens on the grid.
    is_total_exact : bool
        Whether it is counted exactly; else those that give less than the plan are counted too.
    candidates_reaching : int or None
        Those that reach the target; None where the grid is too large to look at every one.
    is_complete : bool
        Whether the optimum is certain.
    reachable : bool
        Whether the reference plan or a candidate reaches the target.
    limiting : str
        The limit whose relaxation by one step helps most; "none" where the target is reached or no relaxation helps.
    relaxations : tuple of Relaxation
        What each relaxed limit would give; empty where the target is reached.
    reference : ListedRegimen
        The reference plan (also among the regimens).
    reference_is : {"planned", "label", "none"}
        What the reference plan is: the planned infusions, the label regimen, or no infusion at all.
    regimens : tuple of ListedRegimen
        In order of rank, never empty.
    warnings : tuple of OptimizeWarning
        In words.
    """

    candidates_evaluated: int
    candidates_total: int
    is_total_exact: bool
    candidates_reaching: int | None
    is_complete: bool
    reachable: bool
    limiting: str
    relaxations: tuple[Relaxation, ...]
    reference: ListedRegimen
    reference_is: ReferenceSource
    regimens: tuple[ListedRegimen, ...]
    warnings: tuple[OptimizeWarning, ...]


def result_json(result: OptimizeResult) -> dict[str, object]:
    """Return the answer as plain dictionaries and lists, without NaN or infinity (null instead)."""
    return {
        "schema": "asuc-optimize/1",
        "candidates_evaluated": result.candidates_evaluated,
        "candidates_total": result.candidates_total,
        "candidates_total_exact": result.is_total_exact,
        "candidates_reaching": result.candidates_reaching,
        "complete": result.is_complete,
        "reachable": result.reachable,
        "limiting": result.limiting,
        "relaxations": [_relaxation_json(relaxation) for relaxation in result.relaxations],
        "reference": _regimen_json(result.reference),
        "reference_is": result.reference_is,
        "regimens": [_regimen_json(regimen) for regimen in result.regimens],
        "warnings": [{"code": warning.code, "text": warning.text} for warning in result.warnings],
    }


def _regimen_json(regimen: ListedRegimen) -> dict[str, object]:
    return {
        "doses": _doses_json(regimen.doses),
        "kind": list(regimen.kind),
        "rank": regimen.rank,
        "why": regimen.why,
        "reached": regimen.is_reached,
        "candidate": regimen.is_candidate,
        "breaks": list(regimen.breaks),
        "total_mg": regimen.total_mg,
        "vials": regimen.vials,
        "added_mg": regimen.added_mg,
        "total_28_day_mg": regimen.total_28_day_mg,
        "mg_per_kg_max": regimen.mg_per_kg_max,
        "log_auc_cl": _finite(regimen.log_auc_cl),
        "log_auc_cl_q50": _finite(regimen.log_auc_cl_q50),
        "risk_day90": _risk_json(regimen.risk_day90),
        "probability_low_risk": _finite(regimen.probability_low_risk),
        "probability_target": _finite(regimen.probability_target),
    }


def _relaxation_json(relaxation: Relaxation) -> dict[str, object]:
    return {
        "limit": relaxation.limit,
        "change": relaxation.change,
        "doses": _doses_json(relaxation.doses),
        "risk_day90": _risk_json(relaxation.risk_day90),
        "probability_target": _finite(relaxation.probability_target),
        "reached": relaxation.is_reached,
    }


def _doses_json(doses: tuple[CaseDose, ...]) -> list[dict[str, float]]:
    return [
        {"time_day": dose.time_day, "amount_mg": dose.amount_mg, "duration_hour": dose.duration_hour} for dose in doses
    ]


def _risk_json(risk: RiskFigures) -> dict[str, float | None]:
    return {name: _finite(getattr(risk, name)) for name in ("plug_in", "mean", "q05", "q95")}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
