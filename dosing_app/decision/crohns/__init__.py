"""One patient with Crohn's disease: what is entered, and what the models of pooled trials say of it."""
