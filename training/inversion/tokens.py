"""The placeholder token, and where it stands in a prompt.

Token ids stay inside the vocabulary: a prompt carries an ordinary, small id where the placeholder's vectors belong, and
the input embedding is replaced there. Text encoders find the pooled position by the end token's id or, with an older
configuration, by the largest id of a prompt: neither an end token nor an id beyond the vocabulary may stand there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.inversion.errors import BadConfig, TokenInVocabulary

#: In a prompt's row map: this position is an ordinary word.
ORDINARY = -1


@dataclass(frozen=True, slots=True)
class Prompts:
    """Tokenised prompts.

    ``ids`` int64 [B, L]; ``rows`` int64 [B, L], the index of the vector that replaces the input embedding there,
    or :data:`ORDINARY`.
    """

    ids: Tensor
    rows: Tensor

    def to(self, device: torch.device) -> Prompts:
        """The same prompts on a device."""
        return Prompts(self.ids.to(device), self.rows.to(device))

    def __getitem__(self, numbers: Tensor) -> Prompts:
        """Those of the prompts, by their numbers int64 [K]."""
        return Prompts(self.ids[numbers], self.rows[numbers])


def word_ids(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a piece of a prompt, without begin and end tokens."""
    if not text.strip():
        return []
    # Not verbose: a prompt that is too long is cut later, and needs no advice before.
    return list(tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids)


def tokenise(tokenizer: Any, prompts: Sequence[str], token: str | None = None, vectors: int = 0) -> Prompts:
    """Tokenise prompts, giving each occurrence of ``token`` the places of its ``vectors`` vectors.

    Words beyond the encoder's length are cut off, as everywhere in the field.
    """
    length = tokenizer.model_max_length
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = end if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    ids = torch.full((len(prompts), length), pad, dtype=torch.int64)
    rows = torch.full((len(prompts), length), ORDINARY, dtype=torch.int64)
    for index, prompt in enumerate(prompts):
        line, marks = [begin], [ORDINARY]
        for number, piece in enumerate(prompt.split(token) if token else [prompt]):
            if number:
                line += [_stand_in(end, pad)] * vectors
                marks += range(vectors)
            words = word_ids(tokenizer, piece)
            line += words
            marks += [ORDINARY] * len(words)
        line, marks = [*line[: length - 1], end], [*marks[: length - 1], ORDINARY]
        ids[index, : len(line)] = torch.tensor(line)
        rows[index, : len(marks)] = torch.tensor(marks)
    return Prompts(ids, rows)


def without_room(tokenizer: Any, prompts: Sequence[str], token: str, vectors: int) -> list[int]:
    """Positions of the prompts at whose end the last of the token's ``vectors`` vectors is cut off."""
    last = tokenise(tokenizer, prompts, token, vectors).rows.amax(dim=-1)
    return (last < vectors - 1).nonzero().flatten().tolist()


def _stand_in(end: int, pad: int) -> int:
    """An ordinary id to stand under a spliced vector: never the end token, whose first place is where pooling looks."""
    return next(candidate for candidate in range(3) if candidate not in (end, pad))


def check_new(tokenizer: Any, token: str) -> None:
    """Raise :class:`BadConfig` for a token that prompts cannot hold as it is written, :class:`TokenInVocabulary` for a word."""
    read = as_read(tokenizer, token)
    if read != token:
        # diffusers finds such a token, but only the first of its vectors.
        raise BadConfig(
            "placeholder_token",
            f"This base model reads {token} as {read}. Write the placeholder token that way.",
        )
    if len(word_ids(tokenizer, token)) == 1:
        raise TokenInVocabulary(
            f"{token} is already a word of this base model. Choose a new one, for example <{token.strip('<>')}-1>."
        )


def as_read(tokenizer: Any, text: str) -> str:
    """The text as the tokenizer sees it, which for CLIP is in lower case."""
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    return normalizer.normalize_str(text) if normalizer else text
