"""The report of one patient with Crohn's disease."""
