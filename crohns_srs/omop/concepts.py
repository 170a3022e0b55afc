"""What is looked for in a database, by name: from the shipped file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CROHNS, ILEAL, COLONIC, ABOVE_ILEUM = "crohns", "ileal", "colonic", "above_ileum"
"""Groups of conditions."""
ANTI_TNF, ANTI_IL12_23, ANTI_INTEGRIN = "anti_tnf", "anti_il12_23", "anti_integrin"
"""Classes of biologics, called as the models' classes are."""
BIOLOGICS = (ANTI_TNF, ANTI_IL12_23, ANTI_INTEGRIN)
"""Those classes."""
STEROID, IMMUNOMODULATOR = "steroid", "immunomodulator"
"""Other groups of drugs."""
_FILE = Path(__file__).resolve().parents[1] / "library" / "omop_concepts.toml"
_OPTIONAL = "_optional"


@dataclass(frozen=True, slots=True)
class Concepts:
    """Names and ids.

    Parameters
    ----------
    conditions : dict of str to tuple of int
        Ids of each group of conditions; their descendants belong to it.
    ingredients : dict of str to tuple of str
        Names of RxNorm's ingredients in each group of drugs.
    measurements : dict of str to tuple of str
        Codes of LOINC for each kind of measurement.
    routes_systemic, routes_unknown : frozenset of str
        Names of routes into the whole body, and of those that say nothing.
    dose_forms_systemic : tuple of str
        Beginnings of the names of dose forms that go into the whole body.
    """

    conditions: dict[str, tuple[int, ...]]
    ingredients: dict[str, tuple[str, ...]]
    measurements: dict[str, tuple[str, ...]]
    routes_systemic: frozenset[str]
    routes_unknown: frozenset[str]
    dose_forms_systemic: tuple[str, ...]


@cache
def shipped_concepts() -> Concepts:
    """Return what is looked for; the file is read once per process."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return Concepts(
        {group: tuple(ids) for group, ids in data["conditions"].items()},
        {group: tuple(names) for group, names in data["ingredients"].items()},
        {kind: tuple(codes) for kind, codes in data["measurements"].items()},
        frozenset(data["routes"]["systemic"]),
        frozenset(data["routes"]["unknown"]),
        tuple(data["dose_forms"]["systemic"]),
    )


def ingredients_of(group: str, *, with_optional: bool) -> tuple[str, ...]:
    """Return the ingredients of a group of drugs, with those that count only where they are asked for, or without."""
    known = shipped_concepts().ingredients
    return (*known[group], *(known.get(group + _OPTIONAL, ()) if with_optional else ()))
