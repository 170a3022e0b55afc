"""Decisions about the next infusions, and the screen that shows them."""
