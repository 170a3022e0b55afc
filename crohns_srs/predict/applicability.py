"""Whether a patient is one that the models can speak for: ranges, how unusual the values are together, and units that may be mistaken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crohns_srs.data.config import Covariate
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.population import Population

_RARE = 0.01


def applicability(models: ModelSet, known: Mapping[str, float]) -> dict[str, Any]:
    """Return how a patient lies to those that the models were fitted to.

    Parameters
    ----------
    models : ModelSet
        Models.
    known : mapping of str to float
        Values that are known, by term, centred.

    Returns
    -------
    dict
        ``is_inside``; ``ranges`` of known inputs that have one; ``units`` that may be mistaken; ``distance``: squared Mahalanobis distance of the known inputs, on the scales on
        which they are spread evenly, with the share ``p`` of participants that are as far away if all inputs were normal.
    """
    given = [(one, known[one.name] + one.centre) for one in models.config.covariates if one.name in known]
    ranges = [_range(one, value) for one, value in given if one.usual]
    units = [entry for one, value in given for entry in _units(one, value)]
    distance = _distance(models.population, known)
    is_near = distance["p"] is None or distance["p"] >= _RARE
    return {
        "is_inside": all(one["is_inside"] for one in ranges) and is_near,
        "ranges": ranges,
        "units": units,
        "distance": distance,
    }


def applicability_warnings(found: dict[str, Any]) -> list[str]:
    """Return what of an `applicability` is out of the ordinary, in one sentence each."""
    said = [
        f"{one['input']}: {one['value']:g} lies outside {one['low']:g} to {one['high']:g}{_in(one)}, which the models speak for."
        for one in found["ranges"]
        if not one["is_inside"]
    ]
    said += [
        f"{one['input']}: {one['value']:g}{_in(one)} is unusual; if it is in {one['suspected_unit']}, it is {one['converted']:g}{_in(one)}."
        for one in found["units"]
    ]
    distance = found["distance"]
    if distance is not None and distance["p"] is not None and distance["p"] < _RARE:
        share = f"{distance['p']:.1%}" if distance["p"] >= 0.001 else "less than 0.1 %"
        said.append(
            f"Together these inputs are unusual: {share} of the trials' participants lie as far from their middle (squared distance {distance['squared']:.1f}, {distance['df']} inputs)."
        )
    return said


def _range(one: Covariate, value: float) -> dict[str, Any]:
    low, high = one.usual
    is_inside = low <= value <= high
    return {"input": one.case, "value": value, "low": low, "high": high, "unit": one.unit, "is_inside": is_inside}


def _units(one: Covariate, value: float) -> list[dict[str, Any]]:
    return [
        {
            "input": one.case,
            "value": value,
            "unit": one.unit,
            "suspected_unit": other.unit,
            "converted": value * other.factor,
        }
        for other in one.other_units
        if value < other.below or value > other.above
    ]


def _distance(population: Population, known: Mapping[str, float]) -> dict[str, Any]:
    given = population.scaled({name: np.array([value]) for name, value in known.items()})[:, 0]
    kept = np.flatnonzero(np.isfinite(given))
    if not kept.size:
        return {"squared": None, "df": 0, "p": None}
    apart = given[kept] - population.mean[kept]
    squared = float(apart @ np.linalg.solve(population.covariance[np.ix_(kept, kept)], apart))
    return {"squared": squared, "df": int(kept.size), "p": float(chdtrc(kept.size, squared))}


def _in(one: dict[str, Any]) -> str:
    return f" {one['unit']}" if one["unit"] else ""
