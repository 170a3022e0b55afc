"""What is said of a computed case, alike on the screen and in the report: numbers, names, sentences, rows, places on figures."""
