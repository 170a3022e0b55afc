"""Fits of event times by maximum likelihood: estimates, their uncertainty, and comparisons."""

from __future__ import annotations
