"""The native API of webhooks."""
