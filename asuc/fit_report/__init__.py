"""The report of a population fit, bound from the files of its folder."""
