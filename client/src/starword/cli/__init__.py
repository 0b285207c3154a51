"""The command line ``starword``, a thin slice over :class:`starword.Hub`."""
