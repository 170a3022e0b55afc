"""The comparison of NONMEM runs as a page, and as tables."""
