"""What Civitai calls what the registry knows: base models, ratings, licences, orders, periods, file formats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from registry.browsing.search import Sort
from registry.formats import Dtype, Family, Target
from registry.formats.write import stem
from registry.models import Kind, License, Rating, Visibility

MODEL_TYPE = "TextualInversion"
#: The type of every file: clients take nothing else for the embedding itself.
FILE_TYPE = "Model"
#: Another name by which the file of a negative embedding may be asked for.
NEGATIVE_TYPE = "Negative"
BASE_TYPE = "Standard"
#: Base models by family; the first is what an embedding of the family is said to be for.
_BASES: dict[Family, tuple[str, ...]] = {
    Family.SD1: ("SD 1.5", "SD 1.4", "SD 1.5 LCM", "SD 1.5 Hyper"),
    Family.SD2: ("SD 2.1", "SD 2.0", "SD 2.0 768", "SD 2.1 768", "SD 2.1 Unclip"),
    Family.SDXL: ("SDXL 1.0", "SDXL 0.9", "SDXL 1.0 LCM", "SDXL Turbo", "SDXL Lightning", "SDXL Hyper"),
    Family.SD3: ("SD 3", "SD 3.5", "SD 3.5 Medium", "SD 3.5 Large", "SD 3.5 Large Turbo"),
    Family.FLUX: ("Flux.1 D", "Flux.1 S"),
    Family.HIDREAM: ("HiDream",),
    Family.HUNYUAN_VIDEO: ("Hunyuan Video",),
    Family.PIXART: ("PixArt E", "PixArt a"),
    Family.CHROMA: ("Chroma",),
    Family.LUMINA2: ("Lumina",),
    Family.CASCADE: ("Stable Cascade",),
    Family.ANIMA: ("Anima",),
}
#: For every family that Civitai has no name for.
_OTHER = "Other"
#: Names that a client may offer to filter by, one for each family; then those that mean the same.
OFFERED_BASES = [names[0] for names in _BASES.values()] + [_OTHER]
KNOWN_BASES = [name for names in _BASES.values() for name in names] + [_OTHER]
#: Families in AIR addresses.
_ECOSYSTEMS = {Family.FLUX: "flux1", Family.HUNYUAN_VIDEO: "hyv1"}
#: Civitai's levels are bits: PG 1, PG-13 2, R 4, X 8. From R on clients blur pictures, as our pages do with suggestive ones.
LEVELS = {Rating.GENERAL: 1, Rating.SUGGESTIVE: 4, Rating.EXPLICIT: 8}
#: The same in the words of the list of images.
LEVEL_NAMES = {Rating.GENERAL: "None", Rating.SUGGESTIVE: "Mature", Rating.EXPLICIT: "X"}
#: Up to which of our ratings a filter by those words goes.
UP_TO = {
    "none": (Rating.GENERAL,),
    "soft": (Rating.GENERAL,),
    "mature": (Rating.GENERAL, Rating.SUGGESTIVE),
    "x": tuple(Rating),
}
AVAILABILITY = {
    Visibility.PUBLIC: "Public",
    Visibility.UNLISTED: "Unsearchable",
    Visibility.PRIVATE: "Private",
}
#: Orders; those that count what there is not here are by attention.
SORTS = {
    "highest rated": Sort.LIKES,
    "most liked": Sort.LIKES,
    "most collected": Sort.LIKES,
    "most downloaded": Sort.DOWNLOADS,
    "most discussed": Sort.TRENDING,
    "most images": Sort.TRENDING,
    "newest": Sort.NEW,
}
OLDEST = "oldest"
#: How long ago an embedding may have come; without one, any time.
PERIODS = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
#: Files that are listed. Others can be downloaded, but clients keep files by their names, and those would be the same.
LISTED = ((Target.CANONICAL, Dtype.FLOAT32), (Target.A1111_PT, Dtype.FLOAT32))
#: What a download's ``format`` may be: targets, the first that a version has.
DOWNLOADS = {
    "safetensor": (Target.CANONICAL,),
    "pickletensor": (Target.A1111_PT,),
    "diffusers": (Target.DIFFUSERS_SDXL, Target.DIFFUSERS),
}
PRECISIONS = {"fp32": Dtype.FLOAT32, "fp16": Dtype.FLOAT16}


@dataclass(frozen=True, slots=True)
class Terms:
    """A licence as Civitai's four switches. Where a licence leaves something open, the switch does too little, not too much."""

    no_credit: bool
    commercial: tuple[str, ...]
    derivatives: bool
    different_license: bool


_ANY_USE = ("Image", "RentCivit", "Rent", "Sell")
_TERMS = {
    License.CC0: Terms(True, _ANY_USE, True, True),
    License.CC_BY: Terms(False, _ANY_USE, True, True),
    License.CC_BY_SA: Terms(False, _ANY_USE, True, False),
    License.CC_BY_NC: Terms(False, (), True, False),
    License.CC_BY_NC_SA: Terms(False, (), True, False),
    License.MIT: Terms(False, _ANY_USE, True, True),
    License.APACHE: Terms(False, _ANY_USE, True, True),
    # Its restrictions of use have to be passed on.
    License.OPENRAIL_M: Terms(False, _ANY_USE, True, False),
    # The description tells them.
    License.OTHER: Terms(False, (), False, False),
}


def terms_of(license: str) -> Terms:
    """What a licence lets people do."""
    return _TERMS[License(license)]


def base_of(family: str) -> str:
    """What a family is called."""
    return _BASES.get(Family(family), (_OTHER,))[0]


def families_of(name: str) -> list[Family]:
    """The families that a base model stands for; none where the name is not known."""
    if name.lower() == _OTHER.lower():
        return [family for family in Family if family not in _BASES]
    return [family for family, names in _BASES.items() if name.lower() in [known.lower() for known in names]]


def ecosystem_of(family: str) -> str:
    """What a family is called in an AIR address."""
    return _ECOSYSTEMS.get(Family(family), family)


def format_of(target: str) -> str:
    """What the format of a file is called."""
    if target in (Target.A1111_PT, Target.DIFFUSERS_BIN):
        return "PickleTensor"
    return "Diffusers" if target in (Target.DIFFUSERS, Target.DIFFUSERS_SDXL) else "SafeTensor"


def precision_of(dtype: str) -> str:
    """What the precision of a file's numbers is called."""
    return next(name for name, known in PRECISIONS.items() if known == dtype)


def word_of(name: str) -> str:
    """What is typed into a prompt: the name of the file without its end, which is the word for A1111 and ComfyUI."""
    return stem(name)


def tags_of(kind: str, tags: list[str]) -> list[str]:
    """The tags of a model: its kind first, so that negative embeddings can be told and found."""
    return list(dict.fromkeys([Kind(kind).value, *tags]))
