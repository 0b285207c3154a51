"""The page of an embedding and what stands on it, and the pages of its owner."""
