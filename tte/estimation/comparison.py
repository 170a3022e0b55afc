"""The same data under every hazard, compared by information criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tte.estimation.document import aic, bic, finite, status_text
from tte.estimation.fit import AT_A_MAXIMUM, fit
from tte.estimation.model import event_time_model
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tte.data.events import Events
    from tte.estimation.fit import EventFit

SCHEMA = "tte-compare/1"


def fit_every_hazard(
    events: Events, covariates: Sequence[str] = (), references: Mapping[str, float] | None = None
) -> tuple[EventFit, ...]:
    """Return the fits of all hazards, covariates acting on the first parameter of each.

    Parameters
    ----------
    events : Events
        The data.
    covariates : sequence of str
        Names.
    references : mapping of str to float, optional
        As in `tte.estimation.model.event_time_model`.

    Raises
    ------
    InputError
        As in `tte.estimation.fit.fit`.
    """
    return tuple(fit(events, event_time_model(hazard, covariates, references=references)) for hazard in Hazard)


def comparison_document(fits: Sequence[EventFit]) -> dict[str, Any]:
    """Return the fits in the order of their AIC, as `tte-compare/1`.

    Differences and weights are among fits that ended at a maximum; the others stand last.
    """
    values = np.array([aic(one) if one.status in AT_A_MAXIMUM else np.inf for one in fits])
    best = float(values.min())
    weights = np.exp(-0.5 * (values - best)) if np.isfinite(best) else np.full(values.size, np.nan)
    weights = weights / weights.sum()
    events = fits[0].events
    rows: list[dict[str, Any]] = [
        {
            "hazard": fits[i].model.hazard.value,
            "status": fits[i].status.name.lower(),
            "status_text": status_text(fits[i]),
            "n_parameters": fits[i].n_free,
            "log_likelihood": finite(fits[i].log_likelihood),
            "aic": finite(aic(fits[i])),
            "bic": finite(bic(fits[i])),
            "aic_difference": finite(float(values[i]) - best),
            "weight": finite(float(weights[i])),
            "parameters": dict(
                zip(fits[i].model.names, map(finite, fits[i].model.natural(fits[i].theta).tolist()), strict=True)
            ),
        }
        for i in sorted(range(len(fits)), key=lambda i: float(values[i]))
    ]
    return {
        "schema": SCHEMA,
        "n_subjects": events.n_subjects,
        "n_events": events.n_events,
        "bic_n": events.n_subjects,
        "hazards": rows,
    }
