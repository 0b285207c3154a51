"""Reading and writing textual-inversion files: stdlib and numpy only, no Django, no torch."""
