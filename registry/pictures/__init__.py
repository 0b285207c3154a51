"""Pictures of embeddings: taken in, drawn, marked, made in the sizes that pages need, and shown."""
