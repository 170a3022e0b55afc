"""Installation and operational qualification: what is installed, checks with results computed another way, and requirements with their tests."""
