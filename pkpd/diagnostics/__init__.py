"""How well a fitted model describes its data."""
