"""Reports on pooled trials: how far their models can be trusted, and the power of new trials."""
