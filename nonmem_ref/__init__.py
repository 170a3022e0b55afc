"""NONMEM: its files read, its runs recomputed, and models handed back to it."""
