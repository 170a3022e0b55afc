"""What was typed on a screen, where it is not what a case holds: other units, other spellings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Typed:
    """Texts as typed.

    Parameters
    ----------
    covariates : mapping of str to str
        By name, with their unit.
    doses, planned, samples : tuple of str
        The amount of each dose and the level of each sample, in the order of the case; empty where it is as in the case.
    """

    covariates: Mapping[str, str] = field(default_factory=dict[str, str])
    doses: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()


NOTHING_TYPED = Typed()
"""For a case that comes from a file."""
