"""Where to read a licence: the embedding's own, and that of the base model it was made for, whose terms travel with it."""

from __future__ import annotations

from dataclasses import dataclass

from registry.formats import Family
from registry.models import License


@dataclass(frozen=True, slots=True)
class Terms:
    """A licence by name, and where its text is."""

    name: str
    address: str


_TEXTS = {
    License.CC0: "https://creativecommons.org/publicdomain/zero/1.0/",
    License.CC_BY: "https://creativecommons.org/licenses/by/4.0/",
    License.CC_BY_SA: "https://creativecommons.org/licenses/by-sa/4.0/",
    License.CC_BY_NC: "https://creativecommons.org/licenses/by-nc/4.0/",
    License.CC_BY_NC_SA: "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    License.MIT: "https://spdx.org/licenses/MIT.html",
    License.APACHE: "https://www.apache.org/licenses/LICENSE-2.0",
    License.OPENRAIL_M: "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
}
#: Licences of the base models that a family is known by; a family of several licences is not here.
_BASES = {
    Family.SD1: Terms("CreativeML Open RAIL-M", _TEXTS[License.OPENRAIL_M]),
    Family.SD2: Terms(
        "CreativeML Open RAIL++-M", "https://huggingface.co/stabilityai/stable-diffusion-2/blob/main/LICENSE-MODEL"
    ),
    Family.SDXL: Terms(
        "CreativeML Open RAIL++-M",
        "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
    ),
    Family.SD3: Terms("Stability AI Community License", "https://stability.ai/community-license-agreement"),
}


def text_of(license: str) -> str:
    """The address of a licence's text, "" for one that the description must tell."""
    return _TEXTS.get(License(license), "")


def of_base(base: str) -> Terms | None:
    """The licence of the base models of a family, None where it is not one and the same."""
    return _BASES.get(Family(base))
