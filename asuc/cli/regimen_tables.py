"""The answer of the regimen search as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import write_output
from asuc.cli.remarks import RESEARCH_USE, limited
from asuc.cli.wording import added_drug, chances, chances_of_100, percent, percent_interval, typed_percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.optimize_result import Kind, ListedRegimen, OptimizeResult

_KINDS: Mapping[Kind, str] = {
    "best": "best",
    "nearest": "nearest",
    "reference": "the plan",
    "label": "label",
    "fixed_interval": "every 7 days",
    "fixed_dose": "label amount each time",
}


def print_regimens(result: OptimizeResult, case: PatientCase) -> None:
    """Print the ranked regimens, whether any reaches the target, and the warnings."""
    write_output(laid_out(_regimens(result, case)))


def _regimens(result: OptimizeResult, case: PatientCase) -> Iterator[Sheet | str]:
    is_plug_in = case.target.criterion == "plug_in"
    yield f"Target: {_target(case)}. {_verdict(result)} Regimens searched: {result.candidates_total:,}."
    yield Sheet(
        "Regimens, best first",
        (
            "infusions from now on",
            "drug",
            "added",
            "chance",
            "risk, 90 %",
            *(("at the mode",) if is_plug_in else ()),
            "why",
        ),
        tuple(_regimen(regimen, is_plug_in=is_plug_in) for regimen in result.regimens),
        wraps=6 if is_plug_in else 5,
    )
    yield (
        f"Chance: that the risk of colectomy by day 90 is {typed_percent(case.target.risk_day90)} or less. "
        "Risk: its 90 % interval from this patient's levels alone. Drug: before day 28."
    )
    for relaxation in result.relaxations:
        risk = relaxation.risk_day90
        yield (
            f"With {relaxation.change}: {_infusions(relaxation.doses)}; {chances(relaxation.probability_target)}, "
            f"risk {percent_interval(risk.q05, risk.q95)}; "
            f"{'reaches' if relaxation.is_reached else 'does not reach'} the target."
        )
    yield from limited(result.warnings, ["Check"] * len(result.warnings))
    yield RESEARCH_USE


def _target(case: PatientCase) -> str:
    risk = f"a risk of {typed_percent(case.target.risk_day90)} or less"
    if case.target.criterion == "plug_in":
        return f"{risk} at the mode"
    return f"{risk} with {typed_percent(case.target.confidence)} confidence"


def _verdict(result: OptimizeResult) -> str:
    return "Reached." if result.reachable else f"Not reachable within these limits (limiting: {result.limiting})."


def _regimen(regimen: ListedRegimen, *, is_plug_in: bool) -> tuple[str, ...]:
    risk = regimen.risk_day90
    return (
        f"{regimen.rank}. {_infusions(regimen.doses)}",
        f"{regimen.total_mg:g} mg",
        added_drug(regimen.added_mg),
        chances_of_100(regimen.probability_target),
        percent_interval(risk.q05, risk.q95),
        *((percent(risk.plug_in),) if is_plug_in else ()),
        f"{', '.join(_KINDS[kind] for kind in regimen.kind)}: {regimen.why}" if regimen.kind else regimen.why,
    )


def _infusions(doses: Sequence[CaseDose]) -> str:
    return " + ".join(f"{dose.amount_mg:g} mg d{dose.time_day:g}" for dose in doses) or "none"
