"""Finding embeddings: the first page, its filters and search, feeds and the map of the site."""
