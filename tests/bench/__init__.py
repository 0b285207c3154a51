"""The benchmarks: ``make bench`` prints one JSON object a line."""
