"""Small random data sets for tests of mixed models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crohns_srs.design import Design, create_design, grouping, nested
from tests.oracles.mixed_model import DenseModel, indicators


class Drawn(NamedTuple):
    """A design with an outcome, and the same as dense matrices."""

    design: Design
    outcome: np.ndarray
    dense: DenseModel


def drawn(seed: int, *, sizes: tuple[int, ...] = (9, 1, 4, 1, 14, 6), sd_group: float = 2.0, second: str = "") -> Drawn:
    """Draw a data set; groups differ in size, single rows included, and a covariate differs between groups.

    `second` is "", "crossed" or "nested".
    """
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(len(sizes)), sizes)
    n = code.size
    age = rng.normal(40.0, 12.0, n) + 5.0 * rng.standard_normal(len(sizes))[code]
    sex = (rng.random(n) < 0.5).astype(float)
    first = grouping("Trial", [f"T{i:02d}" for i in code])
    groupings = [first]
    if second:
        sites = grouping("Site", [f"S{i}" for i in rng.integers(0, 4, n)])
        groupings.append(nested(first, sites) if second == "nested" else sites)
    design = create_design("data", {"age": age, "sex": sex}, groupings)
    y = 10.0 + 0.3 * age - 2.0 * sex + 3.0 * rng.standard_normal(n)
    for one in groupings:
        y = y + sd_group * rng.standard_normal(len(one.levels))[one.code]
    return Drawn(design, y, DenseModel(y, design.matrix, tuple(indicators(one.code) for one in groupings)))
