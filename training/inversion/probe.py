"""Which word of the vocabulary a word to be learned should start from."""

from __future__ import annotations

import torch
from torch import Tensor

from training.inversion.encoders import initial_vectors
from training.inversion.fixed_loss import FixedLoss
from training.inversion.models import BaseModel

#: Words whose loss is looked at, of those that the gradient speaks for.
CANDIDATES = 16
END_OF_WORD = "</w>"


def best_word(base: BaseModel, loss: FixedLoss, initialiser: str, vectors: int) -> str:
    """The word with the lowest fixed loss in place of all vectors, or the initialiser's words if none is better.

    The gradient at the initialiser tells, to first order, what each word of the vocabulary would bring (Ebrahimi et al.
    2018, arXiv 1712.06751); the most promising ones are tried.
    """
    start = initial_vectors(base.encoders, initialiser, vectors).to(base.device).requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss.of(start), start)
    table = torch.cat([encoder.splice.weight.float() for encoder in base.encoders], dim=-1)
    promised = (gradient @ table.T).sum(dim=0)
    words = [base.tokenizer.convert_ids_to_tokens(number) for number in promised.argsort().tolist()]
    # Pieces of words, marks and control tokens mean nothing by themselves, and one that the person gave wins a tie.
    whole = [word.removesuffix(END_OF_WORD) for word in words if word.endswith(END_OF_WORD)]
    tried = [initialiser, *[word for word in whole if word.isalpha() and len(word) > 1][:CANDIDATES]]
    return min(tried, key=lambda words: loss(_vectors(base, words, vectors)))


def _vectors(base: BaseModel, words: str, vectors: int) -> Tensor:
    return initial_vectors(base.encoders, words, vectors).to(base.device)
