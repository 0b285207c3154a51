"""Everything that the files of one upload hold: halves are put together, words of one file are told apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from registry.formats import halves, safetensors
from registry.formats import inspection as inspections
from registry.formats.errors import FormatError, Malformed, TooLarge, UnrelatedFiles
from registry.formats.inspection import Contents
from registry.formats.layouts import Found
from registry.formats.limits import MAX_FILES, MAX_SIDECAR_BYTES
from registry.formats.names import label, listed, read_token
from registry.formats.sentences import gettext_noop
from registry.formats.types import Inspection

#: What DreamArtist adds to the name of a word's negative.
NEGATIVE_SUFFIX = "-neg"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file as it came: its name is shown and compared, never trusted."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One embedding of an upload."""

    inspection: Inspection
    role: str  #: ``positive`` or ``negative`` of a pair, else ""
    label: str  #: what tells it from the upload's other parts: its token, or its file's name without extension
    sources: tuple[str, ...]  #: names of the files it was read from


@dataclass(frozen=True, slots=True)
class _Read:
    """A file and what is in it."""

    file: NamedFile
    contents: Contents

    @property
    def stem(self) -> str:
        """The file's name without folder and extension."""
        return PurePosixPath(self.file.name.replace("\\", "/")).stem


def inspect_files(files: Sequence[NamedFile]) -> tuple[Part, ...]:
    """Read the files of one upload; return its embeddings, at least one.

    One file may hold several words. Several files may be the halves of an SDXL embedding, an embedding and its
    sidecar, or a word and its negative. Raises ``UnrelatedFiles`` for others, and every ``FormatError`` of ``inspect``.
    """
    if not files:
        raise UnrelatedFiles("No file came. Choose the file of the embedding.", where="files")
    if len(files) > MAX_FILES:
        raise TooLarge(
            "{count} files came; at most {limit} are read together.",
            count=len(files),
            limit=MAX_FILES,
            remedy=gettext_noop("Upload each embedding on its own."),
            where=listed(file.name for file in files),
        )
    sidecars = [file for file in files if is_sidecar(file.data)]
    if sidecars and len(files) == len(sidecars) + 1 and len(sidecars) == 1:
        (main,) = (file for file in files if file is not sidecars[0])
        return (_with_sidecar(_read(main, alone=False), sidecars[0]),)
    alone = len(files) == 1
    read = [_read(file, alone=alone) for file in files]
    if alone:
        return _words(read[0])
    parts = _halves(read) or _word_and_negative(read)
    if parts:
        return parts
    raise _unrelated([file.name for file in files])


def _read(file: NamedFile, *, alone: bool) -> _Read:
    """Read a file; of several, a refusal says which it was."""
    try:
        return _Read(file, inspections.read(file.data))
    except FormatError as error:
        error.file = "" if alone else label(file.name)[:80]
        raise


def _unrelated(names: Sequence[str]) -> UnrelatedFiles:
    return UnrelatedFiles(
        "These files do not belong together: {where}. Upload each on its own, or only the two halves of an SDXL embedding, or a word and its negative.",
        where=listed(names),
    )


def _words(read: _Read) -> tuple[Part, ...]:
    """Every word of one file."""
    contents = read.contents
    several = len(contents.found) > 1 or contents.bundled
    return tuple(
        Part(
            inspections.complete(read.file.data, contents, found),
            "",
            found.label if several else label(read.stem) or found.label or "embedding",
            (read.file.name,),
        )
        for found in contents.found
    )


def _single(read: _Read) -> Found | None:
    """The one embedding of a file that is an embedding's own."""
    contents = read.contents
    return contents.found[0] if len(contents.found) == 1 and not contents.bundled else None


def _halves(read: list[_Read]) -> tuple[Part, ...]:
    """Two files that are one embedding of SDXL, with the vectors of one text encoder each."""
    pairs = [(one, found) for one in read if (found := _single(one))]
    whole = halves.join([(one.file.name, found) for one, found in pairs]) if len(pairs) == len(read) else None
    if whole is None:
        return ()
    (first, _), (second, large) = sorted(pairs, key=lambda pair: halves.width(pair[1]))
    told = inspections.complete(first.file.data, first.contents, whole)
    other = inspections.leaks_of(second.contents, large)
    told = replace(told, leaks=tuple(dict.fromkeys((*told.leaks, *other))))
    named = next(iter(whole.tokens), "") or label(halves.name_of_both(first.file.name)) or "embedding"
    return (Part(told, "", named, (first.file.name, second.file.name)),)


def _word_and_negative(read: list[_Read]) -> tuple[Part, ...]:
    """DreamArtist's two files: a word, and what to keep away from, under the same name with a suffix."""
    founds = [_single(one) for one in read]
    if len(read) != 2 or None in founds:
        return ()
    pairs = list(zip(read, [found for found in founds if found], strict=True))
    for positive, negative in (pairs, pairs[::-1]):
        (word, good), (other, bad) = positive, negative
        named = (word.stem + NEGATIVE_SUFFIX).casefold() == other.stem.casefold()
        inside = bool(good.name) and (good.name + NEGATIVE_SUFFIX).casefold() == bad.name.casefold()
        fitting = [(one.name, one.shape[1]) for one in good.encoders] == [
            (one.name, one.shape[1]) for one in bad.encoders
        ]
        if (named or inside) and fitting:
            return tuple(
                Part(
                    inspections.complete(one.file.data, one.contents, found),
                    role,
                    label(one.stem) or role,
                    (one.file.name,),
                )
                for one, found, role in ((word, good, "positive"), (other, bad, "negative"))
            )
    return ()


def is_sidecar(data: bytes) -> bool:
    """Whether the bytes begin as JSON does. A safetensors file does too, by its header's length, but goes on otherwise."""
    return data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and not safetensors.looks_like(data)


def _with_sidecar(read: _Read, sidecar: NamedFile) -> Part:
    """An SDXL pivotal tuning with its ``special_params.json``, which says what its words are called."""
    found = _single(read)
    if found is None or found.layout != "sdxl-pivotal":
        raise _unrelated([read.file.name, sidecar.name])
    words = _sidecar_words(sidecar)
    tokens = [read_token(token) for token in words.values()]
    warnings = [warning for _, warnings in tokens for warning in warnings]
    found = replace(
        found,
        tokens=tuple(token for token, _ in tokens),
        label=next(iter(words)),
        warnings=(*found.warnings, *warnings),
    )
    told = inspections.complete(read.file.data, read.contents, found)
    return Part(told, "", label(read.stem) or found.label, (read.file.name, sidecar.name))


def _sidecar_words(sidecar: NamedFile) -> dict[str, str]:
    """Word to placeholder tokens, as the sidecar says. Raises ``TooLarge`` or ``Malformed``."""
    if len(sidecar.data) > MAX_SIDECAR_BYTES:
        raise TooLarge(
            "{where} has more than {limit} KB; it is no sidecar.",
            limit=MAX_SIDECAR_BYTES // 1024,
            remedy=gettext_noop("Upload the embedding without it."),
            where=label(sidecar.name)[:80],
        )
    try:
        words = json.loads(sidecar.data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, dict) or not words or not all(isinstance(value, str) for value in words.values()):
        raise Malformed(
            '{where} does not say which words are in the embedding, as in {{"TOK": "<s0><s1>"}}.',
            remedy=gettext_noop("Upload the embedding without it."),
            where=label(sidecar.name)[:80],
        )
    return {label(word) or "TOK": token for word, token in words.items()}
