"""Patients by their labels: how many, who they are, and what the models expect of each class for them, `asuc-crohns-subgroups/1`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.data.config import PLACEBO
from crohns_srs.predict.batch import create_rule, label_chunks, possible_labels
from crohns_srs.predict.profile import no_population

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crohns_srs.data.patient_file import Patients
    from crohns_srs.predict.batch import Labels, Rule
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Uncertainty
    from pkpd.arrays import BoolArray, FloatArray

SCHEMA = "asuc-crohns-subgroups/1"


@dataclass(slots=True)
class _Sums:
    """What is added up of the patients of one label: counts, sums and sums of squares of covariates, and sums over classes."""

    n: int
    known: FloatArray
    total: FloatArray
    squares: FloatArray
    placebo: float
    placebo_response: float
    by_class: FloatArray


def labelled(
    models: ModelSet,
    patients: Patients,
    uncertainty: Uncertainty,
    *,
    is_integrated: bool,
    unavailable: Sequence[str] = (),
) -> tuple[Rule, Iterator[tuple[slice, Labels]]]:
    """Return the rule of the labels, and the patients chunk by chunk.

    Parameters
    ----------
    models : ModelSet
        Models.
    patients : Patients
        Patients.
    uncertainty : Uncertainty
        Whose errors and tests.
    is_integrated : bool
        Whether inputs that are not known are integrated over; otherwise usual values stand for them.
    unavailable : sequence of str
        Classes that are not to be had.

    Raises
    ------
    InputError
        Where inputs cannot be integrated over, since the models come without a population.
    """
    rule = create_rule(models, uncertainty, unavailable, models.config.outcome.response[0])
    values = patients.values
    if is_integrated:
        if models.population is None and _is_missing(patients).any():
            raise no_population(models)
        return rule, label_chunks(rule, values, patients.n, models.population)
    for one in models.config.covariates:
        given, usual = values[one.name], one.default - one.centre
        values = {**values, one.name: np.where(np.isnan(given), usual, given)}
    return rule, label_chunks(rule, values, patients.n)


def subgroup_document(
    models: ModelSet,
    patients: Patients,
    rule: Rule,
    chunks: Iterator[tuple[slice, Labels]],
    tell: Callable[[slice, Labels], None] = lambda _part, _labels: None,
) -> dict[str, Any]:
    """Return the table of subgroups.

    Parameters
    ----------
    models : ModelSet
        Models.
    patients : Patients
        Patients.
    rule : Rule
        Rule of the labels.
    chunks : iterator of (slice, Labels)
        The patients with their labels; none of them is kept.
    tell : callable
        Is given each chunk as well.
    """
    names = possible_labels(rule)
    config, classes = models.config, rule.ids
    sums = [_empty(len(config.covariates), len(classes)) for _ in names]
    limit = config.outcome.response[0]
    for part, found in chunks:
        _add(sums, found, np.array([patients.values[one.name][part] for one in config.covariates]), limit)
        tell(part, found)
    merged = _merged(names, sums)
    return {
        "schema": SCHEMA,
        "uncertainty": rule.uncertainty.value,
        "n": patients.n,
        "n_with_missing": int(_is_missing(patients).sum()),
        "absent": list(patients.absent),
        "unavailable": sorted(rule.dropped),
        "response": limit,
        "n_possible": len(merged),
        "n_occurring": sum(one.n > 0 for one in merged.values()),
        "subgroups": [
            _entry(models, rule, name, one, patients.n)
            for name, one in sorted(merged.items(), key=lambda item: (-item[1].n, item[0]))
        ],
        "classes": {one.id: one.title for one in rule.models},
        "covariates": {one.case: {"title": one.title, "unit": one.unit, "low": one.low} for one in config.covariates},
        "data": {"file": patients.file, "sha256": patients.sha256},
        "models": {"id": models.id, "sha256": models.sha256},
    }


def _is_missing(patients: Patients) -> BoolArray:
    found = np.zeros(patients.n, dtype=np.bool_)
    for values in patients.values.values():
        found |= np.isnan(values)
    return found


def _empty(n_covariates: int, n_classes: int) -> _Sums:
    counts, total, squares = np.zeros((3, n_covariates))
    return _Sums(0, counts, total, squares, 0.0, 0.0, np.zeros((4, n_classes)))


def _add(sums: list[_Sums], found: Labels, values: FloatArray, limit: float) -> None:
    expected = found.placebo + found.effect
    occurring: list[int] = np.unique(found.code).tolist()
    for i in occurring:
        own: BoolArray = found.code == i
        one, given = sums[i], values[:, own]
        is_known = ~np.isnan(given)
        given = np.where(is_known, given, 0.0)
        one.n += int(own.sum())
        one.known += is_known.sum(axis=1)
        one.total += given.sum(axis=1)
        one.squares += (given**2).sum(axis=1)
        one.placebo += float(found.placebo[own].sum())
        one.placebo_response += float(found.response[0, own].sum())
        parts = (found.effect, expected, (expected >= limit).astype(np.float64), found.response[1:])
        one.by_class += np.array([part[:, own].sum(axis=1) for part in parts])


def _merged(names: Sequence[str], sums: Sequence[_Sums]) -> dict[str, _Sums]:
    """Return sums by label: labels are the same where classes that are not to be had are left out."""
    found: dict[str, _Sums] = {}
    for name, one in zip(names, sums, strict=True):
        if name not in found:
            found[name] = one
            continue
        other = found[name]
        other.n += one.n
        other.known += one.known
        other.total += one.total
        other.squares += one.squares
        other.placebo += one.placebo
        other.placebo_response += one.placebo_response
        other.by_class += one.by_class
    return found


def _entry(models: ModelSet, rule: Rule, name: str, one: _Sums, n: int) -> dict[str, Any]:
    head: dict[str, Any] = {"label": name, "n": one.n, "share": one.n / n}
    if not one.n:
        return head | {"covariates": {}, PLACEBO: None, "classes": {}}
    covariates: dict[str, dict[str, float | None]] = {}
    for i, covariate in enumerate(models.config.covariates):
        known = float(one.known[i])
        mean = float(one.total[i]) / known + covariate.centre if known else None
        if covariate.is_binary:
            covariates[covariate.case] = {"share": mean}
            continue
        deviation = one.squares[i] - one.total[i] ** 2 / known if known else 0.0
        sd = float(np.sqrt(max(deviation, 0.0) / (known - 1.0))) if known > 1.0 else None
        covariates[covariate.case] = {"mean": mean, "sd": sd}
    effect, expected, above, response = one.by_class / one.n
    return head | {
        "covariates": covariates,
        PLACEBO: {"effect": one.placebo / one.n, "response": one.placebo_response / one.n},
        "classes": {
            class_id: {
                "effect": float(effect[k]),
                "expected": float(expected[k]),
                "share_expected_response": float(above[k]),
                "response": float(response[k]),
            }
            for k, class_id in enumerate(rule.ids)
        },
    }
