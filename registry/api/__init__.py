"""The native API of the registry: a thin slice over its services, search and downloads."""
