"""The base models that a hub trains on: the built-in one, and those that its operator registers. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from registry.errors import RegistryError
from registry.validation import check_name
from training.errors import BadSetting, BaseChanged, NameTaken
from training.inversion import fingerprint
from training.inversion.config import InversionConfig
from training.inversion.errors import BadConfig
from training.models import BaseModel
from training.pocket import info as pocket

#: Settings that belong to a job, not to its base model.
_OF_JOBS = {"placeholder_token": "<x>", "kind": "object", "initialiser": "thing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the files of a base model say of it."""

    family: str
    widths: list[int]  #: of each text encoder's input vectors
    prediction_type: str
    resolution: int
    fingerprint: str  #: SHA-256 over the stored weights


def ensure_builtin_bases() -> None:
    """Register the built-in base model, or bring its row up to date; whether it is enabled stays the operator's choice."""
    BaseModel.objects.update_or_create(
        slug=pocket.NAME,
        defaults={
            "title": pocket.TITLE,
            "family": pocket.NAME,
            "source": pocket.NAME,
            "widths": [pocket.WIDTH],
            "prediction_type": pocket.PREDICTION_TYPE,
            "resolution": pocket.RESOLUTION,
            "fingerprint": fingerprint.of_folder(pocket.WEIGHTS) or "",
            "description": pocket.DESCRIPTION,
            "license": pocket.LICENSE,
            "defaults": pocket.DEFAULTS,
            "preview_prompts": {kind: list(prompts) for kind, prompts in pocket.PREVIEW_PROMPTS.items()},
        },
    )


@transaction.atomic
def register_base(
    *,
    slug: str,
    title: str,
    source: str,
    license: str,
    facts: Facts,
    description: str = "",
    defaults: dict[str, object] | None = None,
    replace: bool = False,
) -> BaseModel:
    """Register a base model that the engine could load; with ``replace``, one in place of another under the same slug.

    Raises :class:`NameTaken` or :class:`BadSetting`.
    """
    try:
        check_name(slug)
    except RegistryError as error:
        raise BadSetting(error.message, field="slug") from error
    if slug == pocket.NAME:
        raise NameTaken(f"{slug} is the built-in base model. Choose another slug.")
    try:
        InversionConfig.from_dict({**_OF_JOBS, **(defaults or {})})
    except BadConfig as error:
        raise BadSetting(f"defaults: {error.message}", field="defaults") from error
    if _OF_JOBS.keys() & (defaults or {}).keys():
        raise BadSetting(f"defaults: {', '.join(_OF_JOBS)} are for each job to say.", field="defaults")
    known = BaseModel.objects.select_for_update().filter(slug=slug).first()
    if known is not None and not replace:
        raise NameTaken(f"{slug} is registered already. Choose another slug, or replace it.")
    base = known or BaseModel(slug=slug)
    values = {"title": title, "source": source, "license": license, "description": description, **asdict(facts)}
    for name, value in (values | {"defaults": defaults or {}}).items():
        setattr(base, name, value)
    base.save()
    return base


def check_unchanged(base: BaseModel, found: str) -> None:
    """Raise :class:`BaseChanged` when the weights now at a base model's source, of fingerprint ``found``, are others."""
    if base.fingerprint and base.fingerprint != found:
        raise BaseChanged(
            _(
                "The weights of %(base)s are not those that were registered, so results would not be what they claim. "
                "The operator can put the old ones back, or register the new ones."
            )
            % {"base": base.title}
        )
