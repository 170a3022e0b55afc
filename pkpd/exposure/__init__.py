"""Exposure metrics of a posterior."""
