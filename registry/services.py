"""Everything that changes the registry. Blobs are written before the transaction that names them, rows all or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import announcements, intake, quota, rows
from registry.errors import RegistryError
from registry.formats import NamedFile, Part
from registry.intake import Prepared, Upload
from registry.lookup import find_duplicates
from registry.markdown import render
from registry.models import (
    MAX_DESCRIPTION_CHARACTERS,
    Embedding,
    Kind,
    License,
    Like,
    Rating,
    Version,
    Visibility,
)
from registry.moderation import tombstones
from registry.moderation.services import check_rating_change
from registry.pictures.previews import NewPreview
from registry.skeletons import skeletons
from registry.validation import (
    MAX_NOTES_CHARACTERS,
    check_choice,
    check_name,
    check_text,
    check_title,
    check_token,
    normalise_tags,
)
from registry.vocabularies import is_word

#: Versions of one embedding that people upload: whoever reads of it, or of a list that it is in, reads of all of them.
MAX_VERSIONS = 200
#: Fields that may change after creation. Name, token and base family are in files that people already have.
EDITABLE = frozenset({"title", "description", "kind", "tags", "license", "visibility", "rating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmbedding:
    """One part of an upload and what its owner says of it."""

    part: Part
    name: str
    title: str
    token: str
    kind: str
    base: str
    license: str
    description: str = ""
    tags: Iterable[str] = ()
    visibility: str = Visibility.PRIVATE
    rating: str = Rating.GENERAL
    previews: Sequence[NewPreview] = ()
    receipt: dict[str, Any] | None = None


def upload_embedding(*, owner: User, filename: str, data: bytes, within_quota: bool = True, **said: Any) -> Version:
    """Create an embedding with its first version from a file: the one door for uploads and for trained results.

    ``data`` is an embedding file in any layout that is read, ``said`` are the other fields of :class:`NewEmbedding`.
    Without ``within_quota`` it is taken however much the account stores. Raises ``RegistryError``; nothing is created then.
    """
    upload = intake.read_files([NamedFile(filename, data)])
    new = NewEmbedding(part=intake.choose_part(upload), **said)
    (version,) = upload_parts(owner=owner, upload=upload, new=[new], within_quota=within_quota)
    return version


def upload_parts(
    *, owner: User, upload: Upload, new: Sequence[NewEmbedding], within_quota: bool = True
) -> list[Version]:
    """Create an embedding of each part that is named: all of them or none.

    Raises ``RegistryError``, whose ``part`` tells which of ``new`` it is about.
    """
    checked = check_parts(owner=owner, new=new)
    prepared = [intake.prepare(upload, item.part, fields["base"]) for item, fields in zip(new, checked, strict=True)]
    for number, ready in enumerate(prepared):
        with _about_part(number):
            _refuse_taken_down(upload, ready)
    made = []
    with transaction.atomic():
        if within_quota:
            _check_room(owner, prepared, [preview for item in new for preview in item.previews])
        for number, (item, fields, ready) in enumerate(zip(new, checked, prepared, strict=True)):
            with _about_part(number):
                embedding = rows.create_embedding(owner, fields)
                made.append(rows.create_version(embedding, 1, ready, previews=item.previews, receipt=item.receipt))
                announcements.created(made[-1])
    return made


def check_parts(*, owner: User, new: Sequence[NewEmbedding]) -> list[dict[str, Any]]:
    """Return the fields of each new embedding as they are stored. Raises as :func:`upload_parts` does; stores nothing."""
    checked = []
    for number, item in enumerate(new):
        with _about_part(number):
            checked.append(_checked_new(owner, item))
    return checked


@contextmanager
def _about_part(number: int) -> Iterator[None]:
    """Let a refusal say which of several parts it is about."""
    try:
        yield
    except RegistryError as error:
        error.part = number
        raise


def _refuse_taken_down(upload: Upload, prepared: Prepared) -> None:
    """Raise for what staff have taken down. A file of several embeddings is not refused whole for one of them."""
    files = prepared.uploads if len(upload.parts) == 1 else ()
    tombstones.refuse_taken_down(prepared.filename, prepared.inspection.encoders, files)


def _check_room(owner: User, prepared: Sequence[Prepared], previews: Sequence[NewPreview]) -> None:
    """Raise unless the account has room for files and pictures; nobody else stores anything for it until the transaction ends."""
    owner.lock()
    pictures = {preview.picture.blob: preview.picture.size for preview in previews}
    quota.check_room(owner, sum(len(item.data) for item in prepared) + sum(pictures.values()))


def _checked_new(owner: User, item: NewEmbedding) -> dict[str, Any]:
    """Return the fields of a new embedding as they are stored."""
    fields = {
        "name": check_name(item.name),
        "token": check_token(item.token),
        **_checked(
            {
                "title": item.title,
                "description": item.description,
                "kind": item.kind,
                "tags": item.tags,
                "license": item.license,
                "visibility": item.visibility,
                "rating": item.rating,
            }
        ),
        "base": intake.check_base(item.base, item.part),
    }
    if is_word(fields["base"], fields["token"]):
        raise RegistryError(
            "token_in_vocabulary",
            _(
                "%(token)s is already a word of this base model: the embedding would take its place in every prompt. "
                "Choose a new one, for example %(example)s."
            )
            % {"token": fields["token"], "example": f"<{fields['token'].strip('<>')}-1>"},
            field="token",
        )
    if Embedding.objects.filter(owner=owner, name=item.name).exists():
        raise rows.name_taken(item.name)
    tombstones.refuse_name(owner.username, item.name)
    return fields


def add_version(
    *,
    embedding: Embedding,
    files: Sequence[NamedFile],
    part: str = "",
    notes: str = "",
    previews: Sequence[NewPreview] = (),
    receipt: dict[str, Any] | None = None,
    within_quota: bool = True,
) -> Version:
    """Add the next version; ``part`` is the label of one embedding where the files hold several.

    Without ``within_quota`` it is taken however much the account stores, and however many versions there are.
    Raises ``RegistryError`` when its numbers are a version's already, or for another base family.
    """
    notes = check_text(notes, "notes", MAX_NOTES_CHARACTERS)
    upload = intake.read_files(files)
    chosen = intake.choose_part(upload, part)
    intake.check_base(embedding.base, chosen)
    prepared = intake.prepare(upload, chosen, embedding.base)
    _refuse_taken_down(upload, prepared)
    with transaction.atomic():
        if within_quota:
            _check_room(embedding.owner, [prepared], previews)
        # The lock makes numbers consecutive when two versions arrive at once.
        locked = Embedding.objects.select_for_update().get(pk=embedding.pk)
        _refuse_known(locked, prepared)
        latest = locked.versions.first()
        if within_quota and latest and latest.number >= MAX_VERSIONS:
            raise _too_many_versions()
        version = rows.create_version(
            locked,
            latest.number + 1 if latest else 1,
            prepared,
            notes=notes,
            previews=previews,
            receipt=receipt,
        )
        locked.save(update_fields=["updated"])
        announcements.version_added(version)
        return version


def _too_many_versions() -> RegistryError:
    return RegistryError(
        "too_many_versions",
        _("This embedding has %(limit)d versions, the most there can be. Upload it as a new embedding.")
        % {"limit": MAX_VERSIONS},
        field="file",
    )


def _refuse_known(embedding: Embedding, prepared: Prepared) -> None:
    """Raise for numbers that are a version of the embedding already, in whatever container or dtype they came."""
    known = find_duplicates(prepared.inspection.encoders, versions=embedding.versions.all())
    if known:
        message = (
            _("%(file)s: These are the vectors of version %(number)d already, rounded to %(dtype)s.")
            if known[0].rounded
            else _("%(file)s: These are the vectors of version %(number)d already.")
        )
        told = {"file": prepared.filename, "number": known[0].version.number, "dtype": known[0].rounded}
        raise RegistryError("unchanged", message % told, field="file")


@transaction.atomic
def update_embedding(*, embedding: Embedding, **fields: Any) -> Embedding:
    """Change some of the fields in :data:`EDITABLE`; raises ``RegistryError`` naming a field that cannot be changed."""
    for field in fields.keys() - EDITABLE:
        raise RegistryError(
            "fixed",
            _("“%(field)s” cannot be changed: files that people have carry it. Upload a new embedding.")
            % {"field": field},
            field=field,
        )
    changed = _checked(fields)
    if "rating" in changed:
        check_rating_change(embedding, changed["rating"])
    if "title" in changed:
        changed["skeletons"] = skeletons(embedding.name, changed["title"], embedding.token)
    was_public = embedding.visibility == Visibility.PUBLIC
    for name, value in changed.items():
        setattr(embedding, name, value)
    embedding.save(update_fields=[*changed, "updated"])
    if embedding.visibility == Visibility.PUBLIC and not was_public:
        announcements.published(embedding)
    return embedding


def publish(*, embedding: Embedding) -> Embedding:
    """Make an embedding public."""
    return update_embedding(embedding=embedding, visibility=Visibility.PUBLIC)


@transaction.atomic
def delete_embedding(*, embedding: Embedding) -> None:
    """Delete an embedding with its versions, files, previews and likes. Blobs stay: others may name them."""
    embedding.delete()


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
    deleted = Like.objects.filter(owner=user, embedding=embedding).delete()[0]
    if deleted:
        Embedding.objects.filter(pk=embedding.pk).update(likes=F("likes") - 1)
    return bool(deleted)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the editable fields as they are stored, with the rendered description."""
    result = dict(fields)
    if "title" in fields:
        result["title"] = check_title(fields["title"])
    if "description" in fields:
        result["description"] = check_text(fields["description"], "description", MAX_DESCRIPTION_CHARACTERS)
        result["description_html"] = render(result["description"])
    if "tags" in fields:
        result["tags"] = normalise_tags(fields["tags"])
    for field, choices in (("kind", Kind), ("license", License), ("visibility", Visibility), ("rating", Rating)):
        if field in fields:
            result[field] = check_choice(fields[field], choices, field)
    return result
