"""The power of new trials between classes: outcomes simulated from the models, and the exact distribution of responders."""
