"""Conversion factors live in pkpd/units.py and nowhere else."""

from __future__ import annotations

import ast
import gc
from typing import TYPE_CHECKING

import pytest

from tests.architecture.project_files import ROOT, package_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

# hours and minutes, a week in hours, a day in minutes and seconds, and the powers of a thousand between SI prefixes
UNIT_FACTORS = frozenset({24, 60, 168, 1440, 3600, 86400, 1e3, 1e6, 1e9, 1e-3, 1e-6, 1e-9})
SCALINGS = (ast.Mult, ast.Div, ast.FloorDiv)


def scalings_by_unit_factors(source: str) -> Iterator[tuple[int, float]]:
    """Yield line and factor of each product or quotient with a conversion factor."""
    # A garbage collection inside the parser makes CPython 3.11 report a wrong recursion depth (its issue 106905).
    gc.disable()
    try:
        tree = ast.parse(source)
    finally:
        gc.enable()
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, SCALINGS):
            operands = [node.left, node.right]
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, SCALINGS):
            operands = [node.value]
        else:
            continue
        for operand in operands:
            if isinstance(operand, ast.Constant) and type(operand.value) in {int, float}:
                factor = operand.value
                if factor in UNIT_FACTORS:
                    yield node.lineno, float(str(factor))


@pytest.mark.parametrize("source", ["x * 24", "24.0 * x", "x / 60", "x // 168", "x *= 1e-3", "f(2 * (x / 1_000_000))"])
def test_a_scaling_by_a_unit_factor_is_found(source: str):
    assert list(scalings_by_unit_factors(source))


@pytest.mark.parametrize("source", ["x + 24", "range(24)", "2 * x", "x < 1000", "1e-6", "x * HOURS_PER_DAY"])
def test_other_uses_of_numbers_are_left_alone(source: str):
    assert not list(scalings_by_unit_factors(source))


def test_units_are_converted_in_units_only():
    exempt = (ROOT / "pkpd" / "units.py", ROOT / "pkpd" / "kernels")
    found = [
        f"{path.relative_to(ROOT)}:{line}: scaling by {factor:g}; give pkpd/units.py a function for it"
        for path in package_sources()
        if not any(path.is_relative_to(place) for place in exempt)
        for line, factor in scalings_by_unit_factors(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)
