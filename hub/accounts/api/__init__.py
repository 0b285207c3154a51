"""The native API of accounts: who am I, and my tokens."""
