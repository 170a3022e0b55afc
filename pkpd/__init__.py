"""Population pharmacokinetics: data, models, compiled kernels, estimation and exposure."""
