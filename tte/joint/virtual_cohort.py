"""Virtual patients with concentrations and event times: the event depends on the true exposure, and ends doses and samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.planned_doses import PlannedDoses, doses_left_out
from pkpd.exposure.at_nodes import log_exposure_at_modes, window_exposure
from pkpd.simulation.virtual_cohort import draw_patients, observed
from tte.data.events import events_of
from tte.model.simulate import FollowUp, draw_event_times

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec
    from pkpd.simulation.virtual_cohort import Design
    from tte.data.events import Events
    from tte.model.event_model import EventModel


@dataclass(frozen=True, slots=True)
class VirtualStudy:
    """A virtual cohort with outcomes.

    Parameters
    ----------
    cohort : Cohort
        Doses, levels and covariates until the event or the last sight.
    regimens : Cohort
        The same with the doses that were planned, those after an event included.
    events : Events
        Event times.
    log_auc_cl : (n_subjects,) array
        True exposures under the planned doses.
    """

    cohort: Cohort
    regimens: Cohort
    events: Events
    log_auc_cl: FloatArray

    @property
    def left_out(self) -> PlannedDoses:
        """Return the doses that were planned for after an event."""
        return doses_left_out(self.cohort, self.regimens)


def virtual_study(
    model: ModelSpec,
    event_model: EventModel,
    design: Design,
    rng: np.random.Generator,
    *,
    follow_up: FollowUp | None = None,
) -> VirtualStudy:
    """Draw a cohort with event times.

    Parameters
    ----------
    model, event_model : ModelSpec and EventModel
        The truth.
    design : Design
        How many patients, and how much is missing.
    rng : Generator
        Source of randomness.
    follow_up : FollowUp, optional
        How patients are watched; as in the published cohort where left out.

    Raises
    ------
    InputError
        As ``virtual_cohort``.
    """
    patients = draw_patients(model, design, rng)
    exposure = window_exposure(model, patients.cohort, event_model.window_day)
    values = np.array([one.value for one in exposure.population.parameters])
    factor = exposure.population.packed.omega_cholesky
    eta = np.einsum("nij,nj->ni", factor, patients.effects.white[:, 0])
    log_area, log_clearance = log_exposure_at_modes(exposure, values, eta)
    log_auc_cl = log_area - log_clearance
    day, has_event = draw_event_times(event_model, log_auc_cl, follow_up or FollowUp(), rng)
    cohort, regimens = observed(model, patients, design, rng, until_day=np.where(has_event, day, np.inf))
    return VirtualStudy(cohort, regimens, events_of(day, has_event, ids=cohort.ids), log_auc_cl)
