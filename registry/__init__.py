"""The registry: embeddings, their versions and files, and the pages and API to share them."""
