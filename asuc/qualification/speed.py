"""Performance qualification: how much faster than a plain implementation of the same formula, in the same run on the same machine.

A ratio depends little on the machine, and how busy it is; the bounds are about a quarter of what the project measures
(`make bench`, which has the absolute times).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asuc.qualification.dense_posterior import DensePosterior
from asuc.qualification.operation import SEED, drawn_cohort, drawn_events, plain_values, plain_weibull
from asuc.qualification.outcome import Outcome, Verdict
from asuc.qualification.plain_cohort import PlainCohort
from asuc.qualification.plain_patient import PlainPatient
from asuc.qualification.random_patients import random_patients
from pkpd.data.cohort import subject_of
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.map import estimate_map
from pkpd.estimation.objectives import Method
from pkpd.estimation.posterior import integrate_posterior
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.problem import bind
from tte.data.events import events_of
from tte.estimation.fit import fit as fit_event_times
from tte.estimation.model import event_time_model

if TYPE_CHECKING:
    from collections.abc import Callable

_MODEL = "niyigena_2026_asuc"
_MS = 1e3


def steps() -> tuple[tuple[str, Callable[[], list[Outcome]]], ...]:
    """Return every measurement with what it is called while it runs, in their order."""
    return (
        ("speed of modes", modes),
        ("speed of posteriors", posteriors),
        ("speed of fits", fits),
        ("speed of event times", event_times),
    )


def modes() -> list[Outcome]:
    """Time the mode of drawn patients beside SciPy's L-BFGS-B from five starts."""
    patients = random_patients(400, seed=SEED)
    problem = bind(load_model(_MODEL), patients)
    estimate_map(problem)
    ours = _best_of(5, lambda: estimate_map(problem)) / len(patients)
    plain = [PlainPatient(patient) for patient in patients[:20]]
    theirs = _best_of(1, lambda: [patient.map_by_scipy() for patient in plain]) / len(plain)
    return [_ratio("PQ-1", "Mode of one patient", ours, theirs, 20.0, "SciPy's L-BFGS-B from five starts")]


def posteriors() -> list[Outcome]:
    """Time the exact posterior of a drawn patient beside a dense grid."""
    patients = random_patients(20, seed=SEED + 1)
    problem = bind(load_model(_MODEL), patients)
    integrate_posterior(problem, 0)
    ours = _best_of(3, lambda: [integrate_posterior(problem, i) for i in range(len(patients))]) / len(patients)
    theirs = _best_of(2, lambda: DensePosterior(PlainPatient(patients[0])))
    return [
        _ratio("PQ-2", "Exact posterior of one patient", ours, theirs, 15.0, "a dense grid of a million nodes in NumPy")
    ]


def fits() -> list[Outcome]:
    """Time an exact fit of a drawn cohort with standard errors beside SciPy's search on dense grids."""
    model, cohort = drawn_cohort(72)
    population = bind_population(model, cohort)
    fit(population, FitOptions(Method.EXACT))
    ours = _best_of(2, lambda: fit(population, FitOptions(Method.EXACT)))
    plain, values = PlainCohort([subject_of(cohort, i) for i in range(cohort.n_subjects)]), plain_values(model)
    theirs = _best_of(1, lambda: plain.fit(values))
    why = "SciPy's L-BFGS-B, without standard errors, on grids of 12,321 nodes for each patient in NumPy"
    return [_ratio("PQ-3", "Exact fit of 72 patients with standard errors", ours, theirs, 1.0, why)]


def event_times() -> list[Outcome]:
    """Time a Weibull fit of 71 patients beside SciPy's search of the same likelihood."""
    day, event, x = drawn_events(71)

    def ours() -> object:
        return fit_event_times(events_of(day, event, covariates={"X": x}), event_time_model("weibull", ["X"]))

    ours()
    seconds = _best_of(20, ours)
    theirs = _best_of(3, lambda: plain_weibull(day, event, x))
    return [
        _ratio(
            "PQ-4",
            "Weibull fit of 71 patients",
            seconds,
            theirs,
            15.0,
            "SciPy's Nelder and Mead on the log likelihood in NumPy",
        )
    ]


def _ratio(code: str, title: str, ours: float, theirs: float, asked: float, plain: str) -> Outcome:
    ratio = theirs / ours
    verdict = Verdict.PASS if ratio >= asked else Verdict.FAIL
    found = f"{ratio:.0f} times ({ours * _MS:.3g} ms beside {theirs * _MS:.3g} ms)"
    return Outcome(code, title, f"≥ {asked:g} times as fast", found, verdict, f"Beside {plain}.", ("OPS-03",))


def _best_of(repeats: int, run: Callable[[], object]) -> float:
    """Return the least wall time of a few runs [s]."""
    times: list[float] = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)
