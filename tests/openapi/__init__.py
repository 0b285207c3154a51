"""schemathesis holds the native API to its own OpenAPI description."""
