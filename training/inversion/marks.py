"""Whether pictures that are otherwise different have the same thing at the same place near an edge: a watermark, a logo, a date."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from training.inversion.measures import connected

#: Pictures from which on a mark can be told from chance.
MIN_IMAGES = 4
#: Side in pixels, of the 96 of a relief, of the places that are compared.
_PLACE = 8
#: By how much more than chance the pictures agree where a mark stands, in variances of their mean, and how far it stands
#: out, in grey levels.
AGREEMENT, LEVELS = 3.5, 4.0
#: From how much agreement on a place belongs to what is beside it: a subject's outline agrees more here, less there.
LOOSE_AGREEMENT = 1.5
#: Marks lie wholly in this outer share of a side; what reaches further in is a subject that all pictures have in the middle.
RIM = 0.2
#: Places that a mark takes at least.
MIN_PLACES = 10
#: Most of the picture that may agree: beyond it the pictures share a background or a texture, and there is no telling.
MOST = 0.3


def has_common_mark(reliefs: Sequence[np.ndarray]) -> bool:
    """Whether reliefs [n, n] of pictures, none of them a copy of another, have a mark in common.

    A place agrees where the mean over the pictures stands out far more than it would by chance, given how much they vary
    there. On 224 sets of the sample catalogue's drawings nothing was found; of 60 sets of noise with eleven-pixel text in a
    corner of 256, all but a few of those with four pictures.
    """
    if len(reliefs) < MIN_IMAGES:
        return False
    stack = np.stack(reliefs).astype(np.float32)
    common, chance = (
        sliding_window_view(values, (_PLACE, _PLACE)).mean(axis=(2, 3))
        for values in (stack.mean(axis=0) ** 2, stack.var(axis=0, ddof=1) / len(stack))
    )
    loose = common > LOOSE_AGREEMENT * chance
    if loose.mean() > MOST:
        return False
    agreed = (common > AGREEMENT * chance) & (common > LEVELS**2)
    inner = np.zeros_like(agreed)
    rim = round(stack.shape[1] * RIM) - _PLACE + 1
    inner[rim:-rim, rim:-rim] = True
    subject = connected(loose & (common > LEVELS), inner & agreed)
    return int((agreed & ~subject & ~inner).sum()) >= MIN_PLACES
