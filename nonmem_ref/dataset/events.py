"""Events: EVID and MDV where $INPUT has none, and what NM-TRAN and PREDPP refuse of an event record.

Sources: NONMEM Users Guide IV, V.B (generated EVID and MDV); help on EVID, TIME and $DATA; Guide VI, V (event records).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nonmem_ref.dataset.faults import Faults
    from pkpd.arrays import BoolArray, FloatArray, IntArray

    _Note: TypeAlias = Callable[[BoolArray, str, str], None]

OBSERVATION, DOSE, OTHER, RESET, RESET_DOSE = 0, 1, 2, 3, 4
_NEVER_OBSERVED = (1, 101)
_DOSING = ("AMT", "RATE", "SS", "II", "ADDL")
_MODELLED_RATE, _MODELLED_DURATION = -1, -2
_LARGEST_SHOWN = 1e12


def event_types(columns: Mapping[str, FloatArray], n: int) -> FloatArray:
    """Return EVID of each record: as given, or as NM-TRAN generates it.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        Data items.
    n : int
        Number of records.
    """
    if "EVID" in columns:
        return columns["EVID"]
    zeros = np.zeros(n)
    is_dose = np.logical_or.reduce([columns.get(name, zeros) != 0.0 for name in ("AMT", "RATE", "SS")])
    # Since NONMEM 7, a record that is no dose and is said to be no observation is of type 2.
    is_other = np.isin(columns.get("MDV", zeros), _NEVER_OBSERVED)
    return np.where(is_dose, DOSE, np.where(is_other, OTHER, OBSERVATION)).astype(np.float64)


def missing_values(columns: Mapping[str, FloatArray], evid: FloatArray) -> FloatArray:
    """Return MDV of each record: as given, or 0 for observations and 1 for all else."""
    return columns.get("MDV", (evid != OBSERVATION).astype(np.float64))


def check_events(columns: Mapping[str, FloatArray], is_first: BoolArray, lines: IntArray, faults: Faults) -> None:
    """Note every record that PREDPP refuses.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        Data items, EVID, MDV and TIME among them.
    is_first : (n,) array
        Which records are the first of an individual.
    lines : (n,) array
        Line of each record.
    faults : Faults
        Where they are noted.
    """
    evid, mdv = columns["EVID"], columns["MDV"]

    def note(where: BoolArray, name: str, expected: str) -> None:
        values = columns[name]
        # Of a cell that is no number that has been told.
        is_read = where & ~np.isnan(values)
        faults.add_rows(is_read, lines, name, lambda row: f"is {number_text(values[row])}; expected {expected}")

    is_known = np.isin(evid, (OBSERVATION, DOSE, OTHER, RESET, RESET_DOSE))
    note(~is_known, "EVID", "0 (observation), 1 (dose), 2 (other), 3 (reset) or 4 (reset and dose)")
    note(~np.isin(mdv, (0, 1, 100, 101)), "MDV", "0 or 1")
    note(is_known & (evid != OBSERVATION) & np.isin(mdv, (0, 100)), "MDV", "1 in a record that is no observation")
    is_dose = np.isin(evid, (DOSE, RESET_DOSE))
    given = [name for name in _DOSING if name in columns]
    for name in given:
        note(is_known & ~is_dose & (columns[name] != 0.0), name, "0 in a record that is no dose (EVID 0, 2 or 3)")
    _check_doses(columns, is_dose, note)
    _check_times(columns, is_first, lines, faults)


def _check_doses(columns: Mapping[str, FloatArray], is_dose: BoolArray, note: _Note) -> None:
    """Note doses that are none, and further doses or steady states without an interval."""
    zeros = np.zeros(is_dose.size)
    amount, rate, steady, interval, extra = (columns.get(name, zeros) for name in _DOSING)
    if "AMT" in columns:
        note(is_dose & (amount < 0.0), "AMT", "an amount above 0 in a dose")
        # An infusion at steady state has a rate and no amount.
        is_endless = (rate > 0.0) & (steady != 0.0) & (interval == 0.0)
        note(is_dose & (amount == 0.0) & ~is_endless, "AMT", "an amount above 0 in a dose (EVID 1 or 4)")
    else:
        note(is_dose, "EVID", "the data item AMT beside doses")
    if "RATE" in columns:
        is_modelled = np.isin(rate, (_MODELLED_RATE, _MODELLED_DURATION))
        note(
            is_dose & (rate < 0.0) & ~is_modelled,
            "RATE",
            "a rate of at least 0, or -1 (rate) or -2 (duration) of the model",
        )
    if "SS" in columns:
        note(is_dose & ~np.isin(steady, (0, 1, 2, 3)), "SS", "0, 1, 2 or 3")
        is_stated = is_dose & np.isin(steady, (1, 2, 3)) & (amount != 0.0) & ~(interval > 0.0)
        note(is_stated, "SS", "an interval II above 0 beside a steady state")
    if "ADDL" in columns:
        note(is_dose & ((extra % 1.0 != 0.0) | (extra < 0.0)), "ADDL", "a whole number of further doses")
        note(is_dose & (extra > 0.0) & ~(interval > 0.0), "ADDL", "an interval II above 0 beside further doses")


def _check_times(columns: Mapping[str, FloatArray], is_first: BoolArray, lines: IntArray, faults: Faults) -> None:
    """Note times that decrease within an individual other than at a reset."""
    time = columns["TIME"]
    goes_back = (
        np.concatenate(([False], np.diff(time) < 0.0)) & ~is_first & ~np.isin(columns["EVID"], (RESET, RESET_DOSE))
    )

    def message(row: int) -> str:
        before = f"{number_text(time[row - 1])} in the record before (line {lines[row - 1]})"
        return f"{number_text(time[row])} follows {before}; expected times in order, but at a reset or a new ID"

    faults.add_rows(goes_back, lines, "TIME", message)


def number_text(value: float) -> str:
    """Return a number as a message shows it."""
    return f"{value:.0f}" if abs(value) < _LARGEST_SHOWN and value == round(value) else f"{value:g}"
