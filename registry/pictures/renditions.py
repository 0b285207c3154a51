"""The bytes of a preview: as it is stored, and in other sizes and formats, each made once and kept."""

from __future__ import annotations

import io

from django.db import transaction
from django.http import Http404
from PIL import Image

from registry import storage
from registry.models import Preview, Rendition
from registry.pictures import marks, palette

#: How each kind is encoded: AVIF at the speed from which on slower ones save next to nothing.
_ENCODERS = {
    Rendition.Kind.AVIF: {"quality": 60, "speed": 8, "max_threads": 1},
    Rendition.Kind.WEBP: {"quality": 80, "method": 4},
}


def original(preview: Preview) -> bytes:
    """Return a preview's file; of one that was drawn here with the marks that say what it shows.

    They are written when it is sent: when it is stored, the embedding has no hash yet.
    """
    data = storage.read(preview.blob)
    return marks.mark_webp(data, preview.a1111_text) if preview.generated else data


def rendition(preview: Preview, width: int, kind: str) -> bytes:
    """Return a preview in a width and kind that it is offered in, else ``Http404``: nobody makes us keep others."""
    if width not in preview.rendition_widths or kind not in Rendition.Kind.values:
        raise Http404
    made = preview.renditions.filter(width=width, kind=kind).first() or _make(preview, width, Rendition.Kind(kind))
    return storage.read(made.blob)


def as_png(blob: str, *, generated: bool, parameters: str) -> bytes:
    """Return a stored picture as a PNG, which clients of other hubs look for: the same bytes each time."""
    with Image.open(io.BytesIO(storage.read(blob)), formats=["WEBP"]) as image:
        # A third of the usual time for a seventh more bytes: it is written anew each time.
        return marks.save(image, "PNG", generated=generated, parameters=parameters, compress_level=1)


@transaction.atomic
def _make(preview: Preview, width: int, kind: Rendition.Kind) -> Rendition:
    """Make and keep a rendition; who asks for the same one meanwhile waits, and gets this."""
    if not Preview.objects.select_for_update().filter(pk=preview.pk).exists():
        raise Http404  # it was taken away meanwhile
    if made := preview.renditions.filter(width=width, kind=kind).first():
        return made
    with Image.open(io.BytesIO(storage.read(preview.blob)), formats=["WEBP"]) as image:
        if preview.tone is None:  # of an older release
            Preview.objects.filter(pk=preview.pk).update(tone=palette.tone(image))
        height = max(1, round(preview.height * width / preview.width))
        smaller = image.resize((width, height), Image.Resampling.LANCZOS)
    text = preview.a1111_text
    data = marks.save(smaller, kind.name, generated=preview.generated, parameters=text, **_ENCODERS[kind])
    return Rendition.objects.create(preview=preview, width=width, kind=kind, blob=storage.put(data), size=len(data))
