"""A run of NONMEM recomputed by the engine, number by number."""
