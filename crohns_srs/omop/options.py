"""What counts as an input: how far back is looked, and what is trusted."""

from __future__ import annotations

from dataclasses import dataclass

BMI, WEIGHT, HEIGHT, CRP, CDAI = "bmi", "weight", "height", "crp", "cdai"
"""Kinds of measurements."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Rules by which inputs are read.

    Parameters
    ----------
    bmi_days, crp_days, cdai_days : int
        How far a measurement may lie before the index date [day].
    history_days : int
        How long somebody must have been observed before the index date for "never had anti-TNF" [day].
    gap_days : int
        How long before the index date observation may have ended [day].
    current_days : int
        How far an exposure may be from the index date and still count as current [day].
    supply_days : int
        How long an exposure lasts of which neither end nor supply is recorded [day].
    high_sensitivity : bool
        Whether high-sensitivity CRP counts as CRP.
    golimumab : bool
        Whether golimumab counts as an anti-TNF.
    drug_era : bool
        Whether the table drug_era is read for the history too.
    cdai_concepts : tuple of int
        Concepts of measurements and observations that hold the CDAI.
    cdai_sources : tuple of str
        Source values that do.
    assumed_cdai : float or None
        What stands where there is none, if that is asked for.
    units : tuple of (str, str, str)
        Kind of measurement, source value of its unit, and the UCUM code that it means; where the unit has no concept.
    """

    bmi_days: int = 365
    crp_days: int = 90
    cdai_days: int = 30
    history_days: int = 365
    gap_days: int = 0
    current_days: int = 0
    supply_days: int = 30
    high_sensitivity: bool = False
    golimumab: bool = False
    drug_era: bool = False
    cdai_concepts: tuple[int, ...] = ()
    cdai_sources: tuple[str, ...] = ()
    assumed_cdai: float | None = None
    units: tuple[tuple[str, str, str], ...] = ()
