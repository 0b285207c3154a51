"""Refusals of the format readers: one base, one subclass for each thing a person can act on."""

from __future__ import annotations

#: Characters of a message, and of the place concerned: both may repeat a file's own names, which may be long.
MAX_MESSAGE_CHARACTERS, MAX_WHERE_CHARACTERS = 480, 200


class FormatError(Exception):
    """A file was refused. ``code`` is stable; ``message`` says what is wrong and what to do."""

    code = "format"

    def __init__(self, message: str, *, where: str) -> None:
        """``where`` names the offset, record, key or file concerned."""
        if len(message) > MAX_MESSAGE_CHARACTERS:
            half = MAX_MESSAGE_CHARACTERS // 2 - 1
            message = f"{message[:half]}…{message[-half:]}"
        super().__init__(message)
        self.message = message
        shown = "".join(c if c.isprintable() else "?" for c in where[:MAX_WHERE_CHARACTERS])
        self.where = shown if shown.strip() else repr(shown)  # a key may be empty


class UnknownContainer(FormatError):
    """The bytes are none of the containers that hold embeddings."""

    code = "unknown_container"


class Truncated(FormatError):
    """The file ends before its own header says so."""

    code = "truncated"


class TooLarge(FormatError):
    """A size, count or depth is over a named limit."""

    code = "too_large"


class Malformed(FormatError):
    """The container contradicts itself or its specification."""

    code = "malformed"


class Unsafe(FormatError):
    """The file asks for code to be run, or for an object that embeddings never need."""

    code = "unsafe"


class UnknownLayout(FormatError):
    """The container was read, but it holds no textual-inversion layout we know."""

    code = "unknown_layout"


class NotAnEmbedding(FormatError):
    """The file is recognised as something else: optimiser state, encoder output, LoRA, checkpoint."""

    code = "not_an_embedding"


class BadValues(FormatError):
    """The numbers cannot be an embedding: not finite, wrong dimensions, no rows."""

    code = "bad_values"


class UnknownBase(FormatError):
    """The vectors have a width that no supported family of base models takes."""

    code = "unknown_base"


class SeveralTokens(FormatError):
    """The file holds several embeddings; each is published on its own."""

    code = "several_tokens"


class BadToken(FormatError):
    """The placeholder token cannot be written into a file that others read."""

    code = "bad_token"


class WrongTarget(FormatError):
    """The embedding cannot be written for that tool without changing what it is."""

    code = "wrong_target"


class UnrelatedFiles(FormatError):
    """Several files came together that are neither halves of one embedding nor a word and its negative."""

    code = "unrelated_files"
