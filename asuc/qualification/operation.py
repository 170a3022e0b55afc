"""Operational qualification: results of the engine beside the same ones computed another way, on data that are drawn here.

Nothing on the other side of a comparison is the engine's: plain NumPy and SciPy, dense grids, and solvers of differential equations.
"""

from __future__ import annotations

import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import integrate, optimize

from asuc.qualification.dense_posterior import DensePosterior
from asuc.qualification.outcome import Outcome, Verdict, judged
from asuc.qualification.plain_cohort import PlainCohort
from asuc.qualification.plain_focei import focei_objective
from asuc.qualification.plain_patient import PlainPatient
from asuc.qualification.random_patients import random_patients
from dosing_app.decision.examples import example_case
from dosing_app.decision.forecast import forecast
from dosing_app.decision.patient import read_case
from nonmem_ref.comparison.engine import cohort_of_run
from nonmem_ref.translation.translate import translate
from nonmem_ref.writing.control_text import control_text
from nonmem_ref.writing.data_rows import data_rows
from pkpd.data.cohort import select_samples, subject_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Subject
from pkpd.errors import InputError
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.map import estimate_map
from pkpd.estimation.objectives import Method
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.metrics import parameter_marginals, parameter_tables
from pkpd.exposure.regimens import exposure_table, probability_at_least
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate, quantified_by_subject
from pkpd.model import load_model, model_names
from pkpd.model.parameters import terminal_half_life, typical_parameters
from pkpd.model.spec import is_oral
from pkpd.model_cohort_file import read_model_cohort
from pkpd.model_covariates import with_model_covariates
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem, predict_curve
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from pkpd.units import days_from_hours
from pkpd.wording import counted
from tte import load_event_model
from tte.data.events import events_of
from tte.estimation.fit import fit as fit_event_times
from tte.estimation.model import event_time_model
from tte.model.predict import risk_day90, risk_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

SEED = 20261127
_MODEL = "niyigena_2026_asuc"
_PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
_N_PATIENTS, _N_DENSE, _N_EVENTS = 60, 2, 150


def steps() -> tuple[tuple[str, Callable[[], list[Outcome]]], ...]:
    """Return every check with what it is called while it runs, in their order."""
    return (
        ("shipped models", shipped_models),
        ("event model", event_model),
        ("concentrations", concentrations),
        ("modes", modes),
        ("posteriors", posteriors),
        ("regimens", regimens),
        ("marginal likelihood", marginal_likelihood),
        ("FOCE with interaction", focei),
        ("event times", event_times),
        ("NONMEM export", export_and_import),
        ("reproducibility", reproducibility),
        ("refusals", refusals),
    )


def shipped_models() -> list[Outcome]:
    """Compare each shipped model's parameters for its check patients with those that its file expects."""
    found: list[Outcome] = []
    for number, name in enumerate(model_names(), start=1):
        model = load_model(name)
        worst = 0.0
        for check in model.checks:
            values = typical_parameters(model, check.covariates)
            values["half_life_terminal_day"] = terminal_half_life(values)
            worst = max(worst, *(abs(values[key] / expected - 1.0) for key, expected in check.expected.items()))
        why = f"{counted(len(model.checks), 'patient')}: {'; '.join(dict.fromkeys(check.source for check in model.checks))}."
        title = f"Check values of {name} {model.version}"
        found.append(
            judged(
                f"OQ-1.{number}", title, error=worst, tolerance=1e-4, unit="relative", why=why, requirements=("PK-03",)
            )
        )
    return found


def event_model() -> list[Outcome]:
    """Compare the shipped event model's risks with those that its file expects, and with the integral of its hazard."""
    model = load_event_model()
    of_file = max(
        abs(float(risk_from(model, check.log_auc_cl, day=check.from_day)) - check.risk) for check in model.checks
    )
    by_integral = 0.0
    for x in (4.0, 5.79, 6.5, 8.0):
        scale = np.exp(model.log_rate + model.slope * (x - model.x_ref)) * model.shape

        def hazard(day: float, scale: float = float(scale)) -> float:
            return scale * day ** (model.shape - 1.0)

        area = float(integrate.quad(hazard, 0.0, model.horizon_day, epsabs=1e-13, epsrel=1e-12)[0])
        by_integral = max(by_integral, abs(float(risk_day90(model, x)) + float(np.expm1(-area))))
    title = f"of {model.id} {model.version}"
    return [
        judged(
            "OQ-2",
            f"Check values {title}",
            error=of_file,
            tolerance=1e-3,
            unit="of a risk",
            why=f"{'; '.join(dict.fromkeys(check.source for check in model.checks))}.",
            requirements=("DOSE-01",),
        ),
        judged(
            "OQ-3",
            f"Risks {title} at four exposures",
            error=by_integral,
            tolerance=1e-9,
            unit="of a risk",
            why="1 − exp(−H) with the hazard integrated by adaptive quadrature.",
            requirements=("DOSE-01", "TTE-01"),
        ),
    ]


def concentrations() -> list[Outcome]:
    """Compare concentrations of every shipped model with a solution of its differential equations."""
    doses = tuple(
        Dose(day, amount, days_from_hours(2.0)) for day, amount in ((0.0, 400.0), (3.0, 600.0), (14.0, 350.0))
    )
    times = np.array([0.03, 0.5, 2.9, 3.05, 9.0, 14.0, 20.0, 40.0])
    worst, n = 0.0, 0
    for name in model_names():
        model = load_model(name)
        if is_oral(model.parameterization):
            continue
        covariates = dict(model.checks[0].covariates)
        problem = curve_problem(model, Subject(doses, (), (CovariateRow(0.0, covariates),)), times)
        ours = predict_curve(problem, np.zeros(problem.n_eta))
        plain = _by_solver(typical_parameters(model, covariates), doses, times)
        worst = max(worst, float(np.abs(ours / plain - 1.0).max()))
        n += 1
    why = f"{n} models, three infusions of two hours, eight times; DOP853 from event to event, tolerance 1e-12."
    title = "Concentrations of the shipped models solve their differential equations"
    return [judged("OQ-4", title, error=worst, tolerance=1e-7, unit="relative", why=why, requirements=("PK-01",))]


def _by_solver(parameters: dict[str, float], doses: tuple[Dose, ...], times: FloatArray) -> FloatArray:
    """Return the concentrations of a typical patient from the differential equations."""
    v = parameters.get("v", parameters.get("v1", np.nan))
    cl = parameters.get("cl", parameters.get("ke", np.nan) * v)
    q, v2 = parameters.get("q", 0.0), parameters.get("v2", 1.0)
    edges = sorted(
        {0.0, *times.tolist(), *(t for dose in doses for t in (dose.time_day, dose.time_day + dose.duration_day))}
    )
    state, found = np.zeros(2), {0.0: 0.0}
    for start, end in pairwise(edges):
        middle = 0.5 * (start + end)
        rate = sum(
            dose.amount_mg / dose.duration_day
            for dose in doses
            if dose.time_day < middle < dose.time_day + dose.duration_day
        )

        def slope(_: float, amount: FloatArray, rate: float = rate) -> list[float]:
            flow = q * (amount[0] / v - amount[1] / v2)
            return [rate - cl / v * amount[0] - flow, flow]

        state = integrate.solve_ivp(slope, (start, end), state, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        found[end] = float(state[0]) / v
    return np.array([found[time] for time in times.tolist()])


def modes() -> list[Outcome]:
    """Compare the modes of random patients, some of them with contradictory levels, with dense grids."""
    patients = random_patients(_N_PATIENTS, seed=SEED)
    ours = estimate_map(bind(load_model(_MODEL), patients)).objective
    grid = np.array([PlainPatient(patient).map_by_grid() for patient in patients])
    why = f"{_N_PATIENTS} drawn patients; the least objective of a grid over nine standard deviations, zoomed into its lowest places."
    title = "Modes of the posterior are the deepest, one patient at a time"
    error = float((ours - grid).max())
    return [
        judged(
            "OQ-5",
            title,
            error=max(error, 0.0),
            tolerance=1e-4,
            unit="above the grid",
            why=why,
            requirements=("IND-01",),
        )
    ]


def posteriors() -> list[Outcome]:
    """Compare quantiles of clearance, volume and half-life of the exact posterior with those of a million nodes."""
    patients = random_patients(_N_DENSE, seed=SEED + 1)
    problem, worst = bind(load_model(_MODEL), patients), 0.0
    for i, patient in enumerate(patients):
        posterior = integrate_posterior(problem, i)
        marginals = parameter_marginals(posterior, parameter_tables(posterior), _PROBABILITIES)
        dense = DensePosterior(PlainPatient(patient))
        for name in ("cl", "v", "half_life"):
            truth = dense.quantiles(name, _PROBABILITIES)
            worst = max(worst, float(np.abs(np.log(marginals[name].quantiles) - truth).max()))
    why = f"{_N_DENSE} drawn patients, five quantiles of CL, V and half-life; a dense grid of a million nodes."
    title = "Quantiles of the exact posterior"
    return [judged("OQ-6", title, error=worst, tolerance=1e-3, unit="relative", why=why, requirements=("IND-02",))]


def regimens() -> list[Outcome]:
    """Compare the probability of reaching an exposure under drawn regimens with that of a million nodes."""
    risk_model = load_event_model()
    result = forecast(example_case("fast_clearance"), risk_model)
    days, duration = np.arange(14.0, 28.0), days_from_hours(2.0)
    table = exposure_table(
        result.posterior,
        result.subject,
        fixed_doses=result.subject.doses,
        times=days,
        durations=np.full(days.size, duration),
    )
    rng, n = np.random.default_rng(SEED), 8
    chosen = np.sort(rng.integers(-1, days.size, size=(n, 3)), axis=1)
    amounts = 100.0 * rng.integers(1, 8, size=(n, 3)).astype(np.float64)
    ours = probability_at_least(table, chosen, amounts, risk_model.threshold)
    dense, worst = DensePosterior(PlainPatient(result.subject)), 0.0
    for i in range(n):
        planned = tuple(
            Dose(float(days[t]), float(amount), duration)
            for t, amount in zip(chosen[i], amounts[i], strict=True)
            if t >= 0
        )
        truth = 1.0 - dense.probability_below("ratio", risk_model.threshold, planned=planned)
        worst = max(worst, abs(float(ours[i]) - truth))
    why = f"{n} drawn regimens of the example with a fast clearance; a dense grid of a million nodes."
    title = "Probability that ln(AUC/CL) reaches the threshold"
    return [
        judged(
            "OQ-7",
            title,
            error=worst,
            tolerance=2e-3,
            unit="of a probability",
            why=why,
            requirements=("IND-02", "DOSE-01"),
        )
    ]


def drawn_cohort(n: int) -> tuple[ModelSpec, Cohort]:
    """Return the default model and a cohort that is drawn from it, without missing covariates."""
    model = load_model(_MODEL)
    drawn = virtual_cohort(model, Design(n, missing=0.0), np.random.default_rng(SEED))
    return model, with_model_covariates(drawn, model).cohort


def plain_values(model: ModelSpec) -> FloatArray:
    """Return the published values on the scale of the plain likelihood: ln CL, the effect of CRP, ln V, and logarithms of three SDs."""
    by_name = {one.name: one.value for one in bind_population(model, drawn_cohort(2)[1]).parameters}
    sds = (by_name["omega2_cl"] ** 0.5, by_name["omega2_v"] ** 0.5, by_name["sigma_proportional"])
    return np.array([np.log(by_name["cl"]), by_name["cl_crp_mg_per_L"], np.log(by_name["v"]), *np.log(sds)])


def marginal_likelihood() -> list[Outcome]:
    """Compare the exact objective of a drawn cohort, censored levels included, with dense grids."""
    model, cohort = drawn_cohort(24)
    population = bind_population(model, cohort)
    exact = fit(population, FitOptions(Method.EXACT, most_evaluations=0, with_covariance=False))
    ours = exact.ofv + float(quantified_by_subject(population).sum()) * float(np.log(2.0 * np.pi))
    plain = PlainCohort([subject_of(cohort, i) for i in range(cohort.n_subjects)]).objective(plain_values(model))
    n = int((cohort.censoring != int(Censoring.NONE)).sum())
    why = f"24 drawn patients, {counted(cohort.level.size, 'level')}, {n} of them censored; grids of 12,321 nodes for each patient."
    title = "Exact −2 log likelihood of a cohort"
    return [
        judged(
            "OQ-8",
            title,
            error=abs(ours - plain),
            tolerance=2e-3,
            unit="in all",
            why=why,
            requirements=("POP-01", "DATA-02"),
        )
    ]


def focei() -> list[Outcome]:
    """Compare the FOCE-I objective of each patient with the formula in NumPy."""
    model, cohort = drawn_cohort(24)
    cohort = select_samples(cohort, cohort.censoring == int(Censoring.NONE))
    population = bind_population(model, cohort)
    at = fit(population, FitOptions(Method.FOCEI, most_evaluations=0, with_covariance=False))
    subjects = [subject_of(cohort, i) for i in range(cohort.n_subjects)]
    plain = np.array([focei_objective(PlainPatient(subject)) if subject.samples else 0.0 for subject in subjects])
    worst = float(np.abs(at.evaluation.ofv_i - plain).max())
    why = "24 drawn patients without their censored levels; Nelder and Mead's search, derivatives by differences."
    title = "FOCE-I objective of each patient"
    return [
        judged("OQ-9", title, error=worst, tolerance=1e-5, unit="of one patient", why=why, requirements=("POP-02",))
    ]


def event_times() -> list[Outcome]:
    """Compare a Weibull fit of drawn event times with the maximum that SciPy finds."""
    time, event, x = drawn_events(_N_EVENTS)
    ours = fit_event_times(events_of(time, event, covariates={"X": x}), event_time_model("weibull", ["X"]))
    plain = plain_weibull(time, event, x)
    why = f"{_N_EVENTS} drawn patients, {counted(int(event.sum()), 'event')}; the log likelihood in NumPy, searched by Nelder and Mead."
    title = "Log likelihood of a Weibull fit with a covariate"
    error = abs(ours.log_likelihood + float(plain.fun))
    return [
        judged("OQ-10", title, error=error, tolerance=1e-6, unit="in all", why=why, requirements=("TTE-01", "TTE-02"))
    ]


def drawn_events(n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times [day], events and exposures of patients drawn from the published design."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(6.563, 1.2, n)
    log_rate = np.log(10.0**-2.95) - 0.56 * (x - 6.563)
    day = (rng.exponential(size=n) * np.exp(-log_rate)) ** (1.0 / 1.08)
    return np.minimum(day, 90.0), (day < 90.0).astype(np.float64), x


def plain_weibull(time: FloatArray, event: FloatArray, x: FloatArray) -> Any:  # noqa: ANN401 - a result of SciPy
    """Return SciPy's least −log likelihood of ln H = a + γ ln t + b (x − mean)."""
    log_time, centred = np.log(time), x - x.mean()

    def objective(values: FloatArray) -> float:
        a, log_shape, b = values
        shape = np.exp(log_shape)
        log_cumulative = a + shape * log_time + b * centred
        log_hazard = log_cumulative + log_shape - log_time
        return float(np.exp(log_cumulative).sum() - (event * log_hazard).sum())

    options: Any = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 5000, "maxfev": 5000}
    return optimize.minimize(objective, np.array([-6.0, 0.0, 0.0]), method="Nelder-Mead", options=options)


def export_and_import() -> list[Outcome]:
    """Compare the objective of each patient with that of the model and data after a round trip through NONMEM's formats."""
    model, cohort = drawn_cohort(12)
    population = bind_population(model, cohort)
    written = control_text(model, population.parameters, data="data.csv", n_occasions=1)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "run.ctl").write_text(written.text, encoding="utf-8")
        lines = [written.items, *data_rows(cohort, model, written.covariates)]
        text = "".join(",".join(map(str, line)) + "\n" for line in lines)
        (Path(folder) / "data.csv").write_text(text, encoding="utf-8")
        run = translate(Path(folder) / "run.ctl")
        back = bind_population(run.model.spec, cohort_of_run(run))
    ours, theirs = (
        evaluate(one, np.array([each.value for each in one.parameters]), Approximation.LAPLACE).ofv_i
        for one in (population, back)
    )
    error = float(np.abs(ours - theirs).max())
    why = "12 drawn patients with censored levels; control stream and data written, read again and recognized. No NONMEM runs here."
    title = "Laplace objective of each patient after export to NONMEM and import"
    return [
        judged(
            "OQ-11", title, error=error, tolerance=1e-9, unit="of one patient", why=why, requirements=("NM-03", "NM-04")
        )
    ]


def reproducibility() -> list[Outcome]:
    """Ask whether the same computation gives the same bits twice."""
    model, cohort = drawn_cohort(24)
    fits = [fit(bind_population(model, cohort), FitOptions(Method.EXACT)) for _ in range(2)]
    n = int((fits[0].values != fits[1].values).sum()) + int(fits[0].ofv != fits[1].ofv)
    verdict = Verdict.FAIL if n else Verdict.PASS
    title = "An exact fit gives the same bits twice"
    return [
        Outcome("OQ-12", title, "0 numbers differ", f"{n} numbers differ", verdict, "24 drawn patients.", ("OPS-01",))
    ]


def refusals() -> list[Outcome]:
    """Ask whether impossible input is refused in sentences that name the place."""
    case: dict[str, Any] = {
        "schema": "asuc-case/1",
        "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
        "doses": [{"time_day": 0, "amount_mg": -600, "duration_hour": 2}],
    }
    said = _refusal(lambda: read_case(json.dumps(case)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cohort.csv"
        file.write_text(
            "ID,TIME,AMT,RATE,DV,EVID,WT,CRP\n1,0,400,4800,.,1,70,30\n1,2,.,.,x5,0,70,30\n", encoding="utf-8"
        )
        reading = read_model_cohort(str(file), load_model(_MODEL))
    lines = "; ".join(map(str, reading.problems))
    return [
        _said("OQ-13", "A negative dose of a case is refused", said, ("doses", "-600"), ("DOSE-04", "BAD-01")),
        _said("OQ-14", "A level that is no number is refused", lines, ("3", "x5"), ("DATA-01", "BAD-01")),
    ]


def _refusal(run: Callable[[], object]) -> str:
    try:
        run()
    except InputError as error:
        return "; ".join(map(str, error.problems))
    return ""


def _said(code: str, title: str, sentence: str, parts: tuple[str, ...], requirements: tuple[str, ...]) -> Outcome:
    verdict = Verdict.PASS if sentence and all(part in sentence for part in parts) else Verdict.FAIL
    expected = f"a sentence with {' and '.join(parts)}"
    return Outcome(code, title, expected, sentence or "nothing was said", verdict, "", requirements)
