"""The Hugging Face Hub protocol, as its clients speak it when ``HF_ENDPOINT`` names this hub."""
