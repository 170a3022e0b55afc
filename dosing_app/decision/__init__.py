"""What to do next for one patient: the checked case, the forecast, its applicability and the regimens. No screen here."""
