"""Bounds of a model's parameters: between which values a fit looks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.model.population import ParameterKind, population_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pkpd.model.spec import ModelSpec


def with_bounds(model: ModelSpec, bounds: Mapping[str, tuple[float, float]]) -> ModelSpec:
    """Return a model with bounds in place of those that it has of the same parameters.

    Parameters
    ----------
    model : ModelSpec
        The model.
    bounds : mapping of str to (float, float)
        Lower and upper bound by the parameter's name in a fit; infinite where there is none.

    Returns
    -------
    ModelSpec
        Values stay, also those outside.

    Raises
    ------
    InputError
        With one problem for each bound that the model cannot have.
    """
    if problems := [Problem(name, message) for name, message in bound_faults(model, bounds)]:
        raise InputError(problems)
    return replace(model, bounds={**model.bounds, **bounds})


def bound_faults(model: ModelSpec, bounds: Mapping[str, tuple[float, float]]) -> Iterator[tuple[str, str]]:
    """Yield the name and the fault of every bound that a model cannot have."""
    own = {one.name: one for one in population_parameters(replace(model, bounds={}))}
    bounded = [name for name, one in own.items() if one.kind is not ParameterKind.OMEGA]
    for name, (lower, upper) in bounds.items():
        one = own.get(name)
        if one is None:
            yield name, f"is not a parameter of this model; bounds are possible for {', '.join(bounded)}"
        elif one.kind is ParameterKind.OMEGA:
            yield (
                name,
                "is a variance or covariance, which has its own bounds; hold it with --fix or fixed = true instead",
            )
        elif not lower < upper:
            yield name, f"{describe_bounds(lower, upper)}, expected the lower bound first"
        elif lower < one.lower and np.isfinite(lower):
            yield name, f"a lower bound of {lower:g}, expected {one.lower:g} or more"
        elif upper > one.upper and np.isfinite(upper):
            yield name, f"an upper bound of {upper:g}, expected {one.upper:g} or less"


def describe_bounds(lower: float, upper: float) -> str:
    """Return bounds in words."""
    if np.isfinite(lower) and np.isfinite(upper):
        return f"bounds {lower:g} and {upper:g}"
    if np.isfinite(lower):
        return f"a lower bound of {lower:g}"
    return f"an upper bound of {upper:g}" if np.isfinite(upper) else "no bound"
