"""Compile every kernel once, so that no command has to wait for it: `python -m asuc.warm`.

Whatever the commands and the screen compute is computed once for an example; the machine code is kept on disk.
"""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dosing_app.decision.examples import example_case
from dosing_app.decision.forecast import PROBABILITIES, forecast
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.decision.sensitivity import compare_models
from pkpd.data.censored import without_censored
from pkpd.diagnostics.individuals import individual_parameters
from pkpd.diagnostics.level_scale import far_from_predictions
from pkpd.diagnostics.npde import npde
from pkpd.diagnostics.residuals import residuals
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.estimation.saem import SaemOptions, fit_by_saem
from pkpd.exposure.cohort import ExposureOf, exposure_at
from pkpd.exposure.concentrations import concentration_bands
from pkpd.exposure.measures import Wanted
from pkpd.exposure.metrics import exposure_problem
from pkpd.kernels.exposure import log_auc_of_population
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.predict import curve_problem, predict_curve
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tte import load_event_model
from tte.data.events import events_of
from tte.estimation.fit import fit as fit_event_times
from tte.estimation.fit import fit_samples
from tte.estimation.model import event_time_model
from tte.joint.data import joint_data
from tte.joint.likelihood import settled
from tte.recalibration.posterior import event_data, posterior
from tte.recalibration.prior import prior_of


def main() -> None:
    """Run every computation once."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    steps = (
        ("forecast", lambda: forecast(_CASE, _EVENT_MODEL)),
        ("other models", lambda: compare_models(_CASE, _EVENT_MODEL)),
        ("regimen search", lambda: find_regimens(_CASE, _EVENT_MODEL)),
        ("curves and populations", _curves),
        ("population fits", _fits),
        ("exposure", _exposure),
        ("event times", _event_times),
        ("joint models", _joint),
    )
    started = time.perf_counter()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Compiling the engine", total=len(steps))
        for name, compute in steps:
            progress.update(task, description=f"Compiling the engine: {name}")
            compute()
            progress.advance(task)
    console.print(f"The engine is compiled ({time.perf_counter() - started:.0f} s).")


_CASE = example_case("typical")
_EVENT_MODEL = load_event_model()


def _curves() -> None:
    result = forecast(_CASE, _EVENT_MODEL)
    times = np.linspace(0.0, 20.0, 5)
    problem = curve_problem(result.model, result.regimen, times)
    predict_curve(problem, result.posterior.mode.eta[0])
    concentration_bands(result.posterior, problem, times, PROBABILITIES)
    exposure = exposure_problem(result.posterior.problem, result.regimen)
    log_auc_of_population(
        exposure.problem.subjects,
        np.zeros(2, dtype=np.int64),
        np.zeros((2, 2)),
        exposure.start,
        exposure.window,
        np.empty(2),
    )


def _fits() -> None:
    model = load_model("niyigena_2026_asuc")
    cohort = virtual_cohort(model, Design(6, missing=0.0), np.random.default_rng(1))
    for method in (one for one in Method if one is not Method.SAEM):
        takes_censored = method in (Method.LAPLACE, Method.EXACT)
        population = bind_population(model, cohort if takes_censored else without_censored(cohort, "half"))
        found = fit(population, FitOptions(method, most_evaluations=1))
        residuals(found)
        individual_parameters(found)
        npde(found, np.random.default_rng(1), 10)
    three = load_model("fasanmade_2011_pediatric")
    drawn = virtual_cohort(three, Design(2, missing=0.0), np.random.default_rng(1))
    fit(bind_population(three, drawn), FitOptions(Method.EXACT, most_evaluations=0))
    fit_by_saem(bind_population(model, cohort), SaemOptions(n_exploration=2, least_smoothing=2, most_iterations=4))


def _exposure() -> None:
    model = load_model("niyigena_2026_asuc")
    cohort = virtual_cohort(model, Design(2, missing=0.0), np.random.default_rng(1))
    far_from_predictions(bind_population(model, cohort))
    wanted = Wanted(trough_days=(14.0,), has_extremes=True)
    exposure_at(ExposureOf(model, cohort, cohort, wanted, has_troughs=True, n_draws=2), 0)


def _event_times() -> None:
    events = events_of([3.0, 5.0, 8.0, 9.0], [1, 0, 1, 1], covariates={"X": [0.0, 1.0, 2.0, 1.0]})
    model = event_time_model("weibull", ["X"])
    fit_event_times(events, model)
    fit_samples(events, model, np.ones((1, 4), dtype=np.int64))
    prior = prior_of(_EVENT_MODEL)
    posterior(event_data(events, "X", prior), prior)


def _joint() -> None:
    model = load_model("niyigena_2026_asuc")
    cohort = virtual_cohort(model, Design(4, missing=0.0), np.random.default_rng(1))
    events = events_of([30.0, 50.0, 80.0, 90.0], [1, 0, 1, 1], ids=cohort.ids)
    population = bind_population(model, cohort)
    hazard = event_time_model("weibull", ["LOG_CL"])
    data = joint_data(population, cohort, (0.0, 14.0), events=events, model=hazard)
    settled(data, np.array([one.value for one in population.parameters]), np.array([-5.0, 0.0, 0.0]), None)


if __name__ == "__main__":
    main()
