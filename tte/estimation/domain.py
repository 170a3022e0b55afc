"""What a coefficient may be started from or held at, and where a covariate's reference may lie: the one place that says so.

The limits are far wider than anything patients have, so that only a slip of the keyboard lies beyond; what is estimated is held by
`tte.estimation.start.bounds` instead. A level (a hazard, or a median time) holds where every covariate is at its reference, which may be far
from any patient, as lambda at ln(AUC/CL) 0 is: it may have a hundred powers of ten. A shape beyond a thousand puts all events on one day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.errors import InputError, Problem
from tte.estimation.start import MOST_EFFECT, MOST_SHAPE, units
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel


class Limits(NamedTuple):
    """Lowest and highest value on the natural scale."""

    lowest: float
    highest: float

    def holds(self, value: float) -> bool:
        """Return whether a value lies inside; not a number does not."""
        return self.lowest <= value <= self.highest


SHAPES = Limits(1.0 / MOST_SHAPE, MOST_SHAPE)
"""Of shapes and of the standard deviation of a logarithm, pure numbers."""
EFFECTS = Limits(-1e6, 1e6)
"""Of any effect, per unit of its covariate; the data limit it further."""
REFERENCES = Limits(-1e12, 1e12)
"""Of any reference, in the unit of its covariate; the data limit it further."""
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


def check_in_data(
    model: EventTimeModel, events: Events, *, values: Mapping[str, float], references: Mapping[str, float]
) -> None:
    """Refuse effects and references that have no sense for the covariates of some data; covariates that the data lack are passed over.

    Parameters
    ----------
    model : EventTimeModel
        What is fitted.
    events : Events
        The data.
    values : mapping of str to float
        Coefficients by their names in the model; parameters of the hazard among them are passed over.
    references : mapping of str to float
        References by the names of covariates, in capital letters.

    Raises
    ------
    InputError
        With every value that lies beyond.
    """
    faults: list[Problem] = []
    for effect in model.effects:
        column = events.covariates.get(effect.covariate)
        if effect.name not in values or column is None:
            continue
        value, most = values[effect.name], _most_effect(model, events, effect.parameter, column)
        if abs(value) > most:
            expected = (
                f"expected at most {most:.3g} in size: {effect.covariate} goes {_ends(column)}, over which the hazard may change by "
                f"a factor of e^{MOST_EFFECT:g}"
            )
            faults.append(Problem("initial or fixed value", f"{effect.name} is {value:g}; {expected}"))
    for name, value in references.items():
        column = events.covariates.get(name)
        if column is None or (spread := float(np.ptp(column))) == 0.0:
            continue
        low, high = float(column.min()) - MOST_RANGES * spread, float(column.max()) + MOST_RANGES * spread
        if not low <= value <= high:
            expected = (
                f"expected a value near those of the data, which go {_ends(column)}: from {low:.4g} to {high:.4g}"
            )
            faults.append(Problem("reference", f"{name} is {value:g}; {expected}"))
    if faults:
        raise InputError(faults)


def check_of_logarithm(model: EventTimeModel, covariate: str) -> None:
    """Refuse effects and references of a covariate that is a logarithm and whose values are not known yet.

    Parameters
    ----------
    model : EventTimeModel
        What is fitted, whose initial values were typed.
    covariate : str
        Its name in capital letters.

    Raises
    ------
    InputError
        With every value that lies beyond.
    """
    faults: list[Problem] = []
    for effect in model.effects:
        if effect.covariate != covariate:
            continue
        if not LOGARITHMS.holds(effect.reference):
            expected = f"expected a logarithm, from {LOGARITHMS.lowest:g} to {LOGARITHMS.highest:g}"
            faults.append(Problem("reference", f"{covariate} is {effect.reference:g}; {expected}"))
        value = model.initial.get(effect.name, 0.0)
        if abs(value) > MOST_EFFECT:
            expected = f"expected at most {MOST_EFFECT:g} in size for each unit of a logarithm"
            faults.append(Problem("initial or fixed value", f"{effect.name} is {value:g}; {expected}"))
    if faults:
        raise InputError(faults)


def _most_effect(model: EventTimeModel, events: Events, parameter: str, column: FloatArray) -> float:
    names = [one.name for one in model.hazard.parameters]
    spread = float(np.ptp(column))
    return np.inf if spread == 0.0 else MOST_EFFECT * float(units(model, events)[names.index(parameter)]) / spread


def _ends(column: FloatArray) -> str:
    return f"from {column.min():g} to {column.max():g}"
