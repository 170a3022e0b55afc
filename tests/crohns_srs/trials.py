"""A small table of drawn trials with two classes and three covariates, and its configuration: nothing of the published analysis is in it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
schema = "asuc-crohns-config/1"
id = "two_classes"
title = "drawn trials"
[outcome]
column = "fall"
unit = "points"
response = [10]
low = -500
high = 500
[trial]
column = "study"
[treatment]
column = "arm"
placebo = "none"
[[classes]]
id = "old"
treatment = "A"
title = "old drugs"
[[classes]]
id = "new"
treatment = "B"
title = "new drugs"
[[covariates]]
name = "season"
column = "season"
title = "season"
kind = "continuous"
centre = 10
stage = "placebo"
[[covariates]]
name = "age"
column = "age"
title = "age"
unit = "year"
kind = "continuous"
centre = 40
low = 0
high = 120
[[covariates]]
name = "male"
column = "male"
title = "male"
kind = "binary"
"""
HEAD = ("study", "arm", "season", "age", "male", "fall")


def rows(seed: int = 0) -> list[dict[str, Any]]:
    """Draw 240 participants of six trials, of which each class has three."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for study in range(6):
        effect = 4.0 * rng.standard_normal()
        season = float(rng.integers(0, 20))
        for i in range(40):
            arm = "none" if i < 16 else ("A", "B")[study % 2]
            age, male = round(rng.uniform(18.0, 75.0), 1), int(rng.random() < 0.5)
            drug = {"none": 0.0, "A": 8.0 - 0.3 * (age - 40.0), "B": 5.0 + 3.0 * male}[arm]
            fall = 20.0 + 0.2 * (age - 40.0) - 0.4 * (season - 10.0) + drug + effect + 12.0 * rng.standard_normal()
            found.append(dict(zip(HEAD, (f"S{study}", arm, season, age, male, round(fall, 3)), strict=True)))
    return found


def written(folder: Path, participants: list[dict[str, Any]], config: str = CONFIG) -> tuple[str, str]:
    """Write a table and a configuration, and return their paths."""
    table, file = folder / "participants.csv", folder / "trials.toml"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, participants[0].keys())
        writer.writeheader()
        writer.writerows(participants)
    file.write_text(config, encoding="utf-8")
    return str(table), str(file)
