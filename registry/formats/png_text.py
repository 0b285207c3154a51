"""Texts in PNG pictures: plain (tEXt), packed (zTXt), and in UTF-8, packed or not (iTXt). None is unpacked beyond a limit."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from registry.formats.errors import Malformed, TooLarge
from registry.formats.limits import MAX_TEXT_CHUNK_BYTES
from registry.formats.sentences import gettext_noop

PLAIN, PACKED, UNICODE = b"tEXt", b"zTXt", b"iTXt"
KINDS = frozenset({PLAIN, PACKED, UNICODE})
#: Bytes of a keyword, and of an iTXt's language and translated keyword together.
_MAX_KEYWORD_BYTES, _MAX_LANGUAGE_BYTES = 79, 1024
#: What to do where a picture is over a limit.
OWN_FILE = gettext_noop("Upload the embedding's own file.")


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it stands in its chunk."""

    kind: bytes
    keyword: bytes
    content: memoryview
    packed: bool

    def whole(self) -> memoryview | bytes:
        """The text. Raises ``TooLarge``, or ``Malformed`` where it cannot be unpacked to its end."""
        if not self.packed:
            return self.content
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(self.content, MAX_TEXT_CHUNK_BYTES + 1)
        except zlib.error as error:
            raise Malformed("A text in the picture cannot be unpacked; it was damaged.", where=self._where) from error
        if len(text) > MAX_TEXT_CHUNK_BYTES:
            raise _too_large(self._where)
        if not unpacker.eof or unpacker.unused_data:
            raise Malformed("A packed text in the picture does not end where its chunk does.", where=self._where)
        return text

    def beginning(self, count: int) -> str:
        """At most ``count`` bytes of the text, to be shown; nothing where it cannot be unpacked."""
        raw = bytes(self.content[:count])
        if self.packed:
            try:
                raw = zlib.decompressobj().decompress(self.content, count)
            except zlib.error:
                return ""
        return raw.decode("utf-8" if self.kind == UNICODE else "latin-1", "replace")

    @property
    def _where(self) -> str:
        return self.kind.decode()


def parse(kind: bytes, content: memoryview) -> Text:
    """Return the text of a chunk of one of ``KINDS``. Raises ``Malformed`` or ``TooLarge``."""
    where = kind.decode()
    if len(content) > MAX_TEXT_CHUNK_BYTES:
        raise _too_large(where)
    keyword, separator, _ = bytes(content[: _MAX_KEYWORD_BYTES + 1]).partition(b"\0")
    if not separator or not keyword:
        raise Malformed("A text in the picture has no keyword.", where=where)
    rest = content[len(keyword) + 1 :]
    if kind == PLAIN:
        return Text(kind, keyword, rest, packed=False)
    if kind == PACKED:
        if bytes(rest[:1]) != b"\0":  # the one method there is
            raise _unknown_packing(where)
        return Text(kind, keyword, rest[1:], packed=True)
    # Whether it is packed, and how; where it is not packed the second means nothing.
    if bytes(rest[:2]) != b"\1\0" and (len(rest) < 2 or rest[0]):
        raise _unknown_packing(where)
    language, *between = bytes(rest[2 : 2 + _MAX_LANGUAGE_BYTES]).split(b"\0", 2)
    if len(between) != 2:
        raise Malformed("A text in the picture does not say where its language ends.", where=where)
    return Text(kind, keyword, rest[2 + len(language) + 1 + len(between[0]) + 1 :], packed=rest[0] == 1)


def _unknown_packing(where: str) -> Malformed:
    return Malformed("A text in the picture is packed in a way that PNG does not have.", where=where)


def _too_large(where: str) -> TooLarge:
    return TooLarge(
        "A text in the picture has more than {limit} MB.",
        limit=MAX_TEXT_CHUNK_BYTES // 1024**2,
        remedy=OWN_FILE,
        where=where,
    )
