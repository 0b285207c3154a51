"""What is said of a draft's pictures, each remark beside the picture it is about and with what to do; some of them block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from training.datasets import MIN_IMAGES
from training.inversion.findings import FEW_IMAGES, Finding, Level, examine_measured
from training.inversion.measures import Measures
from training.models import DraftImage, TrainingDraft

#: What is wrong and what to do, by the code of the finding.
_WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "too_small": (
        _("Too small"),
        _("%(width)d × %(height)d pixels, and this base model needs %(half)d a side at least: the blur would be learned. "
          "Use a larger picture, or cut out less."),
    ),
    "small": (
        _("Small"),
        _("%(width)d × %(height)d pixels will be enlarged to %(resolution)d, and some of the blur is learned. A larger picture "
          "is better."),
    ),
    "long": (
        _("Long"),
        _("Only the middle square is learned from. Crop the picture to what matters."),
    ),
    "dark": (_("Dark"), _("Nearly all of it is black. Brighten it, or leave it out.")),
    "bright": (_("Bright"), _("Nearly all of it is white. Darken it, or leave it out.")),
    "bars": (_("Border"), _("There are bars along its edges, and they would be learned. Crop them off.")),
    "blurred": (_("Blurred"), _("It is much less sharp than the others. Replace it, or leave it out.")),
    "cut": (
        _("Subject cut off"),
        _("What it shows runs out of the square. Crop it so that all of it is inside, or use another picture."),
    ),
    "near_copy": (
        _("Nearly a copy"),
        _("It is nearly the same as picture %(other)d, and copies count double. Keep one of the two."),
    ),
    "mirror_copy": (
        _("Mirror twin"),
        _("It is nearly the mirror image of picture %(other)d, and copies count double. Keep one of the two."),
    ),
    "same_picture": (_("The same picture"), _("It is picture %(other)d once more. Remove one of the two.")),
    "same_background": (
        _("One background"),
        _("All pictures have nearly the same background, and it will be learned as part of the word. Add pictures with other "
          "backgrounds, or say in the captions what it is."),
    ),
    "watermark": (
        _("Watermark"),
        _("Something stands at the same place near an edge of all pictures: a watermark, a logo or a date. It would be learned. "
          "Crop it off."),
    ),
    "few_images": (_("Few pictures"), _("These will do, but %(few)d to 10 that differ in place and background teach more.")),
    "many_images": (_("Many pictures"), _("More than a few vectors can hold. The %(few)d to 20 best do as well.")),
}  # fmt: skip


#: Of which the advice tells sizes in pixels.
_OF_SIZES = {"too_small", "small"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found."""

    code: str
    blocks: bool  #: whether the job cannot be submitted with it
    title: str
    advice: str


@dataclass(slots=True)
class Report:
    """All that was found in a draft's pictures."""

    of_set: list[Remark] = field(default_factory=list)
    of_images: dict[int, list[Remark]] = field(default_factory=lambda: defaultdict(list))  #: by the picture's key

    @property
    def blocking(self) -> int:
        """How many remarks keep the job from being submitted."""
        remarks = [*self.of_set, *(remark for each in self.of_images.values() for remark in each)]
        return sum(remark.blocks for remark in remarks)


def report_on(draft: TrainingDraft, images: Sequence[DraftImage]) -> Report:
    """Look at a draft's pictures, in their order, for its base model."""
    report = Report()
    if len(images) < MIN_IMAGES:
        report.of_set.append(_too_few(len(images)))
    same = _same(images)
    for second, first in same.items():
        report.of_images[images[second].pk].append(_remark("same_picture", blocks=True, other=first + 1))
    found = examine_measured(
        [Measures.from_json(image.measures) for image in images],
        resolution=draft.base.resolution,
        kind="style" if draft.kind == "style" else "object",
    )
    for finding in found:
        if finding.code == "few_images" and len(images) < MIN_IMAGES:
            continue
        if finding.code == "near_copy" and finding.images[1] in same:
            continue
        _note(report, finding, images, draft.base.resolution)
    return report


def _too_few(count: int) -> Remark:
    missing = MIN_IMAGES - count
    advice = ngettext(
        "Add %(missing)d more: at least %(least)d are needed.",
        "Add %(missing)d more: at least %(least)d are needed.",
        missing,
    )
    return Remark("too_few", True, str(_("Too few pictures")), advice % {"missing": missing, "least": MIN_IMAGES})


def _same(images: Sequence[DraftImage]) -> dict[int, int]:
    """Positions of pictures that are others once more, with the first position of each."""
    first: dict[tuple[object, ...], int] = {}
    same = {}
    for at, image in enumerate(images):
        earlier = first.setdefault((image.blob, image.crop), at)
        if earlier != at:
            same[at] = earlier
    return same


def _note(report: Report, finding: Finding, images: Sequence[DraftImage], resolution: int) -> None:
    """Put a finding where it belongs: what is about two pictures beside the later one."""
    blocks = finding.level == Level.REFUSE
    if not finding.images:
        report.of_set.append(_remark(finding.code, blocks=blocks, few=FEW_IMAGES))
        return
    image = images[finding.images[-1]]
    width, height = image.seen_size
    report.of_images[image.pk].append(
        _remark(
            finding.code, blocks=blocks, other=finding.images[0] + 1, width=width, height=height, resolution=resolution,
            half=(resolution + 1) // 2,
        )
    )  # fmt: skip


def retold(findings: Sequence[dict[str, Any]]) -> list[str]:
    """The findings kept with a job as its page says them: in English as they were found, else by their codes."""
    if (get_language() or "en").startswith("en"):
        return [finding["message"] for finding in findings]
    return [_retold(finding) for finding in findings]


def _retold(finding: dict[str, Any]) -> str:
    code, images = finding["code"], finding["images"]
    if code not in _WORDS:
        return finding["message"]
    title, advice = _WORDS[code]
    # Sizes are not kept with the finding.
    advice = "" if code in _OF_SIZES else str(advice) % {"few": FEW_IMAGES, "other": images[0] + 1 if images else 0}
    if not images:
        return (gettext("%(title)s. %(advice)s") % {"title": title, "advice": advice}).rstrip()
    told = {"number": images[-1] + 1, "title": title, "advice": advice}
    return (gettext("Picture %(number)d: %(title)s. %(advice)s") % told).rstrip()


def _remark(code: str, *, blocks: bool, **facts: int) -> Remark:
    title, advice = _WORDS[code]
    return Remark(code, blocks, str(title), str(advice) % facts)
