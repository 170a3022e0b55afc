"""The fits of a covariate search on event times: a table that gets a line after each, so that nothing is lost where it is stopped."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from asuc.cli.cohort_source import kept_rows, write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.covariate_search import Candidate
    from tte.estimation.fit import EventFit

FILE = "fits.csv"
_KEY = ("set", "candidates", "beside")
_NUMBERS = ("theta", "gradient", "information", "covariance")
_HEAD = (*_KEY, "status", "named", "log_likelihood", "free", "steps", *_NUMBERS)
_Key = tuple[str, ...]


class KeptFits:
    """The fits of a search: those that a folder keeps are taken from there, every other gets its line at once.

    Numbers are written with all their digits, so that a search that goes on ends with the same bits.

    Parameters
    ----------
    folder : Path
        Of the results.
    resume : bool
        Whether fits of an earlier run are kept.
    """

    def __init__(self, folder: Path, *, resume: bool) -> None:
        self.file = folder / FILE
        rows = kept_rows(self.file) if resume else []
        if not rows:
            write_csv(self.file, _HEAD, ())
        self.kept: dict[_Key, Mapping[str, str]] = {tuple(row[name] for name in _KEY): row for row in rows}

    @property
    def n_kept(self) -> int:
        """Return how many fits the folder keeps."""
        return len(self.kept)

    def fitted(self, name: str, events: Events, chosen: Sequence[Candidate], smaller: EventFit) -> EventFit:
        """Return the fit of some candidates beside a smaller model.

        Parameters
        ----------
        name : str
            What the subjects are called.
        events, chosen, smaller
            As ``tte.estimation.covariate_search.fit_candidates``.
        """
        from tte.estimation.covariate_search import fit_candidates  # noqa: PLC0415 - loads the engine

        key = (name, _words(chosen), json.dumps([effect.name for effect in smaller.model.effects]))
        if key in self.kept:
            return _fit_of_row(self.kept[key], events, chosen, smaller)
        found = fit_candidates(events, chosen, smaller)
        row: dict[str, str] = dict(zip(_HEAD, (*key, *_cells(found)), strict=True))
        with self.file.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerow(row.values())
        self.kept[key] = row
        return found


def forget_fits(folder: Path) -> None:
    """Remove the fits that a search left."""
    (folder / FILE).unlink(missing_ok=True)


def _words(chosen: Sequence[Candidate]) -> str:
    return json.dumps([f"{one.parameter}:{one.covariate}:{one.form.value}" for one in chosen])


def _cells(one: EventFit) -> tuple[str, ...]:
    arrays = (one.theta, one.gradient, one.information, one.covariance)
    return (
        *(one.status.name, json.dumps(one.named), repr(float(one.log_likelihood))),
        "".join(str(int(free)) for free in one.is_free.tolist()),
        *(str(one.n_steps), *(" ".join(map(repr, array.ravel().tolist())) for array in arrays)),
    )


def _fit_of_row(row: Mapping[str, str], events: Events, chosen: Sequence[Candidate], smaller: EventFit) -> EventFit:
    import numpy as np  # noqa: PLC0415

    from tte.estimation.covariate_search import with_candidates  # noqa: PLC0415
    from tte.estimation.fit import EventFit, FitStatus  # noqa: PLC0415

    data, model = with_candidates(events, chosen, smaller.model.hazard)
    n = len(model.names)

    def array(name: str) -> FloatArray:
        return np.array([float(word) for word in row[name].split()])

    return EventFit(
        model,
        data,
        FitStatus[row["status"]],
        tuple(json.loads(row["named"])),
        array("theta"),
        float(row["log_likelihood"]),
        array("gradient"),
        array("information").reshape(n, n),
        array("covariance").reshape(n, n),
        np.array([digit == "1" for digit in row["free"]]),
        int(row["steps"]),
    )
