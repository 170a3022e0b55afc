"""A fit of event times that a folder holds, for its own event times or others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asuc.cli.output import report
from asuc.cli.tte_options import read_event_times
from pkpd.errors import input_error

if TYPE_CHECKING:
    from asuc.cli.tte_options import TteInputs
    from tte.data.events import Events
    from tte.estimation.fit import EventFit


def kept_fit(folder: str, events: str, landmark: float | None) -> tuple[EventFit, TteInputs]:
    """Return the model of a folder of `asuc tte fit` at its values, for the same or other event times.

    Parameters
    ----------
    folder, events : str
        Folder of the fit, and file of event times.
    landmark : float or None
        Day of a landmark; that of the fit where left out.

    Raises
    ------
    InputError
        Where the folder holds no fit, and with every problem of the event times.
    """
    import numpy as np  # noqa: PLC0415

    from tte.estimation.fit import FitOptions  # noqa: PLC0415 - loads the engine
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415
    from tte.estimation.model_file import read_model_file  # noqa: PLC0415

    try:
        document: Any = json.loads((Path(folder) / "fit.json").read_text(encoding="utf-8"))
        at, sha256 = document["landmark"], document["data"]["sha256"]
        day = landmark if landmark is not None or at is None else float(at["day"])
    except (OSError, ValueError, KeyError, TypeError):
        message = "cannot be read as a fit of event times; expected the folder that `asuc tte fit --out` wrote"
        raise input_error(folder, message) from None
    reading = read_model_file(str(Path(folder) / "model.toml"))
    given = read_event_times(events, reading.model.covariates, day, is_estimated=False)
    if given.data_sha256 != sha256:
        report(f"{events}: other event times than those of the fit in {folder}, whose values are taken as they are.")
    found = fit_events(given.events, reading.model, FitOptions(0))
    covariance = np.full_like(found.covariance, np.nan) if reading.covariance is None else reading.covariance
    return replace(found, covariance=covariance), given


def at_values(found: EventFit, events: Events) -> EventFit:
    """Return a fit's model at its estimates, with their covariance, for other event times."""
    from tte.estimation.fit import FitOptions  # noqa: PLC0415
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415

    return replace(fit_events(events, found.model_at_estimates, FitOptions(0)), covariance=found.covariance)
