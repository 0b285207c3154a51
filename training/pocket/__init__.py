"""The pocket base model: a tiny latent diffusion model, the world it is drawn from, and its weights."""
