"""How well a model of event times predicts: discrimination, thresholds, calibration."""

from __future__ import annotations
