"""What a picture's file says of how the picture came to be. Every file that holds a drawn picture is written through here.

Two things are said. That a model made it: the IPTC digital source type in XMP, as the EU AI Act asks for something that
machines read. And with what: the prompt, seed, settings and embedding as A1111's text, which tools read from
``parameters`` in a PNG and from the EXIF user comment in the other formats.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

#: Media type of each format that pictures are saved in.
MEDIA_TYPES = {"AVIF": "image/avif", "WEBP": "image/webp", "JPEG": "image/jpeg", "PNG": "image/png"}
#: What the mark of a generated picture is recognised by.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
GENERATED_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
).encode()
#: Name of XMP in a PNG, as its standard has it.
_PNG_XMP = "XML:com.adobe.xmp"
#: How EXIF says that a comment is Unicode; the text is as wide as A1111 writes it.
_UNICODE = b"UNICODE\0"
#: Bits of the features of a WebP file: what it has beside its pixels.
_WEBP_ALPHA, _WEBP_EXIF, _WEBP_XMP = 0x10, 0x08, 0x04
_WEBP_PIXELS = (b"VP8 ", b"VP8L", b"ALPH")


def save(image: Image.Image, kind: str, *, generated: bool, parameters: str = "", **options: Any) -> bytes:
    """Return a file of format ``kind`` (a key of :data:`MEDIA_TYPES`); ``options`` are the encoder's.

    Nothing goes into it but the pixels and, of a ``generated`` picture, its marks; ``parameters`` is A1111's text.
    """
    file = io.BytesIO()
    xmp = GENERATED_XMP if generated else b""
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        if generated:
            text.add_itxt(_PNG_XMP, xmp.decode())
        if parameters:
            text.add_text("parameters", parameters)  # as iTXt where Latin-1 does not do
        image.save(file, kind, pnginfo=text, exif=b"", icc_profile=None, **options)
    else:
        # A picture that was opened from a JPEG would hand its comment on.
        options |= {"comment": b""} if kind == "JPEG" else {}
        image.save(file, kind, xmp=xmp, exif=_exif(parameters), icc_profile=None, **options)
    return file.getvalue()


def mark_webp(data: bytes, parameters: str) -> bytes:
    """Return a WebP file of ours with the marks of a generated picture in place of what stood beside its pixels.

    The pixels are not touched: a preview is stored before the hash of the embedding that it shows is known.
    """
    chunks = list(_chunks(data))
    with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
        (width, height), alpha = image.size, image.has_transparency_data
    flags = _WEBP_XMP | (_WEBP_EXIF if parameters else 0) | (_WEBP_ALPHA if alpha else 0)
    features = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    written = [(b"VP8X", features), *((name, body) for name, body in chunks if name in _WEBP_PIXELS)]
    if parameters:
        written.append((b"EXIF", _exif(parameters)))
    written.append((b"XMP ", GENERATED_XMP))
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for name, part in written
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a WebP file, each with its name."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _exif(parameters: str) -> bytes:
    """EXIF with a text as its user comment, big end first throughout: readers disagree over a text of the other kind."""
    if not parameters:
        return b""
    exif = Image.Exif()
    exif.endian = ">"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = _UNICODE + parameters.encode("utf-16-be")
    return exif.tobytes()
