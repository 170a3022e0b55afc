"""Figures of the evaluation of pooled trials, and of the power of new ones."""
