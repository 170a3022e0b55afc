"""Levels with predictions and residuals, made up for figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.diagnostics.records import LevelRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

LOWER, UPPER = 0.5, 40.0


def made_up(n: int, kinds: Sequence[Censoring] = (Censoring.NONE,), seed: int = 1) -> LevelRecords:
    """Return ``n`` levels whose kinds of censoring take turns."""
    rng = np.random.default_rng(seed)
    censoring = np.array([int(kinds[i % len(kinds)]) for i in range(n)], dtype=np.int64)
    is_level = censoring == int(Censoring.NONE)
    level = np.where(is_level, np.exp(rng.normal(1.5, 1.0, n)), np.nan)
    residual = [np.where(is_level, rng.standard_normal(n), np.nan) for _ in range(3)]
    return LevelRecords(
        ids=tuple(f"P{i // 3}" for i in range(n)),
        line=np.arange(2, n + 2),
        time=np.linspace(0.0, 90.0, n),
        level=level,
        lower=np.full(n, LOWER),
        upper=np.full(n, UPPER),
        censoring=censoring,
        pred=np.exp(rng.normal(1.5, 0.8, n)),
        ipred=np.exp(rng.normal(1.5, 1.0, n)),
        iwres=residual[0],
        cwres=residual[1],
        npde=residual[2],
    )


def drawn_marks(svg: str, name: str) -> int:
    """Return how many marks all groups of a name hold: uses of a symbol, or paths of their own."""
    groups = re.findall(rf'<g data-marks="{name}">(.*?)(?=<g data-marks=|$)', svg, flags=re.DOTALL)
    return sum(_own(group).count("<use ") or _own(group).count("<path ") for group in groups)


def _own(group: str) -> str:
    """Return a group up to its own end."""
    depth = 1
    for tag in re.finditer(r"<g[ >]|</g>", group):
        depth += -1 if tag.group() == "</g>" else 1
        if not depth:
            return group[: tag.start()]
    return group


def path_numbers(svg: str) -> list[str]:
    """Return every word of every path and place in an SVG."""
    places: list[str] = re.findall(r' (?:d|x|y|transform|points)="([^"]*)"', svg)
    return " ".join(places).split()
