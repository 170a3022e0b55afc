"""Compiled formulas on numbers and arrays; nothing above is visible here."""
