"""Event times and concentrations together: one likelihood, so that the uncertainty of the exposure enters the hazard's estimates."""

from __future__ import annotations
