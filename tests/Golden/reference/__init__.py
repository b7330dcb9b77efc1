"""Plain forward passes of all families, written from their formulas and not from the program's code."""
