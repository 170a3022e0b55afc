"""Predictions and virtual populations."""
