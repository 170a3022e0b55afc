"""What a joint model is fitted to: a population with its regimens and the same subjects' event times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.estimation.objectives import MOST_BY_QUADRATURE
from pkpd.exposure.at_nodes import log_exposure_at, log_exposure_at_modes, window_exposure
from tte.kernels.likelihood import Coefficients, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.exposure.at_nodes import WindowExposure
    from pkpd.likelihood.marginal import Nodes
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel

_MOST_NAMED = 5


class Predictor(Enum):
    """The exposure that the hazard depends on; the value is the name of its covariate."""

    LOG_AUC_CL = "LOG_AUC_CL"
    """ln of the area over the window over the clearance [mg day²/L²]."""
    LOG_AUC = "LOG_AUC"
    """ln of the area over the window [mg day/L]."""
    LOG_CL = "LOG_CL"
    """ln of the clearance [L/day]."""


PREDICTORS = tuple(one.value for one in Predictor)


@dataclass(frozen=True, slots=True)
class JointData:
    """A population, its exposure, and the event times of its subjects.

    Parameters
    ----------
    population : Population
        Pharmacokinetic model and subjects.
    exposure : WindowExposure
        Their regimens, planned doses included, and the window.
    model : EventTimeModel
        Hazard and effects, one of them that of the exposure.
    predictor : Predictor
        Which exposure.
    events : Events
        Event times; the predictor is none of their covariates.
    rows : Rows
        The same in the order of the population's subjects; the column of the exposure is 0.
    row_start : (n_subjects + 1,) array
        First row of each subject; one without event times has none and informs the pharmacokinetics alone.
    """

    population: Population
    exposure: WindowExposure
    model: EventTimeModel
    predictor: Predictor
    events: Events
    rows: Rows
    row_start: IntArray

    @property
    def exposed(self) -> int:
        """Return the column of the exposure among the covariates."""
        return self.model.covariates.index(self.predictor.value)

    @property
    def reference(self) -> float:
        """Return the exposure at which the hazard's parameters have their own values."""
        return next(one.reference for one in self.model.effects if one.covariate == self.predictor.value)

    @property
    def effect(self) -> str:
        """Return the name of the coefficient of the exposure, the first where it acts on several parameters."""
        return next(one.name for one in self.model.effects if one.covariate == self.predictor.value)

    def events_with(self, exposure: FloatArray) -> Events:
        """Return the event times with an exposure of each row, (n_rows,), as a covariate."""
        return replace(self.events, covariates={**self.events.covariates, self.predictor.value: exposure})

    @property
    def terms(self) -> Coefficients:
        """Return what the coefficients multiply."""
        return Coefficients(self.model.parameter_index, self.model.column_index, np.zeros(len(self.model.names)))

    @property
    def has_events(self) -> IntArray:
        """Return the places of the subjects with event times."""
        return np.flatnonzero(np.diff(self.row_start))


def joint_data(
    population: Population,
    regimens: Cohort,
    window: tuple[float, float],
    *,
    events: Events,
    model: EventTimeModel,
) -> JointData:
    """Bring a population and event times together.

    Parameters
    ----------
    population : Population
        Pharmacokinetic model and subjects.
    regimens : Cohort
        The same cohort with the doses that the exposure is meant of: given and planned.
    window : (float, float)
        Window of the area [day].
    events : Events
        Event times; subjects are matched by name.
    model : EventTimeModel
        Hazard and effects, one covariate of which is a ``Predictor``.

    Raises
    ------
    InputError
        With every problem: more than two random effects, subjects that the cohort does not have, no exposure among the covariates, two of
        them, covariates that are missing, and subjects without drug in the window.
    """
    faults = list(_faults(population, events, model))
    if faults:
        raise InputError(faults)
    place = {name: i for i, name in enumerate(population.cohort.ids)}
    owner = np.array([place[name] for name in events.ids], dtype=np.int64)[events.subject]
    order = np.argsort(owner, kind="stable")
    predictor = next(Predictor(name) for name in model.covariates if name in PREDICTORS)
    rows = _rows(events, model, order)
    starts = np.searchsorted(owner[order], np.arange(population.n_subjects + 1))
    exposure = window_exposure(population.model, regimens, window)
    data = JointData(population, exposure, model, predictor, events, rows, starts)
    _check_drug(data)
    return data


def given_values(data: JointData, parameters: Sequence[PopulationParameter]) -> dict[str, float]:
    """Return the values that the user chose, by parameter: those of the hazard, and those held that are not the pharmacokinetic model's own.

    Parameters
    ----------
    data : JointData
        Data and models.
    parameters : sequence of PopulationParameter
        Pharmacokinetic parameters of a fit, with the values that are held.
    """
    own = {one.name: one.value for one in data.population.parameters}
    held = {one.name: one.value for one in parameters if one.is_fixed and one.value != own[one.name]}
    return held | data.model.given


def predictor_at_nodes(data: JointData, values: FloatArray, nodes: Nodes) -> FloatArray:
    """Return the exposure at every node at some values of the pharmacokinetic parameters."""
    return _predicted(data.predictor, *log_exposure_at(data.exposure, values, nodes))


def predictor_at_modes(data: JointData, values: FloatArray, eta: FloatArray) -> FloatArray:
    """Return the exposure of every subject at its random effects, (n_subjects,)."""
    return _predicted(data.predictor, *log_exposure_at_modes(data.exposure, values, eta))


def _predicted(predictor: Predictor, log_area: FloatArray, log_clearance: FloatArray) -> FloatArray:
    match predictor:
        case Predictor.LOG_AUC_CL:
            return log_area - log_clearance
        case Predictor.LOG_AUC:
            return log_area
        case Predictor.LOG_CL:
            return log_clearance


def _rows(events: Events, model: EventTimeModel, order: IntArray) -> Rows:
    time = np.column_stack((events.start, events.stop, events.upper))[order]
    reference = {effect.covariate: effect.reference for effect in model.effects}
    design = np.zeros((events.n_rows, len(model.covariates)))
    for j, name in enumerate(model.covariates):
        if name not in PREDICTORS:
            design[:, j] = events.covariates[name][order] - reference[name]
    log_time = np.log(np.where(time > 0.0, time, 1.0))
    return Rows(model.hazard.code, time, log_time, events.kind[order], design)


def _faults(population: Population, events: Events, model: EventTimeModel) -> Iterator[Problem]:
    if not 1 <= population.n_eta <= MOST_BY_QUADRATURE:
        expected = "expected one or two for the joint model, whose integral is a quadrature"
        yield Problem(population.model.id, f"has {population.n_eta} random effects of a subject; {expected}")
    if population.model.centre_variances:
        yield Problem(
            population.model.id, "has random effects of centres; expected effects of subjects alone for the joint model"
        )
    if events.n_events == 0:
        yield Problem("event times", "hold no event; expected at least one")
    known = set(population.cohort.ids)
    strangers = [name for name in events.ids if name not in known]
    if strangers:
        more = f" and {len(strangers) - _MOST_NAMED} more" if len(strangers) > _MOST_NAMED else ""
        names = ", ".join(strangers[:_MOST_NAMED])
        yield Problem(
            "event times",
            f"hold subjects that are not in the cohort: {names}{more}; expected the same names in both files",
        )
    exposures = [name for name in model.covariates if name in PREDICTORS]
    if len(exposures) != 1:
        found = " and ".join(exposures) or "none"
        yield Problem("covariate", f"{found}; expected one exposure among {', '.join(PREDICTORS)}")
    for name in model.covariates:
        if name in PREDICTORS:
            continue
        if name not in events.covariates:
            yield Problem(
                "covariate", f"{name} is not among the event times; there are {', '.join(events.covariates) or 'none'}"
            )
        elif not np.isfinite(events.covariates[name]).all():
            row = int(np.flatnonzero(~np.isfinite(events.covariates[name]))[0])
            who = events.ids[int(events.subject[row])]
            yield Problem(
                "covariate", f"{name} is {events.covariates[name][row]:g} for subject {who}; expected finite numbers"
            )


def check_exposures(data: JointData, exposure: FloatArray, parameters: Sequence[PopulationParameter]) -> None:
    """Refuse pharmacokinetic parameters under which the exposure of a subject with event times is no number.

    Parameters
    ----------
    data : JointData
        Data and models.
    exposure : (n_subjects,) array
        The exposure of each subject at these parameters.
    parameters : sequence of PopulationParameter
        The pharmacokinetic parameters, which the user may have held.

    Raises
    ------
    InputError
        With the values that the user chose, and whose exposure is none.
    """
    without = data.has_events[~np.isfinite(exposure[data.has_events])]
    if not without.size:
        return
    names = [data.population.cohort.ids[int(i)] for i in without[:_MOST_NAMED]]
    more = f" and {without.size - _MOST_NAMED:,} more" if without.size > _MOST_NAMED else ""
    chosen = given_values(data, parameters)
    held = [f"{one.name} = {one.value:g}" for one in parameters if one.name in chosen]
    found = f"the levels of {', '.join(names)}{more} have no likelihood, and the exposure no value; expected values that explain them"
    raise InputError([Problem(", ".join(held) or data.population.model.id, found)])


def _check_drug(data: JointData) -> None:
    """Refuse subjects with event times that have no drug in the window."""
    if data.predictor is Predictor.LOG_CL:
        return
    population = data.population
    values = np.array([one.value for one in population.parameters])
    area, _ = log_exposure_at_modes(data.exposure, values, np.zeros((population.n_subjects, population.n_eta)))
    low, high = data.exposure.window.tolist()
    without = [population.cohort.ids[int(i)] for i in data.has_events[~np.isfinite(area[data.has_events])]]
    if without:
        found = f"has no drug from day {low:g} to {high:g}, expected some; give the doses planned for that time, or leave the subject out"
        raise InputError([Problem(f"subject {name}", found) for name in without])
