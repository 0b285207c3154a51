"""What the registry's templates need beside the framework's."""
