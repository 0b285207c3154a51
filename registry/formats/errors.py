"""Refusals of the format readers: one base, one subclass for each thing a person can act on, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from registry.formats.sentences import Sentence, gettext_noop

#: Characters of a message, and of the place concerned: both may repeat a file's own names, which may be long.
MAX_MESSAGE_CHARACTERS, MAX_WHERE_CHARACTERS = 480, 200


class FormatError(Exception):
    """A file was refused. ``code`` is stable; ``message`` says what is wrong and what to do.

    The first argument of a subclass, and its remedy, are templates that catalogues of translations have.
    """

    code = "format"
    remedy = ""  #: what to do, where the refusal itself does not say
    file = ""  #: name of the file that was refused, where several came

    def __init__(self, template: str, *, where: str, remedy: str | None = None, **values: object) -> None:
        """``template`` says what is wrong, with ``where`` and ``values`` in its braces.

        ``where`` names the offset, record, key or file concerned.
        """
        self.sentence = Sentence(template, where=where, **values)
        super().__init__(self.sentence)
        if remedy is not None:
            self.remedy = remedy
        shown = "".join(c if c.isprintable() else "?" for c in where[:MAX_WHERE_CHARACTERS])
        self.where = shown if shown.strip() else repr(shown)  # a key may be empty

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """What is wrong and what to do, in English."""
        return self.said(str)

    def said(self, translate: Callable[[str], str]) -> str:
        """The message in another language; ``translate`` returns what a template is in it."""
        what_to_do = translate(self.remedy) if self.remedy else ""
        message = _shortened(f"{self.sentence.said(translate)} {what_to_do}".rstrip())
        return _shortened(f"{self.file}: {message}") if self.file else message


def _shortened(message: str) -> str:
    if len(message) <= MAX_MESSAGE_CHARACTERS:
        return message
    half = MAX_MESSAGE_CHARACTERS // 2 - 1
    return f"{message[:half]}…{message[-half:]}"


class UnknownContainer(FormatError):
    """The bytes are none of the containers that hold embeddings."""

    code = "unknown_container"
    remedy = gettext_noop("Upload a .safetensors, .pt or .bin file that holds a textual inversion.")


class Truncated(FormatError):
    """The file ends before its own header says so."""

    code = "truncated"
    remedy = gettext_noop("Download it again.")


class TooLarge(FormatError):
    """A size, count or depth is over a named limit."""

    code = "too_large"
    remedy = gettext_noop("Check that it is no LoRA or checkpoint.")


class Malformed(FormatError):
    """The container contradicts itself or its specification."""

    code = "malformed"
    remedy = gettext_noop("Download it again, or export it again with the tool that made it.")


class Unsafe(FormatError):
    """The file asks for code to be run, or for an object that embeddings never need."""

    code = "unsafe"
    remedy = gettext_noop("Do not open it with other tools either.")


class UnknownLayout(FormatError):
    """The container was read, but it holds no textual-inversion layout we know."""

    code = "unknown_layout"
    remedy = gettext_noop("Export one token and its vectors.")


class NotAnEmbedding(FormatError):
    """The file is recognised as something else: optimiser state, encoder output, LoRA, checkpoint."""

    code = "not_an_embedding"
    remedy = gettext_noop("Choose the embedding beside it, if there is one.")


class BadValues(FormatError):
    """The numbers cannot be an embedding: not finite, wrong dimensions, no rows."""

    code = "bad_values"
    remedy = gettext_noop("Train it again with a smaller learning rate.")


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
