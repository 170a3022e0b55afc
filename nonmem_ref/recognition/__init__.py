"""What of a NONMEM model the engine has: parameters, covariate effects, random effects and residual error recognized in code."""
