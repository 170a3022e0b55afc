"""Parametric time-to-event analysis."""
