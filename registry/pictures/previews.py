"""Pictures: untrusted ones are decoded within bounds and re-encoded; what a worker drew is marked as generated."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from registry import storage
from registry.errors import RegistryError
from registry.models import Preview
from registry.pictures import marks, palette

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


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP picture: sides in pixels, size in bytes."""

    blob: str
    width: int
    height: int
    size: int
    data: bytes | None = None  #: the file itself, where it is yet to be stored with its row
    tone: int | None = (
        None  #: number of the colour that keeps its place, where it is known (:mod:`registry.pictures.palette`)
    )


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


def read_pictures(files: Iterable[UploadedFile]) -> list[NewPreview]:
    """Decode uploaded pictures, as :func:`read_picture` does; of one that is too large only as much is read as shows that."""
    return [
        NewPreview(picture=read_picture(file.name or "picture", file.read(MAX_PICTURE_BYTES + 1))) for file in files
    ]


def read_picture(filename: str, data: bytes) -> Picture:
    """Return an uploaded picture upright, stripped of everything but its pixels, within 768 px; it is stored with its row.

    Raises ``RegistryError`` naming the file when it is no JPEG, PNG or WebP, is broken, or is over a limit.
    """
    image = _decode(data, filename)
    webp = to_webp(image)
    blob = hashlib.sha256(webp).hexdigest()
    return Picture(blob, *image.size, size=len(webp), data=webp, tone=palette.tone(image))


def store_generated(image: Image.Image, parameters: str = "") -> Picture:
    """Store a picture that a model drew, marked as such; ``parameters`` is A1111's text of it, as far as it is known yet."""
    webp = to_webp(image, generated=True, parameters=parameters)
    return Picture(storage.put(webp), *image.size, size=len(webp), tone=palette.tone(image))


def to_webp(image: Image.Image, *, generated: bool = False, parameters: str = "") -> bytes:
    """Return ``image`` as a WebP file; ``generated`` writes the mark of AI-made pictures into it, and ``parameters``."""
    # Small pictures are shown enlarged, where the blurred colours of lossy WebP would show; and they cost little.
    lossless = max(image.size) <= LOSSLESS_SIDE
    options = {"lossless": lossless, "quality": WEBP_QUALITY, "method": 4}
    return marks.save(image, "WEBP", generated=generated, parameters=parameters, **options)


def _refuse(filename: str, code: str, reason: str) -> RegistryError:
    return RegistryError(code, f"{filename}: {reason}", field="previews")


def _decode(data: bytes, filename: str) -> Image.Image:
    """Return the pixels as upright RGB or RGBA, within 768 px."""
    if len(data) > MAX_PICTURE_BYTES:
        message = _("The picture has more than %(limit)d MB; send a smaller one.")
        raise _refuse(filename, "too_large", message % {"limit": MAX_PICTURE_BYTES // 2**20})
    try:
        with warnings.catch_warnings():
            # Pillow only warns of pictures just over its own limit; ours is lower and checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=list(ACCEPTED))
        if image.width * image.height > MAX_PICTURE_PIXELS:
            raise _refuse(
                filename,
                "too_large",
                _("The picture has %(width)d × %(height)d pixels; at most %(limit)d megapixels are taken.")
                % {"width": image.width, "height": image.height, "limit": MAX_PICTURE_PIXELS // 10**6},
            )
        image.load()
        image = ImageOps.exif_transpose(image)
    except UnidentifiedImageError as error:
        raise _refuse(
            filename, "bad_picture", _("This is no picture that can be read; send a JPEG, PNG or WebP.")
        ) from error
    except Image.DecompressionBombError as error:
        raise _refuse(
            filename,
            "too_large",
            _("The picture has more than %(limit)d megapixels; send a smaller one.")
            % {"limit": MAX_PICTURE_PIXELS // 10**6},
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _refuse(
            filename, "bad_picture", _("The picture is broken or not whole; save or download it again.")
        ) from error
    return _in_srgb(_reduced(_in_plain_mode(image)), image.info.get("icc_profile"))


def _in_plain_mode(image: Image.Image) -> Image.Image:
    """Return the pixels in a mode that can be resized and whose colours can be converted."""
    if image.mode.startswith("I"):  # 16-bit grey: converting alone would clip all but the darkest tones
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.mode in {"LA", "PA"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "RGBA", "CMYK"} else image.convert("RGB")


def _reduced(image: Image.Image) -> Image.Image:
    if max(image.size) > MAX_SIDE_PIXELS:
        image.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return RGB or RGBA in the colour space of the web; the file that is stored says nothing of colour spaces."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        with suppress(ImageCms.PyCMSError, ValueError, OSError):  # of another kind of pixels, or broken: taken for sRGB
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode=mode)
    return image.convert(mode)
