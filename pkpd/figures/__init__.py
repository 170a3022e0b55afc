"""Figures of fits, as SVG and as pages that hold their data."""
