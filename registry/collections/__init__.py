"""Collections of embeddings: what people do with them, and their pages."""
