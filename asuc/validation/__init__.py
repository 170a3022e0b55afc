"""External validation: a published model of concentrations and one of events against the patients of another cohort."""
