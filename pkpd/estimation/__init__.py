"""Estimates of one subject's random effects: the mode and the exact posterior."""
