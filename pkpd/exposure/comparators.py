"""Two clearances that others predict colectomy from: one from baseline albumin and sex, one from the levels of the first week."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import select_samples
from pkpd.estimation.map import estimate_map
from pkpd.exposure.measures import Wanted, bound_regimens, measures_at
from pkpd.model.covariate import describe_domain, is_possible
from pkpd.model.library import load_model
from pkpd.model.parameters import log_typical_terms
from pkpd.model.spec import PARAMETER_NAMES
from pkpd.problem import bind_cohort, without_occasions
from pkpd.wording import counted

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import CovariateDomain, ModelSpec

BASELINE_MODEL = "fasanmade_2009"
"""Its clearance gives the median of 0.569 and the threshold of 0.627 L/day that Battat et al. publish."""
EARLY_DAY = 7.0
"""Day up to which levels count for the early clearance [day] (Li Wai Suen et al. 2026, doi:10.1053/j.gastro.2025.07.020)."""


@dataclass(frozen=True, slots=True)
class BaselineClearance:
    """Clearances a priori.

    Parameters
    ----------
    clearance : (n_subjects,) array
        Clearance [L/day]; NaN where albumin or sex is not known.
    notes : tuple of str
        Why some have none, in one sentence each.
    """

    clearance: FloatArray
    notes: tuple[str, ...]


def baseline_clearance(cohort: Cohort) -> BaselineClearance:
    """Return the clearance from each subject's first albumin and sex, without antibodies (``BASELINE_MODEL``).

    Parameters
    ----------
    cohort : Cohort
        As read, missing covariates being NaN: none is filled in.
    """
    model = load_model(BASELINE_MODEL)
    first, notes = dict[str, "FloatArray"](), list[str]()
    for name in ("albumin_g_per_L", "sex"):
        domain = model.covariates[name]
        values = _first_known(cohort, name, domain.column)
        if values is None:
            notes.append(f"There is no column {domain.column}, so that no subject has a clearance a priori.")
            values = np.full(cohort.n_subjects, np.nan)
        first[name], said = _possible(cohort, domain, values)
        notes += said
    n_without = int(np.isnan(first["albumin_g_per_L"] + first["sex"]).sum())
    if 0 < n_without < cohort.n_subjects:
        notes.append(
            f"{counted(n_without, 'subject')} {'has' if n_without == 1 else 'have'} no clearance a priori, since albumin or sex is not known."
        )
    others = {name: np.full(cohort.n_subjects, model.covariates[name].median) for name in model.covariates}
    covariates = others | {"ada_positive": np.zeros(cohort.n_subjects)} | first
    term = [one.parameter for one in model.terms].index(PARAMETER_NAMES[model.parameterization][0])
    return BaselineClearance(np.exp(log_typical_terms(model, covariates)[term]), tuple(notes))


def _first_known(cohort: Cohort, name: str, column: str) -> FloatArray | None:
    """Return each subject's first value of a covariate; None where the cohort has no such column."""
    values = cohort.covariates.get(name, cohort.covariates.get(column.lower()))
    if values is None:
        return None
    found = np.full(cohort.n_subjects, np.nan)
    subject = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.row_start))
    known = np.flatnonzero(~np.isnan(values))[::-1]
    found[subject[known]] = values[known]
    return found


def _possible(cohort: Cohort, domain: CovariateDomain, values: FloatArray) -> tuple[FloatArray, list[str]]:
    """Return values without those that cannot be, and a sentence on them."""
    is_wrong = np.array([not np.isnan(value) and not is_possible(domain, value) for value in values.tolist()])
    if not is_wrong.any():
        return values, []
    i = int(np.flatnonzero(is_wrong)[0])
    message = f"{domain.column} is {values[i]:g} for subject {cohort.ids[i]}; expected {describe_domain(domain)}. "
    message += f"{int(is_wrong.sum()):,} such values are not used."
    return np.where(is_wrong, np.nan, values), [message]


def early_clearance(model: ModelSpec, cohort: Cohort, day: float = EARLY_DAY) -> FloatArray:
    """Return the most probable clearance given the levels of the first days, all other parameters being typical.

    Only the random effects on the clearance (in a model with a rate constant, on that) are estimated, under their prior.

    Parameters
    ----------
    model : ModelSpec
        The population model.
    cohort : Cohort
        Every covariate of the model is there.
    day : float
        Levels until then count, censored ones too [day].

    Returns
    -------
    (n_subjects,) array
        Clearance [L/day]; NaN for subjects without a level by then, and for those whose levels no clearance explains.
    """
    alone = _with_clearance_effects_alone(without_occasions(model))
    is_early = cohort.sample_time <= day
    early = select_samples(cohort, is_early)
    modes = estimate_map(bind_cohort(alone, early))
    everyone = np.arange(cohort.n_subjects)
    found = measures_at(bound_regimens(alone, early, Wanted()), everyone, modes.eta)["cl"]
    has_level: BoolArray = np.diff(early.sample_start) > 0
    return np.where(has_level & np.isfinite(modes.objective), found, np.nan)


def _with_clearance_effects_alone(model: ModelSpec) -> ModelSpec:
    """Return a model without random effects on anything but the clearance."""
    first = PARAMETER_NAMES[model.parameterization][0]
    terms = tuple(term if term.parameter == first else replace(term, eta=None) for term in model.terms)
    kept = {term.eta for term in terms if term.eta is not None}
    return replace(
        model,
        terms=terms,
        etas=tuple(name for name in model.etas if name in kept),
        variances=tuple(one for name, one in zip(model.etas, model.variances, strict=True) if name in kept),
        correlations=tuple(one for one in model.correlations if one[0] in kept and one[1] in kept),
    )
