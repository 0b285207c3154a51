"""Speed beside the classic loop, on real and on random weights."""
