"""Sequential regression and simulation for Crohn's disease: mixed models of pooled trials, one for each drug class."""
