"""Event model files that the tests start from."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tte
from tte.model.build import build_event_model
from tte.model.schema import EventModelFile

if TYPE_CHECKING:
    from tte.model.event_model import EventModel

LIBRARY = Path(str(tte.__file__)).parent / "library"
SHIPPED = (LIBRARY / "niyigena_2026_asuc.toml").read_text(encoding="utf-8")

# Of the size a refit of the published cohort would give; ln λ and γ strongly correlated, as they always are.
MATRIX = [[1.10, -0.25, 0.02], [-0.25, 0.062, -0.001], [0.02, -0.001, 0.048]]


def shipped() -> dict[str, Any]:
    return tomllib.loads(SHIPPED)


def build(data: dict[str, Any]) -> EventModel:
    return build_event_model(EventModelFile.model_validate(data), "m.toml", "0" * 64)


@cache
def with_coding(coding: str) -> EventModel:
    # the check values away from the anchor are those of proportional hazards
    return build(shipped() | {"coding": coding, "checks": {}})


def refitted(matrix: list[list[float]] | None = None) -> EventModel:
    return build(shipped() | {"uncertainty": {"kind": "covariance", "matrix": matrix or MATRIX}})


def held() -> EventModel:
    return build(shipped() | {"uncertainty": {"kind": "none"}})
