"""The native API of training: base models and jobs."""
