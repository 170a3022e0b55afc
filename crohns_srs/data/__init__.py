"""What an analysis reads: its configuration, and the table of participants."""
