"""Studies by simulation whose results stand in docs/validation; `python -m studies NAME` makes one anew."""
