"""Numbers in sentences and tables."""

from __future__ import annotations

import math

import pytest

from pkpd.wording import decimals_of


@pytest.mark.parametrize(
    ("spread", "figures", "least", "decimals"),
    [
        (90.0, 3, 1, 1),
        (250.0, 3, 1, 1),
        (9.5, 3, 1, 2),
        (1.65, 3, 1, 2),
        (0.00165, 3, 1, 5),
        (100.0, 2, 0, 0),
        (2.1, 2, 0, 1),
        (0.0, 3, 1, 1),
        (math.inf, 3, 1, 1),
        (math.nan, 2, 0, 0),
    ],
)
def test_decimals_follow_the_size_of_differences(spread: float, figures: int, least: int, decimals: int):
    assert decimals_of(spread, figures=figures, least=least) == decimals
