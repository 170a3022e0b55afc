"""A fit level by level: what was measured beside what was predicted, as the table and the figures of a fit show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.diagnostics.npde import npde
from pkpd.diagnostics.residuals import residuals

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.fit import Fit


@dataclass(frozen=True, slots=True)
class LevelRecords:
    """The levels of a cohort with predictions and residuals, in the order of the cohort.

    Parameters
    ----------
    ids : (n_levels,) tuple of str
        Subject of each level.
    line : (n_levels,) array
        Line of the file that it stands in.
    time : (n_levels,) array
        Draw time [day].
    level, lower, upper : (n_levels,) arrays
        Measured level and limits of quantification [mg/L]; the level is NaN where censored, a limit where there is none.
    censoring : (n_levels,) array
        A ``Censoring`` for each level.
    pred, ipred : (n_levels,) arrays
        Predictions [mg/L] at eta = 0 and at the estimates of the random effects.
    iwres, cwres, npde : (n_levels,) arrays
        Residuals; NaN for censored levels.
    """

    ids: tuple[str, ...]
    line: IntArray
    time: FloatArray
    level: FloatArray
    lower: FloatArray
    upper: FloatArray
    censoring: IntArray
    pred: FloatArray
    ipred: FloatArray
    iwres: FloatArray
    cwres: FloatArray
    npde: FloatArray

    @property
    def n_levels(self) -> int:
        """Return the number of levels, censored ones included."""
        return len(self.ids)


def level_records(fit: Fit, rng: np.random.Generator) -> LevelRecords:
    """Return the levels of a fit with predictions and residuals.

    Parameters
    ----------
    fit : Fit
        The fit.
    rng : Generator
        Of the simulations behind NPDE.
    """
    data, found = fit.population.cohort, residuals(fit)
    subject = np.repeat(np.arange(data.n_subjects), np.diff(data.sample_start))
    return LevelRecords(
        ids=tuple(data.ids[i] for i in subject.tolist()),
        line=data.sample_line,
        time=data.sample_time,
        level=data.level,
        lower=data.lloq,
        upper=data.uloq,
        censoring=data.censoring,
        pred=found.pred,
        ipred=found.ipred,
        iwres=found.iwres,
        cwres=found.cwres,
        npde=npde(fit, rng),
    )
