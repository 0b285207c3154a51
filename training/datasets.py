"""Training images: untrusted files in, upright plain PNGs out, every refusal naming its file and the remedy."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from training.errors import BadImage
from training.inversion.findings import Level, examine
from training.models import BaseModel

#: Fewer images than this teach the background as well as the thing (Gal et al. used 3 to 5).
MIN_IMAGES = 3
#: More images than this teach nothing more: a few vectors hold only so much.
MAX_IMAGES = 50
#: Bytes of one file; a 48-megapixel photograph of a telephone stays under it.
MAX_IMAGE_BYTES = 20 * 1024 * 1024
#: Bytes of all files of a set, so that one request cannot fill the disk.
MAX_SET_BYTES = 200 * 1024 * 1024
#: Pixels of one image; read from its header before anything is decoded, so a bomb costs nothing.
MAX_IMAGE_PIXELS = 50_000_000
#: Pixels of the shorter side; below this there is nothing to learn from, even for the smallest base model.
MIN_SIDE_PIXELS = 64
#: Pixels of the shorter side of what is kept: the resolution of the largest base model that is trained here.
KEPT_SIDE_PIXELS = 768
#: Longer side by shorter side; the trainer sees the middle square, so more would show it a strip.
MAX_ASPECT = 8
ACCEPTED = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """An image as the trainer will see it: upright RGB, metadata stripped, sides in pixels."""

    png: bytes
    width: int
    height: int
    filename: str

    @property
    def digest(self) -> str:
        """SHA-256 of the PNG; equal for equal pixels."""
        return hashlib.sha256(self.png).hexdigest()


def check_image(data: bytes, filename: str, *, kept_side: int = KEPT_SIDE_PIXELS) -> CheckedImage:
    """Decode one untrusted file within bounds; raise :class:`BadImage` naming it.

    What is larger is scaled down until its shorter side has ``kept_side`` pixels.
    """
    if len(data) > MAX_IMAGE_BYTES:
        message = _("%(file)s has more than %(limit)d MB. Save it smaller.")
        raise BadImage(message % {"file": filename, "limit": MAX_IMAGE_BYTES // 2**20})
    if not data:
        raise BadImage(_("%(file)s is empty. Choose the image again.") % {"file": filename})
    image = _shrink(_decode(data, filename, kept_side), kept_side)
    file = io.BytesIO()
    image.save(file, "PNG")
    return CheckedImage(file.getvalue(), image.width, image.height, filename)


def read_uploads(files: Sequence[UploadedFile]) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of uploads, each read when it is its turn and no further than the limit shows.

    Raises :class:`BadImage` for too many before the first is read.
    """
    check_count(len(files))
    for file in files:
        yield file.name or "image", file.read(MAX_IMAGE_BYTES + 1)


def check_files(files: Iterable[tuple[str, bytes]]) -> list[CheckedImage]:
    """Check every ``(filename, bytes)`` and the set they make; raise :class:`BadImage`.

    Files are taken one at a time, so that a caller may read each only when it is its turn.
    """
    images: list[CheckedImage] = []
    total = 0
    for filename, data in files:
        total += len(data)
        if total > MAX_SET_BYTES:
            raise BadImage(
                _("The images have more than %(limit)d MB together. Give fewer or smaller ones.")
                % {"limit": MAX_SET_BYTES // 2**20}
            )
        check_count(len(images) + 1)
        images.append(check_image(data, filename))
    check_set(images)
    return images


def examine_images(
    images: Sequence[CheckedImage], *, base: BaseModel, kind: str, captions: Sequence[str] = ()
) -> list[dict[str, object]]:
    """Return what is to be said of a set for a base model, as plain JSON; raise :class:`BadImage` where training is a waste."""
    found = examine(
        [Image.open(io.BytesIO(image.png)) for image in images],
        resolution=base.resolution,
        kind="style" if kind == "style" else "object",
        names=[image.filename for image in images],
        captions=captions,
    )
    for finding in found:
        if finding.level == Level.REFUSE:
            raise BadImage(finding.message)
    return [finding.to_dict() for finding in found]


def check_count(count: int) -> None:
    """Raise :class:`BadImage` for more images than are taken."""
    if count > MAX_IMAGES:
        raise BadImage(_("There are more than %(count)d images. Keep the %(count)d best.") % {"count": MAX_IMAGES})


def check_set(images: Sequence[CheckedImage]) -> None:
    """Raise :class:`BadImage` unless there are 3 to 50 images and no two have the same pixels."""
    if len(images) < MIN_IMAGES:
        message = (
            _("At least %(least)d images are needed; only %(count)d given. Add more images.")
            if images
            else _("At least %(least)d images are needed; no image was given. Add more images.")
        )
        raise BadImage(message % {"least": MIN_IMAGES, "count": len(images)})
    check_count(len(images))
    seen: dict[str, int] = {}
    for number, image in enumerate(images, 1):
        first = seen.setdefault(image.digest, number)
        if first != number:
            raise BadImage(
                _(
                    "%(file)s (image %(number)d) is the same picture as %(other)s (image %(first)d). "
                    "Remove one of the two."
                )
                % {"file": image.filename, "number": number, "other": images[first - 1].filename, "first": first}
            )


def _decode(data: bytes, filename: str, kept_side: int) -> Image.Image:
    """Return the pixels as upright RGB on white."""
    try:
        with warnings.catch_warnings():
            # Pillow warns from its own limit on; ours is checked below, before anything is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=ACCEPTED)
        _check_size(image, filename)
        image.draft("RGB", (2 * kept_side, 2 * kept_side))  # a large JPEG is decoded smaller
        image.load()
        return _plain(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        message = _("%(file)s is no image that can be read. Use JPEG, PNG or WebP files.")
        raise BadImage(message % {"file": filename}) from error
    except Image.DecompressionBombError as error:
        raise BadImage(_("%(file)s has too many pixels. Save it smaller.") % {"file": filename}) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadImage(
            _("%(file)s is damaged or not whole. Save or download it again.") % {"file": filename}
        ) from error


def _check_size(image: Image.Image, filename: str) -> None:
    width, height = image.size
    if width * height > MAX_IMAGE_PIXELS:
        raise BadImage(
            _("%(file)s has %(width)d × %(height)d pixels; at most %(limit)d megapixels are taken. Save it smaller.")
            % {"file": filename, "width": width, "height": height, "limit": MAX_IMAGE_PIXELS // 10**6}
        )
    if min(width, height) < MIN_SIDE_PIXELS:
        raise BadImage(
            _("%(file)s is %(width)d × %(height)d pixels; each side needs at least %(least)d. Use a larger picture.")
            % {"file": filename, "width": width, "height": height, "least": MIN_SIDE_PIXELS}
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        message = _("%(file)s is %(width)d × %(height)d pixels: too narrow. Crop it to what shall be learned.")
        raise BadImage(message % {"file": filename, "width": width, "height": height})


def _plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something is cut out of its background; sixteen bits a channel become eight."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < 255:
            clear = Image.new("RGBA", image.size, (255, 255, 255, 0))
            nothing = image.getchannel("A").point(lambda alpha: 255 if alpha == 0 else 0)
            image.paste(clear, mask=nothing)  # what nobody sees is not kept
            image.info.clear()
            return image
    plain = image.convert("RGB")
    plain.info.clear()  # text chunks and profiles would be written again
    return plain


def _shrink(image: Image.Image, kept_side: int) -> Image.Image:
    shorter = min(image.size)
    if shorter <= kept_side:
        return image
    scale = kept_side / shorter
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
