"""How a base model reads the words of a draft: the new word, and those that it starts from."""

from __future__ import annotations

from dataclasses import dataclass

from training.checks import check_token
from training.errors import TrainingError
from training.models import BaseModel, Job
from training.words import Neighbour, Words, words_of

#: Words that are looked up; a person who types more is told of the first.
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class TokenReading:
    """What a placeholder token is to the tokenizer."""

    token: str
    pieces: list[str]  #: what it would be read as without being learned
    plain: str  #: the token without its brackets, "" where it has none
    plain_pieces: list[str]
    problem: str  #: why it cannot be the new word, "" where it can


@dataclass(frozen=True, slots=True)
class WordReading:
    """What one of the initialiser's words is."""

    word: str
    position: int
    pieces: list[str]
    neighbours: list[Neighbour]
    spelled_like: list[str]  #: words that may be meant, where it is none

    @property
    def is_known(self) -> bool:
        """Whether it is one word of the vocabulary."""
        return len(self.pieces) == 1


@dataclass(frozen=True, slots=True)
class Reading:
    """All of it. ``known`` is False where the base model's files are not on this machine, so that nothing can be said."""

    known: bool
    meanings: bool  #: whether the vocabulary's vectors are at hand too
    token: TokenReading | None
    words: list[WordReading]


def read(base: BaseModel, *, token: str, initialiser: str, kind: str = Job.Kind.OBJECT) -> Reading:
    """How a base model reads a token and initialiser words as they stand, right or wrong."""
    known = words_of(base)
    if known is None:
        return Reading(False, False, None, [])
    told = _read_token(known, token.strip(), _problem(base, token.strip(), kind))
    return Reading(True, known.knows_meanings, told, _read_words(known, initialiser))


def _problem(base: BaseModel, token: str, kind: str) -> str:
    try:
        check_token(token, base=base, kind=kind)
    except TrainingError as error:
        return error.message
    return ""


def use_instead(initialiser: str, chosen: str) -> str:
    """Put a suggested word in place of one of the initialiser's: ``chosen`` is the place and the word, with a space between."""
    words = initialiser.split()
    place, _, word = chosen.partition(" ")
    if place.isdecimal() and int(place) < len(words) and word.isalpha():
        words[int(place)] = word
    return " ".join(words)


def _read_token(known: Words, token: str, problem: str) -> TokenReading | None:
    if not token or len(token) > 80:
        return None
    plain = token.strip("<>")
    bracketed = plain and plain != token
    plain_pieces = known.pieces(plain) if bracketed else []
    return TokenReading(token, known.pieces(token), plain if bracketed else "", plain_pieces, problem)


def _read_words(known: Words, initialiser: str) -> list[WordReading]:
    return [_read_word(known, word, position) for position, word in enumerate(initialiser[:200].split()[:_MOST_WORDS])]


def _read_word(known: Words, word: str, position: int) -> WordReading:
    spelled_like = [] if known.is_word(word) else known.spelled_like(word)
    return WordReading(word, position, known.pieces(word), known.nearest(word), spelled_like)
