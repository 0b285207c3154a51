"""What a file of a draft is: told once when it comes, and which files and pictures belong together."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from registry import fingerprints, infotext
from registry.formats import Part
from registry.formats.parts import NEGATIVE_SUFFIX, NamedFile, is_sidecar
from registry.formats.sentences import Sentence
from registry.models import DraftCard
from registry.pictures import previews

#: Norms of an encoder that are shown.
SHOWN_NORMS = 8
#: Beginnings of pictures: only what looks like one is decoded as one.
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")
#: What is added to the name of an embedding to name a picture of it: A1111's ".preview", and numbers.
_OF_PICTURES = re.compile(r"(\.preview)?([-_ .(]*\d+\)?)?$")
#: Refusals of one half of an SDXL embedding; the other may come yet.
_OF_HALVES = frozenset({"unknown_base"})
#: Layouts of files that have one text encoder of SDXL each, and could also be for other bases.
_NAMED_HALVES = {"clip-l", "cascade"}
_SDXL_WIDTHS = (768, 1280)


def tell(part: Part) -> dict[str, Any]:
    """Return what is known of an embedding as it is kept in a card, so that no page reads the files again."""
    inspection = part.inspection
    return {
        "sources": list(part.sources),
        "container": inspection.container,
        "layout": inspection.layout,
        "encoders": [
            {"name": one.name, "shape": list(one.shape), "dtype": one.dtype, "norms": one.norms[:SHOWN_NORMS]}
            for one in inspection.encoders
        ],
        "tokens": list(inspection.tokens),
        "name": inspection.name,
        "step": inspection.step,
        "bases": [
            {"base": one.base.value, "label": one.base.label, "reason": _kept(one.reason)} for one in inspection.bases
        ],
        "warnings": [_kept(warning) for warning in inspection.warnings],
        "leaks": list(inspection.leaks),
        "digests": fingerprints.digests(inspection.encoders),
    }


def _kept(sentence: str) -> dict[str, Any] | str:
    """A sentence of a reader so that pages can say it in their reader's language: ``registry.refusals.said``."""
    return {"template": sentence.template, "values": sentence.values} if isinstance(sentence, Sentence) else sentence


def stem(name: str) -> str:
    """A file's name without extension, in one case."""
    return PurePosixPath(name).stem.casefold()


def may_be_half(file: NamedFile, code: str) -> bool:
    """Whether a file that was refused alone may be readable together with another: it is kept until then."""
    return code in _OF_HALVES or is_sidecar(file.data)


def may_belong_together(new: DraftCard, file: NamedFile, other: DraftCard) -> bool:
    """Whether it is worth reading two files as one: halves of an SDXL embedding, a sidecar, a word and its negative."""
    if new.code or other.code:
        return _may_be_halves(new, other) or _may_have_sidecar(new, file, other)
    if {new.told["layout"], other.told["layout"]} == _NAMED_HALVES:
        return True
    names = [stem(source) for source in (*new.told["sources"], *other.told["sources"])]
    inner = [str(card.told["name"]).casefold() for card in (new, other)]
    return any(
        one and (one + NEGATIVE_SUFFIX == two or two + NEGATIVE_SUFFIX == one) for one, two in (names[:2], inner)
    )


def _may_be_halves(one: DraftCard, two: DraftCard) -> bool:
    return bool({one.code, two.code} & _OF_HALVES) and any(
        card.told and card.told["layout"] == "diffusers" and card.told["encoders"][0]["shape"][1] in _SDXL_WIDTHS
        for card in (one, two)
    )


def _may_have_sidecar(new: DraftCard, file: NamedFile, other: DraftCard) -> bool:
    tuned = [bool(card.told) and card.told["layout"] == "sdxl-pivotal" for card in (new, other)]
    return (tuned[1] and is_sidecar(file.data)) or (tuned[0] and other.label.casefold().endswith(".json"))


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a picture does that may be a preview."""
    return data.startswith(_PICTURES)


def names_of_picture(name: str, data: bytes) -> list[str]:
    """Embeddings that a picture may be of, in lower case: those its name and the text in a PNG speak of."""
    whole = stem(name)
    short = _OF_PICTURES.sub("", whole)
    spoken = [reference.name.casefold() for reference in _references(data)]
    return list(dict.fromkeys(text for text in (whole, short, *spoken) if text))[: infotext.MAX_REFERENCES]


def _references(data: bytes) -> Sequence[infotext.Reference]:
    """What the text of a PNG names, as A1111 and ComfyUI write it; nothing where it cannot be read."""
    try:
        with Image.open(io.BytesIO(data), formats=list(previews.ACCEPTED)) as image:
            texts = [image.info.get(key) for key in ("parameters", "prompt")]
        text = "\n".join(text for text in texts if isinstance(text, str))
        return infotext.parse(text[: infotext.MAX_CHARACTERS])
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return []


def card_of_picture(names: Iterable[str], cards: Iterable[DraftCard]) -> DraftCard | None:
    """The one embedding that a picture is of; None where there is none or it could be several."""
    wanted = set(names)
    found = [card for card in cards if card.told and wanted & names_of_card(card)]
    return found[0] if len(found) == 1 else None


def names_of_card(card: DraftCard) -> set[str]:
    """What pictures may call an embedding."""
    said = [str(card.said.get(field, "")) for field in ("name", "title", "token")]
    tokens = [*card.told["tokens"], *said]
    names = {*(stem(source) for source in card.told["sources"]), *(text.strip("<>").casefold() for text in tokens)}
    return names - {"", "*"}
