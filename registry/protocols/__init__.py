"""The protocols of other hubs, each a thin slice over the same services."""
