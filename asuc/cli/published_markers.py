"""Markers of other studies, computed for a file of event times that holds the covariates they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pkpd.arrays import FloatArray
    from tte.evaluation.published_thresholds import PublishedThreshold


def threshold_of(column: str) -> float:
    """Return the published threshold of a column that `asuc exposure` writes, in its unit."""
    from tte.evaluation.published_thresholds import published_thresholds  # noqa: PLC0415 - loads the engine

    return next(one.value for one in published_thresholds() if one.column == column)


def published_markers(columns: Mapping[str, FloatArray]) -> Iterator[tuple[PublishedThreshold, FloatArray | str]]:
    """Yield each published marker whose covariates are there, with a value for each subject or a sentence on why there is none.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        Covariates by column in capital letters, in the units of the models (ALB in g/L, SEX 1 for male and 0 for female).
    """
    from pkpd.model import load_model  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.model.covariate import describe_domain, is_possible  # noqa: PLC0415
    from pkpd.model.parameters import log_typical_terms  # noqa: PLC0415
    from tte.evaluation.published_thresholds import published_thresholds  # noqa: PLC0415

    for one in published_thresholds():
        model = load_model(one.model)
        names = {name: model.covariates[name].column for name in one.covariates}
        if not set(names.values()) <= set(columns):
            continue
        given = {name: columns[column] for name, column in names.items()}
        complete = np.isfinite(np.stack(list(given.values()))).all(axis=0)
        wrong = [
            f"{names[name]} holds {value:g}, expected {describe_domain(model.covariates[name])}"
            for name, values in given.items()
            for value in np.unique(values[complete]).tolist()
            if not is_possible(model.covariates[name], value)
        ]
        if wrong or not complete.any():
            yield one, f"{one.marker} is not computed: {wrong[0] if wrong else 'no subject has all its covariates'}."
            continue
        n = int(complete.sum())
        held = {name: np.full(n, one.held.get(name, domain.median)) for name, domain in model.covariates.items()}
        logs = log_typical_terms(model, held | {name: values[complete] for name, values in given.items()})
        row = [term.parameter for term in model.terms].index(one.parameter)
        values = np.full(complete.size, np.nan)
        values[complete] = np.exp(logs[row])
        yield one, values
