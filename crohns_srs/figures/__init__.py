"""Figures of pooled trials: subgroups of patients, evaluation of the models, and the power of new trials."""
