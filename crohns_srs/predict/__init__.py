"""What the models say of one patient: expected effects of each class, their differences, and how sure that is."""
