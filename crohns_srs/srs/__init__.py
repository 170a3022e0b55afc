"""Sequential regression: a placebo model, what drugs add to it, and one model of that for each class."""
