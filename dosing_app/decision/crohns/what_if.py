"""How the answer would change, were an input another one, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import effects_on
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.preference import best_probabilities
from crohns_srs.predict.profile import filled, integrated, known_values
from crohns_srs.predict.recommend import Choices
from dosing_app.decision.crohns.case import inputs, to_json

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate
    from crohns_srs.predict.effects import Uncertainty
    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.case import Tree

Value = float | bool | str | None
_LOW_AND_HIGH = (0.1, 0.9)
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer with one input changed.

    Parameters
    ----------
    input : str
        Its key in a case.
    value : number, bool, text or None
        What it would be; None where it would not be known.
    probability_first : dict of str to float
        Chance of each class that its expected fall is the greatest, by its id.
    """

    input: str
    value: Value
    probability_first: dict[str, float]


def if_changed(answer: CrohnsAnswer) -> tuple[WhatIf, ...]:
    """Return the answer for each input that is known, were it another one."""
    return tuple(_with(answer, one, _other(one, value)) for one, value in _known(answer))


def if_missing(answer: CrohnsAnswer) -> tuple[WhatIf, ...]:
    """Return the answer for each input that is known, were it not."""
    return tuple(_with(answer, one, None) for one, _ in _known(answer))


def _known(answer: CrohnsAnswer) -> list[tuple[Covariate, Value]]:
    return [(one, answer.tree[one.case]) for one in inputs() if answer.tree.get(one.case) is not None]


def probabilities_first(tree: Tree, uncertainty: Uncertainty) -> dict[str, float]:
    """Return the chance of each class that its expected fall is the greatest, by its id: that of the engine's document, and nothing else of it."""
    models = shipped_models()
    case = read_case(to_json(tree), models.config)
    is_integrated = Choices(uncertainty).is_integrated
    profile = integrated(models, known_values(models, case)) if is_integrated else filled(case)
    ids = [one.id for one in models.classes]
    available = [k for k, name in enumerate(ids) if name not in case.unavailable]
    best = best_probabilities(effects_on(models, profile, uncertainty), available)
    return {ids[k]: float(chance) for k, chance in zip(available, best, strict=True)}


def _with(answer: CrohnsAnswer, one: Covariate, value: Value) -> WhatIf:
    tree = answer.tree | {one.case: value}
    return WhatIf(one.case, value, probabilities_first(tree, answer.uncertainty))


def _other(one: Covariate, value: Value) -> Value:
    """Return another value: the opposite, or of a low and a high one among participants the one farther away."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return next(word for word in one.words if word != value)
    assert value is not None, "asked for of known values only"  # noqa: S101
    return max(low_and_high()[one.case], key=lambda tried: abs(tried - value))


@cache
def low_and_high() -> dict[str, tuple[float, float]]:
    """Return values that a tenth of the trials' participants lie below, and above, to two digits, of every input that is a number."""
    models = shipped_models()
    nobody = known_values(models, read_case(to_json({}), models.config))
    values = integrated(models, nobody).values
    found: dict[str, tuple[float, float]] = {}
    for one in inputs():
        if not one.is_binary:
            low, high = (_rounded(float(at) + one.centre) for at in np.quantile(values[one.name], _LOW_AND_HIGH))
            found[one.case] = (low, high)
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
