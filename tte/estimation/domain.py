"""What a coefficient may be started from or held at, and where a covariate's reference may lie: the one place that says so.

The limits are far wider than anything patients have, so that only a slip of the keyboard lies beyond; what is estimated is held by
`tte.estimation.start.bounds` instead. A level (a hazard, or a median time) holds where every covariate is at its reference, which may be far
from any patient, as lambda at ln(AUC/CL) 0 is: it may have a hundred powers of ten. A shape beyond a thousand puts all events on one day.
"""

from __future__ import annotations

from typing import NamedTuple

from tte.hazards.hazard import Hazard


class Limits(NamedTuple):
    """Lowest and highest value on the natural scale."""

    lowest: float
    highest: float

    def holds(self, value: float) -> bool:
        """Return whether a value lies inside; not a number does not."""
        return self.lowest <= value <= self.highest


SHAPES = Limits(1e-3, 1e3)
"""Of shapes and of the standard deviation of a logarithm, pure numbers; of estimates as well."""
EFFECTS = Limits(-1e6, 1e6)
"""Of any effect, per unit of its covariate; the data limit it further."""
REFERENCES = Limits(-1e12, 1e12)
"""Of any reference, in the unit of its covariate; the data limit it further."""
MOST_EFFECT = 500.0
"""How far an effect may move a linear predictor over the range of its covariate, as a power of e; of estimates as well."""
MOST_RANGES = 1000.0
"""How many times the range of a covariate its reference may lie away from its values."""
LOGARITHMS = Limits(-250.0, 250.0)
"""Of a logarithm: of days, of an area, of a clearance."""
_LEVELS = Limits(1e-100, 1e100)
_DAYS, _WIDTHS = Limits(-1e6, 1e6), Limits(1e-6, 1e6)
_GROWTHS = Limits(-100.0, 100.0)
_PARAMETERS = {
    Hazard.EXPONENTIAL: {"lambda": _LEVELS},
    Hazard.WEIBULL: {"lambda": _LEVELS, "shape": SHAPES},
    Hazard.GOMPERTZ: {"lambda": _LEVELS, "gamma": _GROWTHS},
    Hazard.LOGLOGISTIC: {"alpha": _LEVELS, "beta": SHAPES},
    Hazard.LOGNORMAL: {"mu": LOGARITHMS, "sigma": SHAPES},
    Hazard.SURGE: {"A": _LEVELS, "PT": _DAYS, "SW": _WIDTHS},
}


def parameter_limits(hazard: Hazard, name: str) -> Limits:
    """Return what a coefficient may be: a parameter of the hazard by its name, or an effect."""
    return _PARAMETERS[hazard].get(name, EFFECTS)
