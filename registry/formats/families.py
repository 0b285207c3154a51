"""From an embedding's text encoders and widths to the families of base models that it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registry.formats import encoder_names
from registry.formats.errors import UnknownBase
from registry.formats.sentences import AND, THEN, Sentence, gettext_noop, joined
from registry.formats.types import BaseCandidate, Encoder, Family

#: Families of vectors whose text encoder is told by their width alone; several where the width is not enough.
_BY_WIDTH: dict[int, tuple[Family, ...]] = {
    768: (Family.SD1,),
    1024: (Family.SD2, Family.ANIMA),
    128: (Family.POCKET,),
    # Not HiDream: it has both T5-XXL and Llama, so that its vectors are of no use without a name.
    4096: (Family.PIXART, Family.CHROMA, Family.DEEPFLOYD, Family.FLUX, Family.SD3, Family.HUNYUAN_VIDEO),
}
#: The text encoder that vectors without a name are for, once the family is known, where tools look for that name.
_UNNAMED = {
    **dict.fromkeys((Family.PIXART, Family.CHROMA, Family.DEEPFLOYD, Family.FLUX, Family.SD3), "t5xxl"),
    Family.HUNYUAN_VIDEO: "llama",
    Family.ANIMA: "qwen3_06b",
}
#: The layout that names OpenCLIP ViT-H/14, which only Stable Diffusion 2.x has.
_CLIP_H = encoder_names.SINGLES["clip_h"]
#: Layouts that only tools for Stable Diffusion 1.x and 2.x write.
_OLD_LAYOUTS = frozenset({"a1111", "a1111-image", "parameter-dict", "onetrainer", _CLIP_H})

_WIDTHS = {
    Family.SD1: gettext_noop(
        "768 is the width of CLIP ViT-L/14, the text encoder of Stable Diffusion 1.x, and one of those of SDXL, "
        "SD3, Flux.1, HiDream and HunyuanVideo, whose files name it or have others beside it"
    ),
    Family.SD2: gettext_noop("1024 is the width of OpenCLIP ViT-H/14, the text encoder of Stable Diffusion 2.x"),
    Family.ANIMA: gettext_noop("1024 is also the width of Qwen3 0.6B, the text encoder of Anima"),
    Family.POCKET: gettext_noop("128 is the width of the pocket model's text encoder"),
    Family.HUNYUAN_VIDEO: gettext_noop(
        "4096 is the width of Llama 3 8B, a text encoder of HunyuanVideo; T5-XXL has it too, and the file "
        "does not tell which it is for"
    ),
}
_T5 = gettext_noop(
    "4096 is the width of T5-XXL, a text encoder of {family}; Llama 3 8B has it too, and the file does not tell which it is for"
)
_XTI = gettext_noop("16 layers of 768 numbers (XTI) are those of Stable Diffusion 1.x's UNet")
_SDXL = gettext_noop("768 and 1280 are the widths of CLIP ViT-L/14 and OpenCLIP bigG/14, the two text encoders of SDXL")
_NAMED = gettext_noop("the vectors are for {widths}, which {family} has")
_UNSURE = gettext_noop("the vectors are for {widths}, which {family} has; the file does not tell it from {others}")
_ENCODERS = {
    "clip_l": "768 (CLIP ViT-L/14)",
    "clip_g": "1280 (OpenCLIP bigG/14)",
    "t5xxl": "4096 (T5-XXL)",
    "llama": "4096 (Llama 3 8B)",
    "gemma": "2304 (Gemma 2 2B)",
    "qwen3_06b": "1024 (Qwen3 0.6B)",
}
_SUPPORTED = gettext_noop(
    "Supported are 768 (Stable Diffusion 1.x), 1024 (Stable Diffusion 2.x, Anima), 768+1280 (SDXL), 128 (Pocket), "
    "4096 (PixArt, Chroma, Flux.1, SD3, HunyuanVideo), 2304 (Sana, Lumina 2), and by the names of their tensors HiDream and "
    "Stable Cascade."
)

#: What other widths belong to, for a refusal that helps.
_ELSEWHERE = {
    640: gettext_noop("640 is the width of Gemma 3 270M."),
    1280: gettext_noop(
        "1280 is the width of OpenCLIP bigG/14: half of an SDXL embedding, which has a file of 768 beside it, or Stable Cascade."
    ),
    2048: gettext_noop("2048 is the width of the text encoders of Hunyuan-DiT and OmniGen2."),
    2560: gettext_noop("2560 is the width of Qwen3 4B."),
    3584: gettext_noop("3584 is the width of Qwen2.5-VL: Qwen-Image."),
    3840: gettext_noop("3840 is the width of Gemma 3 12B."),
    4096: gettext_noop("4096 is the width of T5-XXL, Llama 3 8B and others."),
    5120: gettext_noop("5120 is the width of Mistral 3: Flux.2."),
}

#: Euclidean norms seen in working embeddings, by text encoder. Words of CLIP's vocabulary have about 0.4 and long
#: trainings reach 16; T5's own words have hundreds.
_USUAL_NORMS: dict[str, tuple[float, float]] = {
    "t5xxl": (1.0, 5000.0),
    "llama": (0.05, 100.0),
    "gemma": (0.05, 200.0),
}
_USUAL_CLIP_NORMS = (0.1, 20.0)
#: Of T5-XXL and of Llama, where the file does not tell which of them it is for.
_USUAL_OPEN_NORMS = (0.05, 5000.0)
_USUAL_POCKET_NORMS = (0.1, 10.0)


def candidates(encoders: Sequence[Encoder], layout: str = "") -> tuple[BaseCandidate, ...]:
    """Return the families that the vectors fit, with reasons, likeliest first. Raises ``UnknownBase`` for none.

    More than one means that the file does not tell: the person who publishes it has to.
    """
    if len(encoders) == 1 and encoders[0].name == encoder_names.PLAIN:
        return _by_width(encoders[0], layout)
    known = encoder_names.find(frozenset(encoder.name for encoder in encoders))
    wrong = [encoder for encoder in encoders if encoder.shape[1] != _expected(encoder.name)]
    if known is None or wrong:
        raise _unknown(wrong or list(encoders))
    if known.layout == "xti":
        return (BaseCandidate(Family.SD1, Sentence(_XTI)),)
    if known.families == (Family.SDXL,):
        return (BaseCandidate(Family.SDXL, Sentence(_SDXL)),)
    widths = " + ".join(_ENCODERS[name] for name in known.names)
    return tuple(BaseCandidate(family, _of_named(family, known.families, widths)) for family in known.families)


def _of_named(family: Family, families: Sequence[Family], widths: str) -> Sentence:
    """Why vectors whose encoders are named fit one of ``families``."""
    others = ", ".join(other.label for other in families if other != family)
    template = _UNSURE if others else _NAMED
    return Sentence(template, widths=widths, family=family.label, others=others)


def _by_width(encoder: Encoder, layout: str) -> tuple[BaseCandidate, ...]:
    families = _BY_WIDTH.get(encoder.shape[1])
    if families is None:
        raise _unknown([encoder])
    if layout == _CLIP_H and families[0] != Family.SD2:
        raise _unknown([replace(encoder, name="clip_h")])
    if layout in _OLD_LAYOUTS:
        families = tuple(family for family in families if family != Family.ANIMA)
    return tuple(BaseCandidate(family, Sentence(_WIDTHS.get(family, _T5), family=family.label)) for family in families)


def name_encoders(encoders: Sequence[Encoder], family: Family) -> tuple[Encoder, ...]:
    """Return the encoders with the name that a family's tools look for where the file gave none and they need it."""
    if [encoder.name for encoder in encoders] != [encoder_names.PLAIN] or family not in _UNNAMED:
        return tuple(encoders)
    return (replace(encoders[0], name=_UNNAMED[family]),)


def _expected(name: str) -> int:
    """Width of a text encoder's vectors by its canonical name; XTI's layers all take CLIP's."""
    return encoder_names.ENCODER_WIDTHS.get(name, 768)


def _unknown(encoders: Sequence[Encoder]) -> UnknownBase:
    widths = list(dict.fromkeys(encoder.shape[1] for encoder in encoders))
    hints = joined(THEN, ["", *(Sentence(_ELSEWHERE[width]) for width in widths if width in _ELSEWHERE)])
    names = ", ".join(encoder.name for encoder in encoders)
    template = gettext_noop("The vectors have {widths} numbers, which is no width of {where}.{hints}")
    if names == encoder_names.PLAIN:
        template = gettext_noop("The vectors have {widths} numbers.{hints}")
    return UnknownBase(template, widths=joined(AND, widths), hints=hints, remedy=_SUPPORTED, where=names)


_ONE_OF_TWO = gettext_noop(
    "An SDXL embedding of diffusers is two files, of 768 and 1280 numbers, and the first looks like this one. If one of 1280 "
    "(learned_embeds_2) lies beside it, upload both together."
)
_ZERO = gettext_noop("{encoder}: {count} of {total} vectors are all zero and do nothing.")
_ODD = gettext_noop(
    "{encoder}: {count} of {total} vectors have a norm outside {low} to {high}, the usual range "
    "of {family} (from {least} to {most}); they may overpower or not change a picture."
)


def warnings(encoders: Sequence[Encoder], family: Family, layout: str = "") -> list[str]:
    """What the width leaves open, and what is unusual about the numbers."""
    found = []
    if family == Family.SD1 and layout == "diffusers":
        found.append(Sentence(_ONE_OF_TWO))
    for encoder in encoders:
        low, high = usual_norms(encoder.name, family)
        norms = encoder.norms
        zero = sum(norm == 0 for norm in norms)
        odd = [norm for norm in norms if norm != 0 and not low <= norm <= high]
        if zero:
            found.append(Sentence(_ZERO, encoder=encoder.name, count=zero, total=len(norms)))
        if odd:
            usual = {"low": f"{low:g}", "high": f"{high:g}", "family": family.label}
            ends = {"least": f"{min(odd):.3g}", "most": f"{max(odd):.3g}"}
            found.append(Sentence(_ODD, encoder=encoder.name, count=len(odd), total=len(norms), **usual, **ends))
    return found


def usual_norms(name: str, family: Family) -> tuple[float, float]:
    """Least and largest usual Euclidean norm of a vector for a text encoder."""
    if family == Family.POCKET:
        return _USUAL_POCKET_NORMS
    if name == encoder_names.PLAIN and family in _UNNAMED:
        return _USUAL_OPEN_NORMS
    return _USUAL_NORMS.get(name, _USUAL_CLIP_NORMS)
