"""The covariates of a cohort as a model reads them: present, possible, and what stands for those that are missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.imputation import ImputationScale, ImputedColumn
from pkpd.errors import InputError, Problem
from pkpd.model.covariate import body_mass_index

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import CovariateDomain, ModelSpec

_MOST_NAMED = 20
_TWO, _MOSTLY = 2, 0.8


@dataclass(frozen=True, slots=True)
class ModelCohort:
    """A cohort in which nothing is missing that a model reads.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    notes : tuple of str
        What stands for missing covariates, and which change that the model has as baseline values, in one sentence each.
    carried : Cohort
        The same, but that covariates which a subject has no value of are missing still (NaN).
    """

    cohort: Cohort
    notes: tuple[str, ...]
    carried: Cohort


def with_model_covariates(cohort: Cohort, model: ModelSpec) -> ModelCohort:
    """Return a cohort with every covariate of a model in every row.

    A missing value takes the subject's last one before it, or else the first one after; where a subject has none, the
    median of the cohort's first values (of codes, the one that is most frequent), as in Niyigena 2026.

    Raises
    ------
    InputError
        For a covariate without a column, and for values that the model's domain rules out, each with its subject.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    filled: dict[str, FloatArray] = {}
    carried: dict[str, FloatArray] = {}
    for name, domain in model.covariates.items():
        if name not in cohort.covariates:
            problems.append(Problem("cohort", f"has no column {domain.column}, which {model.id} reads {name} from"))
            continue
        values = cohort.covariates[name]
        problems += _impossible(cohort, name, domain, values)
        carried[name] = _carried_both_ways(cohort, values)
        filled[name], note = _filled(cohort, name, domain, carried[name])
        notes += [one for one in (note, _changing(cohort, name, domain, carried[name])) if one]
    if problems:
        raise InputError(problems)
    complete, incomplete = (replace(cohort, covariates={**cohort.covariates, **own}) for own in (filled, carried))
    return ModelCohort(complete, tuple(notes), incomplete)


def read_covariates(model: ModelSpec) -> frozenset[str]:
    """Return the covariates that effects and variances of a model read, of all that it has a domain for."""
    of_effects = {effect.covariate for term in model.terms for effect in term.effects}
    return frozenset(of_effects | {one.covariate for one in model.variances if one.covariate is not None})


def is_possible(domain: CovariateDomain, values: FloatArray) -> BoolArray:
    """Return which values a domain allows, in the shape of the values; NaN is none of them."""
    if domain.categories:
        return np.isin(values, [code for _, code in domain.categories])
    low, high = domain.hard_range
    return (values > low if domain.low_excluded else values >= low) & (values <= high)


def expected_values(domain: CovariateDomain) -> str:
    """Return in words what values a domain allows."""
    if domain.categories:
        return " or ".join(f"{code:g} ({label})" for label, code in domain.categories)
    low, high = domain.hard_range
    return f"{'more than' if domain.low_excluded else 'at least'} {low:g} and at most {high:g} {domain.unit}"


def imputed_columns(cohort: Cohort, model: ModelSpec) -> tuple[ImputedColumn, ...]:
    """Return the covariates that missing ones are drawn with: those of a model, and what else the cohort knows of most subjects.

    Positive covariates are taken as logarithms, those of two codes as binary.

    Raises
    ------
    InputError
        For a covariate of more than two categories that is missing, or one that is known in no subject.
    """
    first = cohort.row_start[:-1]
    problems: list[Problem] = []
    columns: list[ImputedColumn] = []
    for name, domain in model.covariates.items():
        values = cohort.covariates[name][first]
        known = values[~np.isnan(values)]
        low, high = domain.hard_range
        codes = tuple(sorted(code for _, code in domain.categories))
        if known.size < values.size and len(codes) > _TWO:
            problems.append(Problem(domain.column, "is missing and has more than two categories; take --impute median"))
        elif known.size == 0:
            problems.append(Problem(domain.column, "is known in no subject; there is nothing to draw it from"))
        elif len(codes) == _TWO:
            columns.append(ImputedColumn(name, ImputationScale.BINARY, *codes))
        elif np.unique(known).size > 1:
            scale = ImputationScale.LOG if low >= 0.0 and (known > 0.0).all() else ImputationScale.IDENTITY
            columns.append(ImputedColumn(name, scale, low, high))
    if problems:
        raise InputError(problems)
    others = (name for name in cohort.covariates if name not in model.covariates)
    helpful = (_auxiliary(name, cohort.covariates[name][first]) for name in others)
    return (*columns, *(one for one in helpful if one is not None))


def _auxiliary(name: str, values: FloatArray) -> ImputedColumn | None:
    """Return a covariate that no model reads but that may tell something of those it reads; None where it tells too little."""
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if known.size < _MOSTLY * values.size or distinct.size < _TWO:
        return None
    if distinct.size == _TWO:
        return ImputedColumn(name, ImputationScale.BINARY, float(distinct[0]), float(distinct[1]))
    return ImputedColumn(name, ImputationScale.LOG if (known > 0.0).all() else ImputationScale.IDENTITY)


def with_body_mass_index(cohort: Cohort) -> Cohort:
    """Return a cohort with the body-mass index [kg/m²] of every row, from its weight [kg] and height [cm]."""
    weight, height = (cohort.covariates[name].tolist() for name in ("weight_kg", "height_cm"))
    index = np.array([body_mass_index(kg, cm) for kg, cm in zip(weight, height, strict=True)])
    return replace(cohort, covariates={**cohort.covariates, "bmi_kg_per_m2": index})


def _impossible(cohort: Cohort, name: str, domain: CovariateDomain, values: FloatArray) -> list[Problem]:
    expected = expected_values(domain)
    wrong = np.flatnonzero(~is_possible(domain, values) & ~np.isnan(values))
    subject = np.searchsorted(cohort.row_start, wrong, side="right") - 1
    found = [
        Problem(f"subject {cohort.ids[s]}, {domain.column}", f"is {values[r]:g}; expected {expected} ({name})")
        for r, s in zip(wrong[:_MOST_NAMED].tolist(), subject[:_MOST_NAMED].tolist(), strict=True)
    ]
    if wrong.size > _MOST_NAMED:
        found.append(Problem(domain.column, f"has {wrong.size - _MOST_NAMED} further values outside {expected}"))
    return found


def _carried_both_ways(cohort: Cohort, values: FloatArray) -> FloatArray:
    """Return values with each missing one replaced by the subject's last before it, or else its first after it."""
    if not np.isnan(values).any():
        return values
    subject = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.row_start))
    return _carried(_carried(values, subject)[::-1], subject[::-1])[::-1]


def _filled(cohort: Cohort, name: str, domain: CovariateDomain, carried: FloatArray) -> tuple[FloatArray, str]:
    if not np.isnan(carried).any():
        return carried, ""
    first = carried[cohort.row_start[:-1]]
    known = first[~np.isnan(first)]
    if domain.categories and known.size:
        codes, counts = np.unique(known, return_counts=True)
        stands = float(codes[np.argmax(counts)])
    else:
        stands = float(np.median(known)) if known.size else domain.median
    n = int(np.isnan(first).sum())
    labels = {code: label for label, code in domain.categories}
    value = f"{stands:g} ({labels[stands]})" if domain.categories else f"{stands:g} {domain.unit}"
    whose = f"the {'cohort' if known.size else 'model'}'s {'most frequent code' if domain.categories else 'median'}"
    note = (
        f"{name} is missing in {n} {'subject' if n == 1 else 'subjects'}; {value}, {whose}, stands for it." if n else ""
    )
    return np.where(np.isnan(carried), stands, carried), note


def _changing(cohort: Cohort, name: str, domain: CovariateDomain, carried: FloatArray) -> str:
    """Return a sentence on a baseline value that changes within subjects; an empty one where it does not."""
    if domain.time_varying:
        return ""
    first = np.repeat(carried[cohort.row_start[:-1]], np.diff(cohort.row_start))
    changes = (carried != first) & ~np.isnan(carried)
    n = int(np.unique(np.searchsorted(cohort.row_start, np.flatnonzero(changes), side="right")).size)
    if not n:
        return ""
    within = f"{n} {'subject' if n == 1 else 'subjects'}"
    return (
        f"{name} changes within {within}, and the model has it as a baseline value: here the value of each row counts."
    )


def _carried(values: FloatArray, subject: IntArray) -> FloatArray:
    """Return values with each missing one replaced by the last before it in the same subject."""
    at = np.where(np.isnan(values), -1, np.arange(values.size))
    last = np.maximum.accumulate(at)
    is_own = (last >= 0) & (subject[np.maximum(last, 0)] == subject)
    return np.where(is_own, values[np.maximum(last, 0)], np.nan)
