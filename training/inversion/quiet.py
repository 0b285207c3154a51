"""Silence while the libraries load or convert: their progress bars and advice are not meant for our users."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from diffusers.utils import logging as diffusers_logging
from huggingface_hub.utils import logging as hub_logging
from transformers.utils import logging as transformers_logging


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Errors only from diffusers, transformers and the hub's client inside the block; their own settings are back after it."""
    libraries = (diffusers_logging, transformers_logging)
    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for library in libraries]
    before_hub = hub_logging.get_verbosity()
    hub_logging.set_verbosity_error()  # it tells each of its attempts to reach a hub
    for library in libraries:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # on configurations written by older releases
            yield
    finally:
        hub_logging.set_verbosity(before_hub)
        for library, (verbosity, bars) in zip(libraries, before, strict=True):
            library.set_verbosity(verbosity)
            if bars:
                library.enable_progress_bar()
