"""What a base model's tokenizer and vocabulary make of words, where its files lie on this machine. No torch, no transformers.

CLIP's tokenizer is byte-pair encoding over lower-cased words; its vocabulary's input vectors are read from the weights as they
lie on the disk. What counts is what the worker's own tokenizer says when the job begins; this is to tell people before.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from training.models import BaseModel
from training.pocket import info as pocket

_END_OF_WORD = "</w>"
#: CLIP's own pattern but for letters and digits outside of Unicode's main classes, which ``re`` cannot name.
_WORDS = re.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\w\s]|_)+")
#: Names under which text encoders keep the input vectors of their vocabulary.
_TABLES = ("text_model.embeddings.token_embedding.weight", "embeddings.token_embedding.weight")
_DTYPES = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "BF16": np.dtype("<u2")}
#: Bytes of a header beyond which the file is none: those of large text encoders have some tens of thousands.
_MAX_HEADER_BYTES = 1_000_000
#: Rows of the vocabulary that are compared at a time: about 50 MB of a wide one.
_ROWS = 16_384
#: Characters of the shortest word that is suggested: single letters mean nothing.
_SHORTEST = 3
#: How much of two words must be the same, from 0 to 1, for one to be suggested for the other.
_SPELLED_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A word of the vocabulary."""

    word: str
    likeness: float  #: cosine of the two input vectors


class Words:
    """One base model's tokenizer and vocabulary."""

    def __init__(self, folder: Path) -> None:
        """Read a tokenizer's ``vocab.json`` and ``merges.txt`` below ``folder``; raises ``OSError`` where they are missing."""
        tokenizer = folder / "tokenizer"
        self._ids: dict[str, int] = json.loads((tokenizer / "vocab.json").read_text(encoding="utf-8"))
        lines = (tokenizer / "merges.txt").read_text(encoding="utf-8").splitlines()
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        self._ranks = {pair: rank for rank, pair in enumerate(pairs) if len(pair) == 2}
        self._weights = next(iter(sorted((folder / "text_encoder").glob("*.safetensors"))), None)
        self.most_tokens = _most_tokens(tokenizer / "tokenizer_config.json")

    def pieces(self, text: str) -> list[str]:
        """The known pieces that a text is read as, as people write them."""
        return [token.removesuffix(_END_OF_WORD) for token in self._tokens(text)]

    def is_word(self, text: str) -> bool:
        """Whether a text is one word of the vocabulary."""
        return len(self._tokens(text)) == 1

    def nearest(self, word: str, count: int = 5) -> list[Neighbour]:
        """The whole words whose input vectors point most nearly where that of ``word`` does; none where that cannot be told."""
        tokens = self._tokens(word)
        if self._table is None or len(tokens) != 1:
            return []
        own = self._rows([self._ids[tokens[0]]])[0]
        likeness = np.concatenate([self._rows(slice(at, at + _ROWS)) @ own for at in range(0, len(self._table), _ROWS)])
        found = []
        for index in np.argsort(-likeness):
            name = self._whole_words.get(int(index))
            if name and name != word.lower():
                found.append(Neighbour(name, float(likeness[index])))
            if len(found) == count:
                break
        return found

    def spelled_like(self, word: str, count: int = 3) -> list[str]:
        """The whole words that somebody may have meant who wrote ``word``."""
        return difflib.get_close_matches(word.lower(), self._whole_words.values(), count, _SPELLED_ALIKE)

    @property
    def knows_meanings(self) -> bool:
        """Whether the vocabulary's vectors are at hand."""
        return self._table is not None

    @cached_property
    def _whole_words(self) -> dict[int, str]:
        """Words by their id: those that stand alone in a prompt, without word parts and signs."""
        ends = (
            (token.removesuffix(_END_OF_WORD), index)
            for token, index in self._ids.items()
            if token.endswith(_END_OF_WORD)
        )
        return {index: word for word, index in ends if len(word) >= _SHORTEST and word.isascii() and word.isalpha()}

    @cached_property
    def _table(self) -> np.ndarray | None:
        """The input vectors [V, d] as they lie on the disk; None where they cannot be read."""
        try:
            return _open_table(self._weights) if self._weights else None
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None

    def _rows(self, which: list[int] | slice) -> np.ndarray:
        """Some input vectors, of length 1."""
        assert self._table is not None
        rows = self._table[which]
        # bfloat16 is the upper half of a float32, which numpy does not know.
        rows = (rows.astype(np.uint32) << 16).view(np.float32) if rows.dtype == np.uint16 else rows.astype(np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def _tokens(self, text: str) -> list[str]:
        return [token for word in _WORDS.findall(text.lower()) for token in self._encode(_as_symbols(word))]

    def _encode(self, word: str) -> list[str]:
        """Join the pair of the lowest rank until no pair is known."""
        symbols = [*word[:-1], word[-1] + _END_OF_WORD]
        while len(symbols) > 1:
            best = min(pairwise(symbols), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if best not in self._ranks:
                break
            symbols = _join(symbols, best)
        return symbols


def words_of(base: BaseModel) -> Words | None:
    """Tokenizer and vocabulary of a base model; None where its files are not on this machine."""
    folder = pocket.WEIGHTS if base.source == pocket.NAME else Path(base.source)
    try:
        return _words(folder, base.fingerprint)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=4)
def _words(folder: Path, fingerprint: str) -> Words:
    """One for each set of weights: those that replace others are read anew."""
    return Words(folder)


def _join(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    joined, at = [], 0
    while at < len(symbols):
        both = tuple(symbols[at : at + 2]) == pair
        joined.append("".join(pair) if both else symbols[at])
        at += 2 if both else 1
    return joined


@lru_cache(maxsize=1)
def _byte_symbols() -> dict[int, str]:
    """The printable stand-ins for the 256 bytes, as CLIP and GPT-2 have them."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + index) for index, byte in enumerate(others)}


def _as_symbols(word: str) -> str:
    return "".join(_byte_symbols()[byte] for byte in word.encode())


def _most_tokens(path: Path) -> int:
    """Tokens in a prompt, begin and end included; CLIP's 77 where the tokenizer does not say."""
    try:
        return min(77, int(json.loads(path.read_text(encoding="utf-8"))["model_max_length"]))
    except (OSError, ValueError, KeyError, TypeError):
        return 77


def _open_table(path: Path) -> np.ndarray:
    """The vocabulary's input vectors in a safetensors file, mapped and not read. Raises ``KeyError`` where there are none."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(min(length, _MAX_HEADER_BYTES)))
    entry = header[next(name for name in (*_TABLES, "") if name in header or not name)]
    return np.memmap(
        path, dtype=_DTYPES[entry["dtype"]], mode="r", offset=8 + length + entry["data_offsets"][0],
        shape=tuple(entry["shape"]),
    )  # fmt: skip
