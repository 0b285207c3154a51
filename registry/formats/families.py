"""From the widths of an embedding's vectors to the families of base models that they fit."""

from __future__ import annotations

from registry.formats.errors import UnknownBase
from registry.formats.types import BaseCandidate, Encoder, Family

#: Widths of a family's text encoders, in the order of its canonical tensors.
WIDTHS: dict[Family, tuple[int, ...]] = {
    Family.SD1: (768,),
    Family.SD2: (1024,),
    Family.SDXL: (768, 1280),
    Family.POCKET: (128,),
}

_REASONS = {
    Family.SD1: "768 is the width of CLIP ViT-L/14, the text encoder of Stable Diffusion 1.x",
    Family.SD2: "1024 is the width of OpenCLIP ViT-H/14, the text encoder of Stable Diffusion 2.x",
    Family.SDXL: "768 and 1280 are the widths of CLIP ViT-L/14 and OpenCLIP bigG/14, the two text encoders of SDXL",
    Family.POCKET: "128 is the width of the pocket model's text encoder",
}

#: What other widths belong to, for a refusal that helps.
_ELSEWHERE = {
    1280: "OpenCLIP bigG/14: half of an SDXL embedding, or Stable Cascade",
    2048: "the text encoders of Hunyuan-DiT and OmniGen2",
    2304: "Gemma 2: Lumina 2 and Sana",
    2560: "Qwen3 4B",
    3584: "Qwen2.5-VL: Qwen-Image",
    3840: "Gemma 3 12B",
    4096: "T5-XXL or Llama: Flux, SD3, PixArt and others",
    5120: "Mistral 3: Flux.2",
}

#: Euclidean norms seen in working embeddings. Words of the vocabulary have about 0.4; long trainings reach 16.
USUAL_NORMS: dict[Family, tuple[float, float]] = {
    Family.SD1: (0.1, 20.0),
    Family.SD2: (0.1, 20.0),
    Family.SDXL: (0.1, 20.0),
    Family.POCKET: (0.1, 10.0),
}


def supported() -> str:
    """The supported widths as text."""
    return ", ".join(f"{'+'.join(map(str, widths))} ({family.label})" for family, widths in WIDTHS.items())


def candidates(encoders: tuple[Encoder, ...]) -> tuple[BaseCandidate, ...]:
    """Return the families the widths fit, with reasons. Raises ``UnknownBase`` where there is none."""
    widths = tuple(encoder.shape[1] for encoder in encoders)
    found = tuple(BaseCandidate(family, _REASONS[family]) for family, own in WIDTHS.items() if own == widths)
    if not found:
        text = " and ".join(map(str, widths))
        hint = "".join(
            f" {width} is the width of {_ELSEWHERE[width]}." for width in widths if width in _ELSEWHERE
        )
        raise UnknownBase(
            f"The vectors have {text} numbers.{hint} Supported are {supported()}.",
            where=", ".join(e.name for e in encoders),
        )
    return found


def warnings(encoders: tuple[Encoder, ...], family: Family) -> list[str]:
    """What is unusual about the numbers."""
    low, high = USUAL_NORMS[family]
    found = []
    for encoder in encoders:
        norms = encoder.norms
        zero = sum(norm == 0 for norm in norms)
        odd = [norm for norm in norms if norm != 0 and not low <= norm <= high]
        if zero:
            found.append(f"{encoder.name}: {zero} of {len(norms)} vectors are all zero and do nothing.")
        if odd:
            found.append(
                f"{encoder.name}: {len(odd)} of {len(norms)} vectors have a norm outside {low:g} to {high:g}, the usual range "
                f"of {family.label} (from {min(odd):.3g} to {max(odd):.3g}); they may overpower or not change a picture."
            )
    return found
