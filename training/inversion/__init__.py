"""The inversion engine: plain PyTorch and diffusers, usable without the site."""
