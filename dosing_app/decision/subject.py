"""From a patient case to the engine's subject: days instead of hours, codes instead of words, no covariate missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.patient import numeric_covariates, numeric_values
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.model.covariate import resolve_covariates
from pkpd.units import days_from_hours

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose, CaseSample, PatientCase
    from pkpd.model.spec import ModelSpec

_CENSORING = {None: Censoring.NONE, "below": Censoring.BELOW, "above": Censoring.ABOVE}


def subject_from_case(case: PatientCase, model: ModelSpec, *, with_planned: bool = False) -> Subject:
    """Return what the engine computes with.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    model : ModelSpec
        The model that is to read it; it need not be the one that the case names.
    with_planned : bool
        Whether the planned infusions follow the given ones.

    Returns
    -------
    Subject
        Infusions, the samples that are not excluded, and the covariates that the model reads, in time order.

    Raises
    ------
    InputError
        Where a covariate is impossible for this model.
    """
    doses = case.doses + (case.planned if with_planned else ())
    return Subject(
        doses=tuple(engine_dose(dose) for dose in doses),
        samples=tuple(_sample(sample) for sample in case.samples if sample.exclude is None),
        covariates=covariate_rows(case, model),
    )


def engine_dose(dose: CaseDose) -> Dose:
    """Return an infusion with its duration in days."""
    return Dose(dose.time_day, dose.amount_mg, days_from_hours(dose.duration_hour))


def covariate_rows(case: PatientCase, model: ModelSpec) -> tuple[CovariateRow, ...]:
    """Return the covariates that a model reads, at the start and at every later time at which they were measured.

    What a later row does not hold stays as it was last known; only covariates that the model declares as time-varying
    are read from later rows (another model than the case's may read fewer). A row on day 0 completes the one of the
    start. A model without time-varying covariates has one row.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    model : ModelSpec
        The model that is to read it.

    Returns
    -------
    tuple of CovariateRow
        At least the row of day 0; every row holds a value for every covariate of the model.

    Raises
    ------
    InputError
        Where a covariate is impossible for this model.
    """
    known = numeric_covariates(case)
    given = {0.0: known}
    for later in case.covariates_over_time:
        changes = {
            name: value
            for name, value in numeric_values(later).items()
            if value is not None and name in model.covariates and model.covariates[name].time_varying
        }
        if changes:
            known = known | changes
            given[later.time_day] = known
    return tuple(CovariateRow(time, resolve_covariates(model, values).values) for time, values in given.items())


def _sample(sample: CaseSample) -> Sample:
    return Sample(
        time_day=sample.time_day,
        level=_or_nan(sample.concentration_mg_per_L),
        censoring=_CENSORING[sample.censored],
        lloq=_or_nan(sample.lloq_mg_per_L),
        uloq=_or_nan(sample.uloq_mg_per_L),
        assay=sample.assay,
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
