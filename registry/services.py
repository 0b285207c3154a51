"""Everything that changes the registry. Blobs are written before the transaction that names them, rows all or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F, QuerySet

from hub.accounts.models import User
from registry import rows, storage
from registry.errors import RegistryError
from registry.formats import FormatError, Inspection, canonical, inspect
from registry.formats.limits import MAX_FILE_BYTES
from registry.markdown import render
from registry.models import (
    FAMILY_CHOICES,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    Embedding,
    Kind,
    License,
    Like,
    Preview,
    Version,
    Visibility,
)
from registry.previews import NewPreview, store_picture
from registry.rows import Prepared
from registry.validation import (
    check_choice,
    check_name,
    check_text,
    check_token,
    clean_filename,
    normalise_tags,
)

#: Characters of a version's notes, as the column has them.
MAX_NOTES_CHARACTERS = 500
#: Fields that may change after creation. Name, token and base family are in files that people already have.
EDITABLE = frozenset({"title", "description", "kind", "tags", "license", "visibility"})


def inspect_upload(*, filename: str, data: bytes) -> Inspection:
    """Return what a file holds. Raises ``RegistryError`` naming the file when it is refused."""
    filename = clean_filename(filename)
    if len(data) > MAX_FILE_BYTES:
        raise RegistryError(
            "too_large",
            f"{filename}: The file has more than {MAX_FILE_BYTES // 2**20} MB; no embedding does. Is it a checkpoint or a LoRA?",
            field="file",
        )
    try:
        return inspect(data)
    except FormatError as error:
        raise RegistryError(error.code, f"{filename}: {error.message}", field="file") from error


def find_duplicates(digest: str, user: User | AnonymousUser) -> QuerySet[Version]:
    """Return the versions with the same numbers that ``user`` may see in lists, oldest first."""
    listed = Embedding.objects.listed_for(user)
    return (
        Version.objects.filter(digest=digest, embedding__in=listed)
        .select_related("embedding__owner")
        .order_by("created", "id")
    )


def upload_embedding(
    *,
    owner: User,
    filename: str,
    data: bytes,
    name: str,
    title: str,
    token: str,
    kind: str,
    base: str,
    license: str,
    description: str = "",
    tags: Iterable[str] = (),
    visibility: str = Visibility.PRIVATE,
    previews: Sequence[NewPreview] = (),
    receipt: dict[str, Any] | None = None,
) -> Version:
    """Create an embedding with its first version: the one door for uploads and for trained results.

    ``data`` is the embedding file in any layout that is read. Raises ``RegistryError``; nothing is created then.
    """
    fields = {
        "name": check_name(name),
        "title": check_text(title, "title", MAX_TITLE_CHARACTERS, required=True),
        "token": check_token(token),
        **_checked(
            {
                "description": description,
                "kind": kind,
                "tags": tags,
                "license": license,
                "visibility": visibility,
            }
        ),
    }
    if Embedding.objects.filter(owner=owner, name=name).exists():
        raise rows.name_taken(name)
    prepared = _prepare(filename, data)
    fields["base"] = _checked_base(base, prepared)
    with transaction.atomic():
        embedding = rows.create_embedding(owner, fields)
        return rows.create_version(embedding, 1, prepared, previews=previews, receipt=receipt)


def add_version(
    *,
    embedding: Embedding,
    filename: str,
    data: bytes,
    notes: str = "",
    previews: Sequence[NewPreview] = (),
    receipt: dict[str, Any] | None = None,
) -> Version:
    """Add the next version. Raises ``RegistryError`` when the file is refused or is for another base family."""
    notes = check_text(notes, "notes", MAX_NOTES_CHARACTERS)
    prepared = _prepare(filename, data)
    _checked_base(embedding.base, prepared)
    with transaction.atomic():
        # The lock makes numbers consecutive when two versions arrive at once.
        locked = Embedding.objects.select_for_update().get(pk=embedding.pk)
        latest = locked.versions.first()
        if latest is not None and latest.digest == prepared.inspection.digest:
            raise RegistryError(
                "unchanged",
                f"{prepared.filename}: These are the vectors of version {latest.number} already.",
                field="file",
            )
        version = rows.create_version(
            locked,
            latest.number + 1 if latest else 1,
            prepared,
            notes=notes,
            previews=previews,
            receipt=receipt,
        )
        locked.save(update_fields=["updated"])
        return version


@transaction.atomic
def update_embedding(*, embedding: Embedding, **fields: Any) -> Embedding:
    """Change some of the fields in :data:`EDITABLE`; raises ``RegistryError`` naming a field that cannot be changed."""
    for field in fields.keys() - EDITABLE:
        raise RegistryError(
            "fixed",
            f"The {field} cannot be changed: files that people have carry it. Upload a new embedding.",
            field=field,
        )
    if "title" in fields:
        fields["title"] = check_text(fields["title"], "title", MAX_TITLE_CHARACTERS, required=True)
    for field, value in _checked(fields).items():
        setattr(embedding, field, value)
    changed = list(fields) + (["description_html"] if "description" in fields else [])
    embedding.save(update_fields=[*changed, "updated"])
    return embedding


def publish(*, embedding: Embedding) -> Embedding:
    """Make an embedding public."""
    return update_embedding(embedding=embedding, visibility=Visibility.PUBLIC)


@transaction.atomic
def delete_embedding(*, embedding: Embedding) -> None:
    """Delete an embedding with its versions, files, previews and likes. Blobs stay: others may name them."""
    embedding.delete()


def add_preview(*, version: Version, filename: str, data: bytes) -> Preview:
    """Add an uploaded picture behind the previews a version has."""
    picture = store_picture(data, filename=clean_filename(filename))
    with transaction.atomic():
        # The lock makes positions consecutive when two pictures arrive at once.
        Version.objects.select_for_update().get(pk=version.pk)
        return rows.create_previews(version, [NewPreview(picture=picture)])[0]


@transaction.atomic
def like(*, user: User, embedding: Embedding) -> bool:
    """Let ``user`` like an embedding; return whether that is new."""
    _, created = Like.objects.get_or_create(owner=user, embedding=embedding)
    if created:
        Embedding.objects.filter(pk=embedding.pk).update(likes=F("likes") + 1)
    return created


@transaction.atomic
def unlike(*, user: User, embedding: Embedding) -> bool:
    """Take a like back; return whether there was one."""
    deleted, _ = Like.objects.filter(owner=user, embedding=embedding).delete()
    if deleted:
        Embedding.objects.filter(pk=embedding.pk).update(likes=F("likes") - 1)
    return bool(deleted)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the editable fields as they are stored, with the rendered description."""
    result = dict(fields)
    if "description" in fields:
        result["description"] = check_text(fields["description"], "description", MAX_DESCRIPTION_CHARACTERS)
        result["description_html"] = render(result["description"])
    if "tags" in fields:
        result["tags"] = normalise_tags(fields["tags"])
    for field, choices in (("kind", Kind), ("license", License), ("visibility", Visibility)):
        if field in fields:
            result[field] = check_choice(fields[field], choices, field)
    return result


def _checked_base(base: str, prepared: Prepared) -> str:
    """Return ``base`` when it is among the families that the file's vectors fit."""
    fitting = [candidate.base for candidate in prepared.inspection.bases]
    if base in fitting:
        return base
    known = ", ".join(f"{family.value} ({family.label})" for family in fitting)
    remedy = f"its vectors fit {known}." if known else "its vectors fit no base family that this hub knows."
    asked = dict(FAMILY_CHOICES).get(base, repr(base))
    raise RegistryError(
        "wrong_base", f"{prepared.filename}: This is not an embedding for {asked}; {remedy}", field="base"
    )


def _prepare(filename: str, data: bytes) -> Prepared:
    """Check a file and put its canonical form into storage."""
    inspection = inspect_upload(filename=filename, data=data)
    return Prepared(inspection, storage.put(canonical(inspection.encoders)), clean_filename(filename))
