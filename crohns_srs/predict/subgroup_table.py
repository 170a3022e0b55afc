"""Patients by their labels: how many, who they are, and what the models expect of each class for them, `asuc-crohns-subgroups/1`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.data.config import PLACEBO
from crohns_srs.data.patient_file import patient_parts
from crohns_srs.predict.batch import label_chunks, possible_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crohns_srs.data.patient_file import PatientTable
    from crohns_srs.predict.batch import Labels, Rule
    from crohns_srs.predict.class_model import ModelSet
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


@dataclass(frozen=True, slots=True)
class LabelledChunk:
    """Some patients with their labels.

    Parameters
    ----------
    start : int
        Rows of the table before the first of them.
    values : (n_covariates, n) array
        Their covariates in the order of the configuration, centred; NaN where not known.
    labels : Labels
        What is found for them.
    """

    start: int
    values: FloatArray
    labels: Labels


def labelled(models: ModelSet, table: PatientTable, rule: Rule, *, is_integrated: bool) -> Iterator[LabelledChunk]:
    """Yield the patients of a table with their labels, chunk by chunk; none is kept.

    Parameters
    ----------
    models : ModelSet
        Models.
    table : PatientTable
        Patients.
    rule : Rule
        How they are labelled.
    is_integrated : bool
        Whether inputs that are not known are integrated over; otherwise usual values stand for them.
    """
    covariates = models.config.covariates
    for part in patient_parts(table, models.config):
        columns = part.values
        if not is_integrated:
            usual = {one.name: one.default - one.centre for one in covariates}
            columns = {name: np.where(np.isnan(one), usual[name], one) for name, one in part.values.items()}
        for rows, found in label_chunks(rule, columns, part.n, models.population if is_integrated else None):
            values = np.array([part.values[one.name][rows] for one in covariates])
            yield LabelledChunk(part.start + rows.start, values, found)


def subgroup_document(
    models: ModelSet, table: PatientTable, rule: Rule, chunks: Iterable[LabelledChunk]
) -> dict[str, Any]:
    """Return the table of subgroups.

    Parameters
    ----------
    models : ModelSet
        Models.
    table : PatientTable
        Patients.
    rule : Rule
        Rule of the labels, with the limit of a response.
    chunks : iterable of LabelledChunk
        The patients with their labels.
    """
    names = possible_labels(rule)
    config = models.config
    limit = config.outcome.response[0] if rule.limit is None else rule.limit
    sums = [_empty(len(config.covariates), len(rule.ids)) for _ in names]
    for chunk in chunks:
        _add(sums, chunk.labels, chunk.values, limit)
    merged = _merged(names, sums)
    return {
        "schema": SCHEMA,
        "uncertainty": rule.uncertainty.value,
        "n": table.n,
        "n_with_missing": table.n_with_missing,
        "absent": list(table.absent),
        "unavailable": sorted(rule.dropped),
        "response": limit,
        "n_possible": len(merged),
        "n_occurring": sum(one.n > 0 for one in merged.values()),
        "subgroups": [
            _entry(models, rule, name, one, table.n)
            for name, one in sorted(merged.items(), key=lambda item: (-item[1].n, item[0]))
        ],
        "classes": {one.id: one.title for one in rule.models},
        "covariates": {one.case: {"title": one.title, "unit": one.unit, "low": one.low} for one in config.covariates},
        "data": {"file": table.file, "sha256": table.sha256},
        "models": {"id": models.id, "sha256": models.sha256},
    }


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
