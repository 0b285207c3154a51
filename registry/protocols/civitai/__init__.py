"""The Civitai protocol, as its clients speak it when this hub's address stands in the place of Civitai's."""
