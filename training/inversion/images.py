"""Reading training images from files and folders, for the command line. Imports no torch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from training.inversion.errors import BadImages

#: What is taken from a folder; files named one by one may end in anything.
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def read_images(paths: Sequence[Path]) -> list[Image.Image]:
    """Open files, and the images of folders in order of their names. Raises :class:`BadImages` naming the file."""
    return [_open(path) for path in _files(paths)]


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
                return image
    except FileNotFoundError as error:
        raise BadImages(f"There is no file {path}.") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadImages(
            f"{path.name} has too many pixels; scale it down to at most {Image.MAX_IMAGE_PIXELS}."
        ) from error
    except (
        OSError,
        SyntaxError,
        ValueError,
    ) as error:  # Pillow's plugins raise all of these for damaged files
        raise BadImages(f"{path.name} cannot be read as an image; give JPEG, PNG or WebP files.") from error
