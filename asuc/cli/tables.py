"""Results as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.decision.sensitivity import ModelAverage
    from pkpd.arrays import FloatArray
    from pkpd.model.spec import ModelSpec

RESEARCH_USE = (
    "Research use only. Not a medical device; not for choosing the treatment of individual patients. "
    "Association, not proven benefit of a higher dose."
)
_LABELS = {
    "cl": "Clearance, L/day",
    "v": "Volume, L",
    "v1": "Central volume, L",
    "q": "Intercompartmental clearance, L/day",
    "v2": "Peripheral volume, L",
    "half_life": "Terminal half-life, days",
}


def print_forecast(forecast: Forecast, average: ModelAverage, warnings: Sequence[CaseWarning]) -> None:
    """Print parameters, exposure and risk with their 90 % intervals, other models and the checks."""
    console = Console()
    _print_risk(console, forecast)
    table = Table("", "before samples", "at the mode", "middle", "90 % interval", title="Parameters")
    for name, marginal in forecast.parameters.items():
        table.add_row(
            _LABELS[name],
            _figure(forecast.a_priori[name]),
            _figure(forecast.at_map[name]),
            _figure(float(marginal.quantiles[2])),
            _interval(marginal.quantiles),
        )
    exposure = forecast.exposure
    if exposure.auc is not None and exposure.log_auc_cl is not None:
        for label, marginal in (("AUC day 14-28, mg·d/L", exposure.auc), ("ln(AUC/CL)", exposure.log_auc_cl)):
            table.add_row(label, "", "", _figure(float(marginal.quantiles[2])), _interval(marginal.quantiles))
    console.print(table)
    _print_average(console, average)
    for warning in warnings:
        console.print(f"{'▲' if warning.level == 'check' else '○'} {warning.text}", markup=False)
    console.print(RESEARCH_USE, style="dim", markup=False)


def _print_risk(console: Console, forecast: Forecast) -> None:
    risk = forecast.risk
    if risk is None:
        console.print(f"The event model is not calibrated for {forecast.model.id}: no risk is given.", markup=False)
        return
    low, middle, high = (float(value) for value in risk.total.day90.quantiles[[0, 2, 4]])
    table = Table("Risk of colectomy by day 90, current plan", "90 % interval", "middle")
    table.add_row("levels and risk model together", f"{low:.0%} to {high:.0%}", f"{middle:.0%}")
    now = risk.total.from_now.quantiles
    table.add_row(f"the same, from day {forecast.case.now_day:g} on", f"{now[0]:.0%} to {now[4]:.0%}", f"{now[2]:.0%}")
    levels = risk.day90.quantiles
    table.add_row("from this patient's levels alone", f"{levels[0]:.0%} to {levels[4]:.0%}", f"{levels[2]:.0%}")
    console.print(table)
    console.print(
        f"{_chances(risk.probability_target)} that exposure suffices for a risk of "
        f"{forecast.case.target.risk_day90:.0%} or less (parameters only).",
        markup=False,
    )


def _print_average(console: Console, average: ModelAverage) -> None:
    table = Table("Model", "weight", "clearance, L/day", "risk it would say", title="Other models (sensitivity)")
    for view in sorted(average.views, key=lambda view: -view.weight):
        said = f"{view.risk_day90:.0%}" + ("" if view.is_calibrated else ", event model not calibrated for it")
        table.add_row(view.model.id, f"{view.weight:.2f}" if view.weight > 0 else "-", _figure(view.cl), said)
    table.add_row("average by evidence, 90 % interval", "1", _interval(average.cl_quantiles), "-")
    console.print(table)


def print_regimens(result: OptimizeResult, case: PatientCase) -> None:
    """Print the ranked regimens, whether any reaches the target, and the warnings."""
    console = Console()
    target = f"a risk of {case.target.risk_day90:.0%} or less with {case.target.confidence:.0%} confidence"
    verdict = "reached" if result.reachable else f"not reachable within these limits (limiting: {result.limiting})"
    console.print(f"{target}: {verdict}; {result.candidates_total} regimens searched.", markup=False)
    table = Table("rank", "infusions from now on", "drug, mg", "added", "chance", "risk from levels, 90 %", "why")
    for regimen in result.regimens:
        doses = " + ".join(f"{dose.amount_mg:g} mg d{dose.time_day:g}" for dose in regimen.doses)
        table.add_row(
            str(regimen.rank),
            doses or "none",
            f"{regimen.total_mg:g}",
            f"{regimen.added_mg:+g}",
            _chances(regimen.probability_target),
            f"{regimen.risk_day90.q05:.0%} to {regimen.risk_day90.q95:.0%}",
            regimen.why,
        )
    console.print(table)
    for warning in result.warnings:
        console.print(f"▲ {warning.text}", markup=False)
    console.print(RESEARCH_USE, style="dim", markup=False)


def print_models(specs: Sequence[ModelSpec]) -> None:
    """Print the list of models."""
    table = Table("Model", "Population", "In averages")
    for spec in specs:
        table.add_row(spec.id, spec.population, "yes" if spec.in_default_panel else "no")
    Console().print(table)


def print_model_card(spec: ModelSpec) -> None:
    """Print a model's card."""
    console = Console()
    console.print(f"{spec.title} ({spec.id}, version {spec.version}, {spec.sha256[:12]})", style="bold", markup=False)
    console.print(f"{spec.citation} {spec.doi}".strip(), markup=False)
    console.print(f"Population: {spec.population}", markup=False)
    table = Table("Parameter", "value", "unit", "RSE %", "note", title="Published values")
    for value in spec.parameters:
        rse = "" if value.rse_pct is None else f"{value.rse_pct:g}"
        table.add_row(value.name, f"{value.value:g}", value.unit, rse, value.note)
    console.print(table)
    domain = Table("Covariate", "assumed where missing", "informed range", "unit", title="Covariates")
    for covariate in spec.covariates.values():
        low, high = covariate.soft_range
        domain.add_row(covariate.name, f"{covariate.median:g}", f"{low:g} to {high:g}", covariate.unit)
    console.print(domain)
    for heading, lines in (("Caveats", spec.caveats), ("Decisions", spec.decisions), ("Errata", spec.errata)):
        for line in lines:
            console.print(f"{heading}: {line}", markup=False)


def _figure(value: float) -> str:
    return f"{value:.3g}"


def _interval(quantiles: FloatArray) -> str:
    return f"{_figure(float(quantiles[0]))} to {_figure(float(quantiles[4]))}"


def _chances(probability: float) -> str:
    return f"{round(100 * probability)} chances in 100"
