"""What is known of the subjects."""
