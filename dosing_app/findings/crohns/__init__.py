"""What is said of one patient with Crohn's disease, in the language being spoken."""
