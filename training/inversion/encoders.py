"""The frozen text encoders of a base model, one or two, and how a placeholder's vectors get into them.

A word's vectors are rows [n, d] whose columns are those of all encoders side by side: in Stable Diffusion XL the first 768
belong to the first encoder and the other 1280 to the second. Both read the same tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.inversion.tokens import ORDINARY, Prompts, word_ids


class SplicedEmbedding(nn.Module):
    """Wraps a text encoder's token embedding; while prompts are set, replaces the marked places by given vectors."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self.table = table
        # A pair, since a module would take a bare Parameter for one of its own weights and refuse plain tensors after it.
        self._spliced: tuple[Tensor, Tensor] | None = None

    @property
    def weight(self) -> Tensor:
        """The vocabulary's table [V, d], which text encoders ask for its type and size."""
        return self.table.weight

    @contextmanager
    def using(self, rows: Tensor, vectors: Tensor) -> Iterator[None]:
        """Splice ``vectors`` [M, d] wherever ``rows`` [B, L] is not :data:`ORDINARY`, inside the block."""
        self._spliced = rows, vectors
        try:
            yield
        finally:
            self._spliced = None

    def forward(self, ids: Tensor) -> Tensor:
        """Input embeddings [B, L, d] of token ids [B, L]."""
        words = self.table(ids)
        if self._spliced is None:
            return words
        rows, vectors = self._spliced
        return torch.where((rows == ORDINARY).unsqueeze(-1), words, vectors[rows.clamp(min=0)].to(words.dtype))


def splice_into(text_encoder: Any) -> SplicedEmbedding:
    """Wrap a text encoder's token embedding once and return the wrapper."""
    table = text_encoder.get_input_embeddings()
    if isinstance(table, SplicedEmbedding):
        return table
    wrapper = SplicedEmbedding(table)
    text_encoder.set_input_embeddings(wrapper)
    return wrapper


@dataclass(frozen=True, slots=True)
class Encoder:
    """One text encoder."""

    tokenizer: Any
    model: Any
    splice: SplicedEmbedding  #: wraps its token embedding
    median_norm: float  #: median Euclidean norm of its vocabulary's input vectors

    @classmethod
    def of(cls, tokenizer: Any, model: Any) -> Encoder:
        """Wrap a text encoder's token embedding, once."""
        # Published tokenizers do not always say how long a prompt may be; the encoder has no places for more.
        tokenizer.model_max_length = min(tokenizer.model_max_length, model.config.max_position_embeddings)
        splice = splice_into(model)
        return cls(tokenizer, model, splice, float(splice.weight.detach().float().norm(dim=-1).median()))

    @property
    def width(self) -> int:
        """Numbers in an input vector."""
        return int(self.splice.weight.shape[1])

    def padded(self, ids: Tensor) -> Tensor:
        """Token ids [B, L] with what follows the end as this encoder's tokenizer pads; the words are the same in all."""
        pad, end = self.tokenizer.pad_token_id, self.tokenizer.eos_token_id
        ends = ids == end
        return ids if pad is None else ids.masked_fill(ends.cumsum(dim=-1) - ends.long() > 0, pad)


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What the UNet is told of prompts."""

    states: Tensor  #: [B, L, d], attended to
    pooled: Tensor | None = None  #: [B, p], added to the timestep in Stable Diffusion XL

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, index: Any) -> Conditioning:
        """Those of some prompts, by numbers or a slice."""
        return Conditioning(self.states[index], None if self.pooled is None else self.pooled[index])

    @staticmethod
    def cat(parts: Sequence[Conditioning]) -> Conditioning:
        """Those of all parts, one after the other."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return Conditioning(torch.cat([part.states for part in parts]), torch.cat(pooled) if pooled else None)


def encode(encoders: Sequence[Encoder], prompts: Prompts, vectors: Tensor | None = None) -> Conditioning:
    """Encode prompts, with ``vectors`` [n, d] of all encoders side by side wherever the prompts have their marks."""
    ids = [encoder.padded(prompts.ids) for encoder in encoders]
    models = [encoder.model for encoder in encoders]
    if vectors is None:
        return condition(models, ids)
    with _spliced(encoders, prompts.rows, vectors):
        return condition(models, ids)


def condition(models: Sequence[Any], ids: Sequence[Tensor]) -> Conditioning:
    """Run text encoders over token ids [B, L] each: one for Stable Diffusion 1 and 2, two for XL, as their UNets were trained."""
    if len(models) == 1:
        return Conditioning(models[0](ids[0])[0])
    answers = [model(each, output_hidden_states=True) for model, each in zip(models, ids, strict=True)]
    states = torch.cat([answer.hidden_states[-2] for answer in answers], dim=-1)
    return Conditioning(states, answers[-1].text_embeds)


@contextmanager
def _spliced(encoders: Sequence[Encoder], rows: Tensor, vectors: Tensor) -> Iterator[None]:
    """Splice each encoder's columns inside the block."""
    with ExitStack() as stack:
        for encoder, part in zip(encoders, vectors.split([each.width for each in encoders], dim=-1), strict=True):
            stack.enter_context(encoder.splice.using(rows, part))
        yield


def initial_vectors(encoders: Sequence[Encoder], initialiser: str, vectors: int) -> Tensor:
    """Spread the input embeddings of the initialiser's words over ``vectors`` rows [n, d].

    More vectors than words repeat words in order; more words than vectors average neighbours.
    """
    ids = torch.tensor(word_ids(encoders[0].tokenizer, initialiser))
    words = torch.cat([encoder.splice.weight[ids].detach().float() for encoder in encoders], dim=-1)
    if len(words) <= vectors:
        return words[torch.arange(vectors) * len(words) // vectors].clone()
    return torch.stack([chunk.mean(dim=0) for chunk in torch.tensor_split(words, vectors)])


def nearest_words(encoders: Sequence[Encoder], vectors: Tensor, count: int = 5) -> list[list[str]]:
    """The words whose input vectors point most nearly the same way, for each of ``vectors`` [n, d], over all encoders."""
    parts = vectors.float().split([encoder.width for encoder in encoders], dim=-1)
    cosines = [
        functional.normalize(part, dim=-1) @ functional.normalize(encoder.splice.weight.float(), dim=-1).T
        for encoder, part in zip(encoders, parts, strict=True)
    ]
    tokenizer = encoders[0].tokenizer
    return [
        [tokenizer.convert_ids_to_tokens(int(index)).removesuffix("</w>") for index in line]
        for line in torch.stack(cosines).mean(dim=0).topk(count, dim=-1).indices
    ]
