"""What an embedding can be written as, and which tools read it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from registry.formats.encoder_names import NAMELESS_WIDTHS
from registry.formats.types import Encoder


class Target(StrEnum):
    """A form to download or convert to. Several have the same bytes: people look for their tool's name."""

    CANONICAL = "canonical"
    A1111 = "a1111"
    A1111_PT = "a1111-pt"
    COMFYUI = "comfyui"
    INVOKEAI = "invokeai"
    KOHYA = "kohya"
    DIFFUSERS = "diffusers"
    DIFFUSERS_BIN = "diffusers-bin"
    DIFFUSERS_SDXL = "diffusers-sdxl"
    SDCPP = "sdcpp"

    @property
    def label(self) -> str:
        """The format's name for people."""
        return _TEXTS[self][0]

    @property
    def read_by(self) -> str:
        """The tools that read it, for people."""
        return _TEXTS[self][1]


_TEXTS = {
    Target.CANONICAL: ("Safetensors", "every tool in this list; diffusers with token="),
    Target.A1111: ("AUTOMATIC1111, Forge", "AUTOMATIC1111, Forge and SD.Next; the file's name is the word"),
    Target.A1111_PT: (
        "AUTOMATIC1111 (.pt)",
        "AUTOMATIC1111 and Forge, old versions too; the file's name is the word",
    ),
    Target.COMFYUI: ("ComfyUI", "ComfyUI; write embedding: and the file's name"),
    Target.INVOKEAI: ("InvokeAI", "InvokeAI; the file's name in angle brackets is the word"),
    Target.KOHYA: ("kohya sd-scripts", "kohya sd-scripts; the file's name is the word"),
    Target.DIFFUSERS: ("diffusers", "diffusers; the token travels in the file"),
    Target.DIFFUSERS_BIN: ("diffusers (.bin)", "older versions of diffusers"),
    Target.DIFFUSERS_SDXL: (
        "diffusers, both SDXL files (.zip)",
        "diffusers, with one call for each text encoder",
    ),
    Target.SDCPP: ("stable-diffusion.cpp", "stable-diffusion.cpp; the file's name in lower case is the word"),
}

#: What a tool's name on the command line means.
CLIENTS: dict[str, Target] = {
    **{target.value: target for target in Target},
    "forge": Target.A1111,
    "sdnext": Target.A1111,
    "sd.cpp": Target.SDCPP,
    "safetensors": Target.CANONICAL,
}

#: Text encoders of the families that every tool knows.
_SDXL = ("clip_l", "clip_g")
_PLAIN = ("emb_params",)


def targets_for(encoders: Sequence[Encoder]) -> list[Target]:
    """Return what an embedding can honestly be written as.

    Nothing that would change the text encoder it is for, and no tool that would drop or misread a part of it. Where the
    text encoder itself is open, the family has to be said first (``name_encoders``).
    """
    names = tuple(encoder.name for encoder in encoders)
    if names == _PLAIN and encoders[0].shape[1] in NAMELESS_WIDTHS:
        return [Target.CANONICAL]
    if names == _PLAIN:
        return [target for target in Target if target != Target.DIFFUSERS_SDXL]
    if names == _SDXL:
        return list(Target)
    # The canonical names are ComfyUI's own; XTI's layers are nobody's but kohya's experimental script's.
    is_for_comfyui = not any(name[:2] in ("IN", "OU", "MI") for name in names)
    return [Target.CANONICAL, Target.COMFYUI] if is_for_comfyui else [Target.CANONICAL]
