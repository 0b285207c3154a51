"""The wizard: drafts of training jobs, their pictures and what is said of them, and the three pages that put a job together."""
