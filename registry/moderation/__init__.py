"""Reports, what staff decide on them, and the log of everything that staff do."""
