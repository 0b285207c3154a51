"""Publishing what was chosen of a draft: all of it or none, and what is wrong beside the field it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import intake, services, storage
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.intake import Upload
from registry.models import DraftCard, Embedding, UploadDraft
from registry.pictures.previews import NewPreview, Picture
from registry.services import NewEmbedding
from registry.upload.forms import SharedForm
from registry.upload.page import Section


class Refused(Exception):
    """Something is wrong; the forms say what."""


def publish(*, owner: User, draft: UploadDraft, shared: SharedForm, chosen: Sequence[Section]) -> list[Embedding]:
    """Publish what valid forms say, and take it out of the draft. Raises ``Refused``; nothing is created then."""
    _check(owner, shared, chosen)
    with transaction.atomic():
        owner.lock()
        made = []
        uploads = [_read(section.card) for section in chosen]
        pictures = [_pictures(section.card) for section in chosen]
        # First, so that what is published does not count twice while the account's room is measured.
        draft.cards.filter(pk__in=[section.card.pk for section in chosen]).delete()
        draft.files.filter(cards=None).delete()
        for section, upload, previews in zip(chosen, uploads, pictures, strict=True):
            new = _new(section, upload, shared, previews=previews)
            try:
                (version,) = services.upload_parts(owner=owner, upload=upload, new=[new])
            except RegistryError as error:
                _tell(error, section, shared)
                raise Refused from error
            made.append(version.embedding)
        draft.published = [[section.card.pk, embedding.pk] for section, embedding in zip(chosen, made, strict=True)]
        draft.save(update_fields=["published", "touched"])
    return made


def _check(owner: User, shared: SharedForm, chosen: Sequence[Section]) -> None:
    """Raise ``Refused`` when all that can be seen without storing anything is not right, of every card at once."""
    names: dict[str, Section] = {}
    refused = False
    for section in chosen:
        try:
            upload = _read(section.card)
            services.check_parts(owner=owner, new=[_new(section, upload, shared)])
            name = section.form.cleaned_data["name"]
            if name in names:
                raise RegistryError(
                    "name_taken", _("Another embedding of this draft has that name; choose another."), field="name"
                )
            names[name] = section
        except RegistryError as error:
            _tell(error, section, shared)
            refused = True
    if refused:
        raise Refused


def _read(card: DraftCard) -> Upload:
    """The files of a card, read again: only numbers that were read just now are published."""
    try:
        files = [NamedFile(file.name, storage.read(file.blob)) for file in card.files.all()]
    except storage.BlobMissing as error:
        raise RegistryError(
            "file_lost", _("The file is no longer here. Remove this one and choose it again.")
        ) from error
    return intake.read_files(files)


def _pictures(card: DraftCard) -> list[NewPreview]:
    return [NewPreview(picture=Picture(row.blob, row.width, row.height, size=row.size)) for row in card.pictures.all()]


def _new(section: Section, upload: Upload, shared: SharedForm, **more: Any) -> NewEmbedding:
    part = upload.parts[min(section.card.part, len(upload.parts) - 1)]
    return NewEmbedding(part=part, **section.form.said(shared.cleaned_data), **more)


def _tell(error: RegistryError, section: Section, shared: SharedForm) -> None:
    """Say in the forms what is wrong: in a card, or in what all share where that is what its value came from."""
    form = section.form
    if error.field in shared.fields and not form.cleaned_data.get(error.field):
        if not shared.has_error(error.field):
            shared.add_error(error.field, error.message)
        return
    form.add_error(error.field if error.field in form.fields else None, error.message)
