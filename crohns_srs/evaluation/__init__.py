"""How far the two-stage models can be trusted: held-out trials, other learners, resamples, permuted treatments, and what their rule is worth."""
