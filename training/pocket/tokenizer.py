"""A CLIP tokenizer in which every word of the world is one token and any other text still has tokens: its bytes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from transformers import CLIPTokenizer

from training.pocket.vocabulary import words

#: Tokens in a prompt, begin and end included.
MAX_TOKENS = 32
END_OF_WORD = "</w>"
BEGIN, END = "<|startoftext|>", "<|endoftext|>"


def byte_symbols() -> list[str]:
    """The printable stand-ins for the 256 bytes, in the order CLIP and GPT-2 use."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(others))]


def apply(merges: dict[tuple[str, str], int], word: str) -> list[str]:
    """Byte-pair encode an ASCII word: join the pair of the lowest rank until no pair is known."""
    symbols = [*word[:-1], word[-1] + END_OF_WORD]
    while len(symbols) > 1:
        pairs = list(pairwise(symbols))
        best = min(pairs, key=lambda pair: merges.get(pair, len(merges)))
        if best not in merges:
            break
        at = pairs.index(best)
        symbols[at : at + 2] = ["".join(best)]
    return symbols


def learn_merges(vocabulary: list[str]) -> list[tuple[str, str]]:
    """Merges that make each word one token. Later merges rank after earlier ones, so finished words stay whole."""
    merges: dict[tuple[str, str], int] = {}
    for word in vocabulary:
        while len(symbols := apply(merges, word)) > 1:
            merges[symbols[0], symbols[1]] = len(merges)
    return list(merges)


def make_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write the tokenizer's files into a folder (vocab.json and merges.txt too, for older readers) and load it."""
    merges = learn_merges([word for word in words() if word.isascii()])
    symbols = byte_symbols()
    tokens = [*symbols, *(symbol + END_OF_WORD for symbol in symbols)]
    tokens += ["".join(pair) for pair in merges if "".join(pair) not in tokens]
    vocab = {token: index for index, token in enumerate([*tokens, BEGIN, END])}
    tokenizer = CLIPTokenizer(
        vocab=vocab, merges=merges, model_max_length=MAX_TOKENS, unk_token=END, bos_token=BEGIN, eos_token=END,
        pad_token=END,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tokenizer
