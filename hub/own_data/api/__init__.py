"""The native API of one's own data."""
