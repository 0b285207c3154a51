"""The rows of an embedding, its versions, files and previews. Called inside a transaction, with everything checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import fingerprints, similarity, storage
from registry.errors import RegistryError
from registry.intake import Prepared
from registry.models import Embedding, Preview, Reservation, Version
from registry.pictures.previews import NewPreview
from registry.skeletons import skeletons

#: Pictures of a version: a drawn grid (4 prompts × 4 seeds, twice) and as many of the owner's own.
MAX_PREVIEWS = 64
#: The constraint that decides who gets a name when two ask at once.
_PATH_CONSTRAINT = "registry_embedding_path"


def name_taken(name: str) -> RegistryError:
    """The refusal of a name that its owner has used."""
    return RegistryError(
        "name_taken",
        _("You have an embedding named “%(name)s” already; choose another name.") % {"name": name},
        field="name",
    )


def create_embedding(owner: User, fields: dict[str, Any]) -> Embedding:
    """Create an embedding from checked fields; of two that ask for a name at once, one is refused."""
    looks = skeletons(fields["name"], fields["title"], fields["token"])
    try:
        with transaction.atomic():
            embedding = Embedding.objects.create(owner=owner, skeletons=looks, **fields)
            Reservation.objects.filter(owner=owner, name=embedding.name).delete()
            return embedding
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if diagnosis is not None and diagnosis.constraint_name == _PATH_CONSTRAINT:
            raise name_taken(fields["name"]) from error
        raise


def create_version(
    embedding: Embedding,
    number: int,
    prepared: Prepared,
    *,
    notes: str = "",
    previews: Sequence[NewPreview] = (),
    receipt: dict[str, Any] | None = None,
) -> Version:
    """Create a version with the rows of every file that it can be downloaded as, and of every hash."""
    inspection = prepared.inspection
    version = Version.objects.create(
        embedding=embedding,
        number=number,
        notes=notes,
        digest=inspection.digest,
        blob=storage.put(prepared.data),
        size=len(prepared.data),
        vectors=inspection.vectors,
        encoders=[{"name": e.name, "shape": list(e.shape), "dtype": "F32"} for e in inspection.encoders],
        norms={e.name: e.norms for e in inspection.encoders},
        layout=inspection.layout,
        filename=prepared.filename,
        receipt=receipt,
    )
    Embedding.objects.filter(pk=embedding.pk).update(vectors=version.vectors)
    fingerprints.index(version, inspection.encoders, uploads=prepared.uploads)
    similarity.index(version, inspection.encoders)
    create_previews(version, previews)
    return version


def create_previews(version: Version, previews: Sequence[NewPreview]) -> list[Preview]:
    """Append pictures to those a version has."""
    present = version.previews.count()
    if present + len(previews) > MAX_PREVIEWS:
        raise RegistryError(
            "too_many_previews",
            _("A version shows at most %(limit)d pictures; this would be %(count)d.")
            % {"limit": MAX_PREVIEWS, "count": present + len(previews)},
            field="previews",
        )
    for preview in previews:
        if preview.picture.data is not None:
            storage.put(preview.picture.data)
    last = version.previews.aggregate(last=Max("position"))["last"]
    start = 0 if last is None else last + 1  # some may have been taken away
    return Preview.objects.bulk_create(
        Preview(
            version=version,
            position=position,
            blob=preview.picture.blob,
            size=preview.picture.size,
            width=preview.picture.width,
            height=preview.picture.height,
            source=preview.source,
            variant=preview.variant,
            template=preview.template,
            prompt=preview.prompt,
            seed=preview.seed,
            settings=preview.settings,
            tone=preview.picture.tone,
        )
        for position, preview in enumerate(previews, start=start)
    )
