"""Patients of the dense-grid oracle, and the same as the engine takes them."""

from __future__ import annotations

import numpy as np

from pkpd.data.cohort import cohort_of
from pkpd.data.planned_doses import PlannedDoses, add_planned_doses
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from tests.oracles.joint_grid import Patient, Truth
from tte.data.events import EventKind, Events, landmark
from tte.estimation.model import event_time_model
from tte.joint.data import JointData, joint_data

_KINDS = {"censored": EventKind.CENSORED, "event": EventKind.EVENT, "interval": EventKind.INTERVAL}
_NAN = float("nan")
TWO_HOURS = 2.0 / 24.0


def infusions(*days: float, mg: float = 400.0) -> tuple[tuple[float, float, float], ...]:
    return tuple((day, mg, TWO_HOURS) for day in days)


PATIENTS = {
    "event, quantified level": Patient(infusions(0, 4, 14), ((13.0, "level", 3.0),), ((0, 40.0, 40.0, "event", 0.0),)),
    "right-censored, above": Patient(
        infusions(0, 7, mg=600.0), ((9.0, "above", 20.0),), ((0, 90.0, 90.0, "censored", 1.0),), weight=80.0, crp=100.0
    ),
    "event, below and above": Patient(
        infusions(0, 14),
        ((2.0, "above", 20.0), (13.9, "below", 0.4), (30.0, "below", 0.4)),
        ((0, 20.0, 20.0, "event", 0.0),),
        crp=80.0,
    ),
    "interval-censored": Patient(
        infusions(0, 14), ((20.0, "level", 8.0),), ((0, 30.0, 60.0, "interval", -1.0),), weight=50.0
    ),
    "any time before": Patient(infusions(0, 14), ((20.0, "level", 1.0),), ((0, 0.0, 45.0, "interval", 0.0),)),
    "delayed entry": Patient(
        infusions(0, 7, 21), ((6.9, "level", 12.0), (20.5, "level", 2.0)), ((28.0, 60.0, 60.0, "event", 0.5),)
    ),
    "rows of a counting process": Patient(
        infusions(0, 14),
        ((10.0, "level", 5.0),),
        ((0.0, 10.0, 10.0, "censored", 0.0), (10.0, 35.0, 35.0, "censored", 2.0), (40.0, 70.0, 70.0, "event", -1.0)),
    ),
    "event before the window, planned dose": Patient(
        infusions(0, 4), ((9.0, "level", 4.0),), ((0, 10.0, 10.0, "event", 0.0),), planned=infusions(14)
    ),
    "no level": Patient(infusions(0, 14), (), ((0, 90.0, 90.0, "censored", 0.0),), crp=10.0),
    "no event time": Patient(infusions(0, 14), ((12.0, "level", 6.0), (40.0, "below", 0.4))),
    "early event against a high level": Patient(
        infusions(0, 3, 14, mg=700.0), ((13.5, "level", 60.0),), ((0, 3.0, 3.0, "event", 2.0),)
    ),
}


def _sample(level: tuple[float, str, float]) -> Sample:
    day, kind, value = level
    if kind == "level":
        return Sample(day, value, Censoring.NONE, _NAN, _NAN)
    return (
        Sample(day, _NAN, Censoring.BELOW, value, _NAN)
        if kind == "below"
        else Sample(day, _NAN, Censoring.ABOVE, _NAN, value)
    )


def cohort_from(patients: dict[str, Patient]):
    """Return the cohort with the given doses, and that with the planned ones."""
    subjects = [
        Subject(
            tuple(Dose(*dose) for dose in one.doses),
            tuple(_sample(level) for level in one.levels),
            (CovariateRow(0.0, {"weight_kg": one.weight, "crp_mg_per_L": one.crp}),),
        )
        for one in patients.values()
    ]
    given = cohort_of(subjects, tuple(patients))
    rows = [(name, *dose) for name, one in patients.items() for dose in one.planned]
    planned = PlannedDoses(
        tuple(name for name, *_ in rows), *(np.array([row[k] for row in rows], dtype=float) for k in (1, 2, 3))
    )
    return given, add_planned_doses(given, planned, np.full(len(subjects), -np.inf)).cohort


def events_from(patients: dict[str, Patient]) -> Events:
    with_rows = {name: one for name, one in patients.items() if one.rows}
    rows = [(i, *row) for i, one in enumerate(with_rows.values()) for row in one.rows]
    start, stop, upper, z = (np.array([row[k] for row in rows], dtype=float) for k in (1, 2, 3, 5))
    kind = np.array([int(_KINDS[row[4]]) for row in rows])
    subject = np.array([row[0] for row in rows])
    return Events(tuple(with_rows), subject, start, stop, upper, kind, {"Z": z})


def data_from(
    patients: dict[str, Patient], truth: Truth, *, landmark_day: float | None = None, **held: float
) -> JointData:
    """Return what the engine takes; of those at a landmark, the others keeping their levels alone, where one is given."""
    events = events_from(patients)
    if landmark_day is not None:
        events = landmark(events, landmark_day).events
    given, planned = cohort_from(patients)
    model = event_time_model(
        "weibull", ["LOG_AUC_CL", "Z"], references={"LOG_AUC_CL": truth.reference}, fixed=held or None
    )
    population = bind_population(load_model("niyigena_2026_asuc"), given)
    return joint_data(population, planned, truth.window, events=events, model=model)


def values_from(truth: Truth) -> np.ndarray:
    """Return the pharmacokinetic parameters in the order of the population's: CL, its effects of weight and CRP, V, that of weight, …"""
    return np.array([truth.cl, 0.75, truth.cl_crp, truth.v, 1.0, truth.omega2_cl, truth.omega2_v, truth.sigma])


def theta_from(truth: Truth) -> np.ndarray:
    return np.array([truth.log_lambda, truth.log_gamma, truth.beta, truth.by_z])
