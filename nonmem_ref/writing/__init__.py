"""A model of the engine and its cohort as a control stream and a data set that NONMEM runs as they are."""
