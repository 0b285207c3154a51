"""Training jobs: from submitted images to a published draft."""
