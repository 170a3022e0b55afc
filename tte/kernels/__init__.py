"""Compiled likelihoods of event times; nothing above is visible here."""

from __future__ import annotations
