"""Which words a base family knows already, where its tokenizer's word list lies on this machine."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from django.conf import settings


def is_word(family: str, token: str) -> bool:
    """Whether a token is one word of a family's vocabulary; False where the vocabulary is not at hand."""
    path = settings.VOCABULARIES.get(family)
    return path is not None and is_word_of(path, token)


def is_word_of(path: Path, token: str) -> bool:
    """Whether a token is one word of the vocabulary in ``path``, a CLIP tokenizer's ``vocab.json``; False where there is no such file.

    CLIP's tokenizers lower-case, and mark the end of a word.
    """
    try:
        words = _vocabulary(path)
    except OSError:
        return False
    return token in words or token.lower() + "</w>" in words


@functools.lru_cache(maxsize=8)
def _vocabulary(path: Path) -> frozenset[str]:
    return frozenset(json.loads(path.read_text(encoding="utf-8")))
