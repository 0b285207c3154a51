"""Pictures: untrusted ones are decoded within bounds and re-encoded; what a worker drew is marked as generated."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from registry import storage
from registry.errors import RegistryError
from registry.models import Preview

#: Bytes of an uploaded picture; a 20-megapixel JPEG stays under it.
MAX_PICTURE_BYTES = 20 * 1024 * 1024
#: Pixels of an uploaded picture; read from its header before anything is decoded, so a bomb costs nothing.
MAX_PICTURE_PIXELS = 40_000_000
#: Pixels of the longer side of a stored picture: pages show at most this.
MAX_SIDE_PIXELS = 768
#: WebP quality: no visible loss in drawings, a third of the size of a JPEG.
WEBP_QUALITY = 82
#: Pixels of the longer side up to which nothing is lost.
LOSSLESS_SIDE = 128
ACCEPTED = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP"}

#: Says in the file itself that a model made it (IPTC digital source type), as the EU AI Act asks of generated pictures.
_GENERATED_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    "</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
).encode()


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP picture: sides in pixels, size in bytes."""

    blob: str
    width: int
    height: int
    size: int
    data: bytes | None = None  #: the file itself, where it is yet to be stored with its row


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPreview:
    """A picture that shall become a preview of a version, and how it came to be."""

    picture: Picture
    source: str = Preview.Source.UPLOADED
    variant: str = Preview.Variant.LEARNED
    template: str = ""
    prompt: str = ""
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def read_picture(filename: str, data: bytes) -> Picture:
    """Return an uploaded picture upright, stripped of everything but its pixels, within 768 px; it is stored with its row.

    Raises ``RegistryError`` naming the file when it is no JPEG, PNG or WebP, is broken, or is over a limit.
    """
    image = _decode(data, filename)
    if max(image.size) > MAX_SIDE_PIXELS:
        image.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Image.Resampling.LANCZOS)
    webp = to_webp(image)
    return Picture(hashlib.sha256(webp).hexdigest(), *image.size, size=len(webp), data=webp)


def store_generated(image: Image.Image) -> Picture:
    """Store a picture that a model drew, marked as such."""
    webp = to_webp(image, generated=True)
    return Picture(storage.put(webp), *image.size, size=len(webp))


def to_webp(image: Image.Image, *, generated: bool = False) -> bytes:
    """Return ``image`` as a WebP file; ``generated`` writes the mark of AI-made pictures into it."""
    file = io.BytesIO()
    image.save(
        file,
        "WEBP",
        # Small pictures are shown enlarged, where the blurred colours of lossy WebP would show; and they cost little.
        lossless=max(image.size) <= LOSSLESS_SIDE,
        quality=WEBP_QUALITY,
        method=4,
        exif=b"",
        icc_profile=None,
        xmp=_GENERATED_XMP if generated else b"",
    )
    return file.getvalue()


def _refuse(filename: str, code: str, reason: str) -> RegistryError:
    return RegistryError(code, f"{filename}: {reason}", field="previews")


def _decode(data: bytes, filename: str) -> Image.Image:
    """Return the pixels as upright RGB or RGBA."""
    if len(data) > MAX_PICTURE_BYTES:
        limit = MAX_PICTURE_BYTES // 2**20
        raise _refuse(filename, "too_large", f"The picture has more than {limit} MB; send a smaller one.")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of pictures just over its own limit; ours is lower and checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=list(ACCEPTED))
        if image.width * image.height > MAX_PICTURE_PIXELS:
            raise _refuse(
                filename,
                "too_large",
                f"The picture has {image.width} × {image.height} pixels; at most {MAX_PICTURE_PIXELS // 10**6} megapixels are taken.",
            )
        image.load()
        image = ImageOps.exif_transpose(image)
    except UnidentifiedImageError as error:
        raise _refuse(
            filename, "bad_picture", "This is no picture that can be read; send a JPEG, PNG or WebP."
        ) from error
    except Image.DecompressionBombError as error:
        raise _refuse(
            filename,
            "too_large",
            f"The picture has more than {MAX_PICTURE_PIXELS // 10**6} megapixels; send a smaller one.",
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _refuse(
            filename, "bad_picture", "The picture is broken or not whole; save or download it again."
        ) from error
    if image.mode.startswith("I"):  # 16-bit grey: converting alone would clip all but the darkest tones
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8)).convert("RGB")
    transparent = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")
