"""Values that were typed, beside the covariates of the data: what has no sense for these is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from tte.estimation.domain import LOGARITHMS, MOST_EFFECT, MOST_RANGES
from tte.estimation.start import units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel


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
