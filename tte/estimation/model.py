"""What is fitted: a hazard, covariates on its parameters, and the coefficients that follow, with the values some start from or stay at."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from tte.estimation.domain import REFERENCES, parameter_limits
from tte.hazards.hazard import Hazard, Link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Effect:
    """A covariate on a parameter: linear on the scale of its link.

    Parameters
    ----------
    parameter : str
        Name of the hazard's parameter.
    covariate : str
        Name in capital letters.
    reference : float
        Value of the covariate at which the parameter has its own value.
    """

    parameter: str
    covariate: str
    reference: float = 0.0

    @property
    def name(self) -> str:
        """Return the name of the coefficient: ``lambda:CRP``."""
        return f"{self.parameter}:{self.covariate}"


@dataclass(frozen=True, slots=True)
class EventTimeModel:
    """A hazard with covariates on its parameters.

    Parameters
    ----------
    hazard : Hazard
        The hazard.
    effects : tuple of Effect
        Covariates on its parameters.
    initial : mapping of str to float
        Where coefficients start, on the linear scale: a level far from the data, such as λ at the year 0, is no number on its natural one. Others
        start by themselves.
    fixed : frozenset of str
        Coefficients that stay at their initial value.
    """

    hazard: Hazard
    effects: tuple[Effect, ...] = ()
    initial: Mapping[str, float] = field(default_factory=dict[str, float])
    fixed: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the coefficients: the hazard's parameters, then the effects."""
        return (*(one.name for one in self.hazard.parameters), *(effect.name for effect in self.effects))

    @property
    def covariates(self) -> tuple[str, ...]:
        """Return the names of the covariates, each once."""
        return tuple(dict.fromkeys(effect.covariate for effect in self.effects))

    @property
    def links(self) -> tuple[Link, ...]:
        """Return the scale of each coefficient; effects are as they are."""
        return (*(one.link for one in self.hazard.parameters), *(Link.IDENTITY for _ in self.effects))

    @property
    def parameter_index(self) -> IntArray:
        """Return which hazard parameter each coefficient belongs to."""
        names = [one.name for one in self.hazard.parameters]
        return np.array(
            [*range(len(names)), *(names.index(effect.parameter) for effect in self.effects)], dtype=np.int64
        )

    @property
    def column_index(self) -> IntArray:
        """Return which covariate each coefficient multiplies, -1 for the parameters themselves."""
        covariates = self.covariates
        own = [-1] * len(self.hazard.parameters)
        return np.array([*own, *(covariates.index(effect.covariate) for effect in self.effects)], dtype=np.int64)

    @property
    def given(self) -> dict[str, float]:
        """Return where coefficients start, on the natural scale; 0 or infinite for what is no number there."""
        links = dict(zip(self.names, self.links, strict=True))
        return {name: _exponential(x) if links[name] is Link.LOG else x for name, x in self.initial.items()}

    def linear(self, values: FloatArray) -> FloatArray:
        """Return coefficients on the linear scale from their natural ones."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where([link is Link.LOG for link in self.links], np.log(values), values)

    def natural(self, theta: FloatArray) -> FloatArray:
        """Return coefficients on the natural scale from their linear ones."""
        with np.errstate(over="ignore"):
            return np.where([link is Link.LOG for link in self.links], np.exp(theta), theta)


def event_time_model(
    hazard: Hazard | str,
    covariates: Sequence[str] = (),
    *,
    references: Mapping[str, float] | None = None,
    initial: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
) -> EventTimeModel:
    """Return a model from words.

    Parameters
    ----------
    hazard : Hazard or str
        The hazard or its name.
    covariates : sequence of str
        ``CRP`` acts on the first parameter of the hazard, ``shape:CRP`` on the one named.
    references : mapping of str to float, optional
        Values of covariates at which the parameters have their own values, 0 otherwise.
    initial, fixed : mapping of str to float, optional
        Coefficients by name that start or stay somewhere: ``shape``, ``lambda:CRP``, or ``CRP`` for its effect on the first parameter.
        What they may be stands in ``tte.estimation.domain``.

    Raises
    ------
    InputError
        With every problem.
    """
    kind = _hazard(hazard)
    faults: list[Problem] = []
    effects = _effects(kind, covariates, references or {}, faults)
    bare = EventTimeModel(kind, effects)
    values = {
        **_values(bare, initial or {}, "initial value", faults),
        **(held := _values(bare, fixed or {}, "fixed value", faults)),
    }
    if faults:
        raise InputError(faults)
    return EventTimeModel(kind, effects, on_linear_scale(bare, values), frozenset(held))


def _exponential(x: float) -> float:
    """Return exp(x): the number of at most 15 digits that has this logarithm, where there is one, as it was typed."""
    with np.errstate(over="ignore"):
        value = float(np.exp(x))
    short = float(f"{value:.15g}")
    return short if 0.0 < short < math.inf and math.log(short) == x else value


def on_linear_scale(model: EventTimeModel, values: Mapping[str, float]) -> dict[str, float]:
    """Return some coefficients of a model on the linear scale from their natural values, by name."""
    links = dict(zip(model.names, model.links, strict=True))
    return {name: math.log(value) if links[name] is Link.LOG else value for name, value in values.items()}


def _hazard(hazard: Hazard | str) -> Hazard:
    if isinstance(hazard, Hazard):
        return hazard
    try:
        return Hazard(hazard.strip().lower())
    except ValueError:
        known = ", ".join(one.value for one in Hazard)
        raise InputError([Problem("hazard", f"“{hazard}” is none; expected one of {known}")]) from None


def _effects(
    hazard: Hazard, covariates: Sequence[str], references: Mapping[str, float], faults: list[Problem]
) -> tuple[Effect, ...]:
    known = {name.upper(): value for name, value in references.items()}
    found: dict[str, Effect] = {}
    for text in covariates:
        word, sign, name = text.rpartition(":")
        parameter = parameter_name(hazard, word) if sign else hazard.parameters[0].name
        if parameter is None or not name.strip():
            options = ", ".join(one.name for one in hazard.parameters)
            expected = f"expected NAME or PARAMETER:NAME with a parameter of the {hazard.value} hazard ({options})"
            faults.append(Problem("covariate", f"“{text}” is none; {expected}"))
            continue
        effect = Effect(parameter, name.strip().upper(), known.get(name.strip().upper(), 0.0))
        if effect.name in found:
            faults.append(Problem("covariate", f"{effect.name} is given twice"))
        found[effect.name] = effect
    faults += [
        Problem(
            "reference", f"{name} is {value:g}; expected a number from {REFERENCES.lowest:g} to {REFERENCES.highest:g}"
        )
        for name, value in known.items()
        if not REFERENCES.holds(value)
    ]
    used = {effect.covariate for effect in found.values()}
    faults += [Problem("reference", f"{name} is no covariate of the model") for name in known if name not in used]
    return tuple(found.values())


def parameter_name(hazard: Hazard, word: str) -> str | None:
    """Return the name of a hazard's parameter from its name or symbol in any case; None for none."""
    plain = word.strip().lower()
    return next((one.name for one in hazard.parameters if plain in (one.name.lower(), one.symbol.lower())), None)


def coefficient_name(model: EventTimeModel, word: str) -> str | None:
    """Return the name of a coefficient: a parameter, an effect, or a covariate for its effect on the first parameter."""
    if name := parameter_name(model.hazard, word):
        return name
    before, sign, covariate = word.rpartition(":")
    parameter = parameter_name(model.hazard, before) if sign else model.hazard.parameters[0].name
    name = f"{parameter}:{covariate.strip().upper()}"
    return name if name in model.names else None


def _values(model: EventTimeModel, given: Mapping[str, float], what: str, faults: list[Problem]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word, value in given.items():
        name = coefficient_name(model, word)
        if name is None:
            faults.append(Problem(what, f"“{word}” is no parameter of the model; it has {', '.join(model.names)}"))
            continue
        is_log = model.links[model.names.index(name)] is Link.LOG
        limits = parameter_limits(model.hazard, name)
        if not math.isfinite(value) or (is_log and value <= 0.0):
            faults.append(
                Problem(what, f"{name} is {value:g}; expected a {'number above 0' if is_log else 'finite number'}")
            )
        elif not limits.holds(value):
            expected = f"expected a number from {limits.lowest:g} to {limits.highest:g}"
            faults.append(Problem(what, f"{name} is {value:g}; {expected}"))
        found[name] = value
    return found
