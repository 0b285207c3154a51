"""Reading training images from files and folders, for the command line, and setting them right. Imports no torch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from training.inversion.errors import BadImages

#: What is taken from a folder; files named one by one may end in anything.
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def read_images(paths: Sequence[Path]) -> list[Image.Image]:
    """Open files, and the images of folders in order of their names. Raises :class:`BadImages` naming the file."""
    return [_open(path) for path in _files(paths)]


def upright(image: Image.Image) -> Image.Image:
    """The image as people see it: turned as its metadata say, and of eight bits a channel."""
    image = ImageOps.exif_transpose(image)
    if not image.mode.startswith("I"):
        return image
    # Grey of 16 bits, which Pillow converts by cutting off all above 255: nearly everything would be white.
    levels = np.asarray(image)
    return Image.fromarray((levels // 256 if levels.max() > 255 else levels).clip(0, 255).astype(np.uint8))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.name[0] != ".")
        if not inside:
            raise BadImages(f"The folder {path.name} holds no image ({', '.join(SUFFIXES)}).")
        yield from inside


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow only warns up to twice its limit of pixels; nothing learns from so large a picture.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                return upright(image)  # here, since damaged metadata is found out only now
    except FileNotFoundError as error:
        raise BadImages(f"There is no file {path}.") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadImages(
            f"{path.name} has too many pixels; scale it down to at most {Image.MAX_IMAGE_PIXELS}."
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow raises all of these for damaged files
        raise BadImages(f"{path.name} cannot be read as an image; give JPEG, PNG or WebP files.") from error
