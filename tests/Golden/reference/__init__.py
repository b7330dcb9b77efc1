"""Plain forward passes of the four families, written from their formulas and not from the program's code."""
