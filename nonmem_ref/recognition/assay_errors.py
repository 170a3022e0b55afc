"""Observations with residual errors of their own, as those of several assays: which they are, and the data item that tells them apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.recognition.atoms import NotRecognizedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pkpd.arrays import BoolArray, FloatArray

_CLOSE, _NOTHING = 1e-7, 1e-12
_MOST_ASSAYS = 30
# Codes that stand in the name of an assay.
_MOST_NAMED = 3
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")


def alike(numbers: FloatArray) -> list[BoolArray]:
    """Return which observations have the same numbers, one mask for each kind of observation: the first observation's kind first.

    Parameters
    ----------
    numbers : (n_numbers, n) array
        Numbers of each observation: derivatives of Y at several predictions and values of THETA.

    Raises
    ------
    NotRecognizedError
        Where there are more kinds than any study has assays.
    """
    left = np.ones(numbers.shape[1], dtype=bool)
    found: list[BoolArray] = []
    while left.any():
        if len(found) == _MOST_ASSAYS:
            raise NotRecognizedError(
                f"gives Y an error that differs between records in more than {_MOST_ASSAYS} ways; "
                "expected one that depends on the prediction alone, or one for each assay"
            )
        one = numbers[:, int(np.argmax(left))]
        same = left & np.isclose(numbers, one[:, None], rtol=_CLOSE, atol=_NOTHING, equal_nan=True).all(axis=0)
        found.append(same)
        left &= ~same
    return found


def told_apart(
    kinds: Sequence[BoolArray], items: Mapping[str, FloatArray], is_quantified: BoolArray
) -> tuple[list[str], list[BoolArray]]:
    """Return the name of each kind of observation, and which records it has.

    Parameters
    ----------
    kinds : sequence of (n_records,) arrays
        Which of the quantified observations are of each kind.
    items : mapping of str to (n_records,) array
        Data items that the code reads.
    is_quantified : (n_records,) array
        Which records are quantified observations.

    Returns
    -------
    names, records
        METHOD_2 where a data item is 2 in all records of the kind and in no other's; its records are then all those with that value.
        Where no item tells them apart, a number and the quantified observations alone.
    """
    for name, values in items.items():
        codes = [np.unique(values[kind]) for kind in kinds]
        every = np.concatenate(codes)
        if np.unique(every).size == every.size and np.isin(values[is_quantified], every).all():
            return list(_names(name, codes)), [np.isin(values, own) for own in codes]
    return [f"ERROR_{i}" for i in range(1, len(kinds) + 1)], list(kinds)


def _names(item: str, codes: Sequence[FloatArray]) -> Iterator[str]:
    """Yield the names of kinds by the codes that an item has there."""
    for i, own in enumerate(codes, start=1):
        few = "_".join(f"{code:g}".replace("-", "m").replace(".", "p").replace("+", "") for code in own)
        yield _NO_NAME.sub("_", f"{item}_{few}" if own.size <= _MOST_NAMED else f"{item}_GROUP_{i}")
