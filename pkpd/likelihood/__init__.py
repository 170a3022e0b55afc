"""Objectives of a population: NONMEM's conditional approximations and the exact marginal likelihood."""
