"""Likelihoods of one subject and of a population."""
