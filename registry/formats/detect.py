"""What kind of file some bytes are, told from the bytes alone: names and extensions are never trusted."""

from __future__ import annotations

from registry.formats import halves, pickled, png, safetensors, torch_legacy, torch_zip, webp
from registry.formats.errors import TooLarge, Truncated, UnknownContainer
from registry.formats.limits import MAX_FILE_BYTES
from registry.formats.sentences import gettext_noop

SAFETENSORS, TORCH_ZIP, TORCH_LEGACY = "safetensors", "torch-zip", "torch-legacy"
PNG, WEBP = "png", "webp"
#: Both files of an SDXL embedding in one archive.
ZIP = "zip"

#: Bytes of the smallest file that could hold anything: a safetensors length and one brace.
MIN_FILE_BYTES = 9

_READERS = {
    SAFETENSORS: safetensors.looks_like,
    ZIP: halves.looks_like,
    TORCH_ZIP: torch_zip.looks_like,
    TORCH_LEGACY: torch_legacy.looks_like,
    PNG: png.looks_like,
    WEBP: webp.looks_like,
}

_IMAGES = {
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
}
_OTHERS = {
    b"GGUF": gettext_noop("The file is a GGUF model."),
    b"7z\xbc\xaf\x27\x1c": gettext_noop("The file is a 7-Zip archive."),
    b"\x1f\x8b": gettext_noop("The file is a gzip file."),
    b"Rar!": gettext_noop("The file is a RAR archive."),
    b"\x93NUMPY": gettext_noop("The file is a NumPy array."),
    b"%PDF": gettext_noop("The file is a PDF document."),
    b"\x7fELF": gettext_noop("The file is a program."),
    b"MZ": gettext_noop("The file is a program."),
    b"<": gettext_noop("The file is a web page."),
    b"version https://git-lfs": gettext_noop("The file is a Git LFS pointer and not the file it stands for."),
}


def container(data: bytes) -> str:
    """Return the container's name: one of ``SAFETENSORS``, ``ZIP``, ``TORCH_ZIP``, ``TORCH_LEGACY``, ``PNG``, ``WEBP``.

    Raises ``Truncated``, ``TooLarge``, ``UnknownContainer``, or ``Unsafe`` for a bare pickle that asks for code.
    """
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(
            "The file has more than {limit} MB; an embedding has a few hundred KB at most.",
            limit=MAX_FILE_BYTES // 1024**2,
            remedy=gettext_noop(
                "Check that it is no LoRA or checkpoint. Export words that are bundled in a LoRA as files of their own."
            ),
            where=f"offset {MAX_FILE_BYTES}",
        )
    if not data:
        raise Truncated("The file is empty.", where="offset 0")
    if len(data) < MIN_FILE_BYTES:
        raise Truncated(
            "The file has only {count} bytes; no embedding is that small.", count=len(data), where="offset 0"
        )
    for name, looks_like in _READERS.items():
        if looks_like(data):
            return name
    image = _image(data)
    if image:
        raise UnknownContainer(
            "The file is a {kind} picture. Embeddings in pictures are read from PNG and lossless WebP.",
            kind=image,
            remedy=gettext_noop(
                "Upload the picture as it was saved at first, or the .pt or .safetensors file of the same embedding."
            ),
            where="offset 0",
        )
    for magic, template in _OTHERS.items():
        if data.startswith(magic):
            raise UnknownContainer(template, where="offset 0")
    if data[0] == 0x80:
        pickled.read(data)  # only for a better refusal: it names what the stream asks for
        raise UnknownContainer("The file is a bare pickle, not one that torch wrote.", where="offset 0")
    raise UnknownContainer("The file is no kind of embedding file.", where="offset 0")


def _image(data: bytes) -> str:
    """The kind of picture, or nothing."""
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    return next((kind for magic, kind in _IMAGES.items() if data.startswith(magic)), "")
