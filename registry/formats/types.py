"""What the readers return: plain frozen records around float32 arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np


class Family(StrEnum):
    """Base model families, by the text encoder inputs their embeddings are made for."""

    SD1 = "sd1"
    SD2 = "sd2"
    SDXL = "sdxl"
    POCKET = "pocket"
    SD3 = "sd3"
    FLUX = "flux"
    HIDREAM = "hidream"
    HUNYUAN_VIDEO = "hunyuan-video"
    PIXART = "pixart"
    CHROMA = "chroma"
    DEEPFLOYD = "deepfloyd-if"
    SANA = "sana"
    LUMINA2 = "lumina2"
    CASCADE = "cascade"
    ANIMA = "anima"

    @property
    def label(self) -> str:
        """The name people know the family by."""
        return _LABELS[self.value]


_LABELS = {
    "sd1": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "sdxl": "SDXL",
    "pocket": "Pocket",
    "sd3": "Stable Diffusion 3",
    "flux": "Flux.1",
    "hidream": "HiDream",
    "hunyuan-video": "HunyuanVideo",
    "pixart": "PixArt",
    "chroma": "Chroma",
    "deepfloyd-if": "DeepFloyd IF",
    "sana": "Sana",
    "lumina2": "Lumina 2",
    "cascade": "Stable Cascade",
    "anima": "Anima",
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """The vectors for one text encoder."""

    name: str  #: canonical tensor name: ``emb_params``, ``clip_l``, ``clip_g``, ``t5xxl``, ``llama``, ``gemma``, or a layer's
    vectors: np.ndarray  #: float32 [n, d], C-contiguous, finite
    dtype: str  #: as stored in the file, e.g. ``F32``, ``F16``, ``BF16``

    @property
    def shape(self) -> tuple[int, int]:
        """(number of vectors n, width d)."""
        rows, width = self.vectors.shape
        return rows, width

    @property
    def norms(self) -> list[float]:
        """Euclidean norm of each vector; in float64, where the squares of the largest float32 fit."""
        return [float(norm) for norm in np.linalg.norm(self.vectors.astype(np.float64), axis=1)]


@dataclass(frozen=True, slots=True)
class BaseCandidate:
    """A base family the file may belong to, and why."""

    base: Family
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that could be told from the bytes of one file."""

    container: str  #: ``safetensors``, ``torch-zip``, ``torch-legacy``, ``zip``, ``png`` or ``webp``
    layout: str  #: ``a1111``, ``diffusers``, ``kohya``, ``sdxl``, …
    encoders: tuple[Encoder, ...]
    tokens: tuple[str, ...] = ()  #: placeholder tokens named by the file
    name: str = ""  #: internal name; untrusted, often stale
    step: int | None = None
    checkpoint: str = ""  #: checkpoint named by the file
    bases: tuple[BaseCandidate, ...] = ()
    warnings: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)  #: safetensors ``__metadata__``
    leaks: tuple[str, ...] = ()  #: internal names and paths in the file, for its owner's eyes only
    sha256: str = ""  #: of the file
    digest: str = ""  #: of the float32 vectors alone: equal for equal vectors in any container

    @property
    def vectors(self) -> int:
        """How many vectors (prompt tokens) the embedding takes."""
        return self.encoders[0].shape[0]
