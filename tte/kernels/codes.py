"""Numbers that stand for names in compiled code."""

from __future__ import annotations

# Hazards.
EXPONENTIAL, WEIBULL, GOMPERTZ, LOGLOGISTIC, LOGNORMAL, SURGE = 0, 1, 2, 3, 4, 5

# What a row says of its end: nothing happened; the event; the event between two times.
RIGHT_CENSORED, EVENT, INTERVAL = 0, 1, 2

# How a search ended.
CONVERGED, MONOTONE, NOT_FLAT, NO_START = 0, 1, 2, 3

MOST_PARAMETERS = 3
