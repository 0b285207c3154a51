"""Uploaded files between the two steps of the upload page: their bytes in storage, a signed reference with the person."""

from __future__ import annotations

from collections.abc import Sequence

from django.core import signing

from hub.accounts.models import User
from registry import storage
from registry.errors import RegistryError
from registry.formats import NamedFile

#: Seconds that a person may take to fill in the second step.
MAX_AGE_SECONDS = 24 * 60 * 60
_SALT = "registry.upload"


def keep(*, owner: User, files: Sequence[NamedFile]) -> str:
    """Store the bytes and return the reference. Only ``owner`` can use it."""
    stored = [[file.name[:255], storage.put(file.data)] for file in files]
    return signing.dumps({"owner": owner.pk, "files": stored}, salt=_SALT)


def find(*, owner: User, reference: str) -> list[NamedFile]:
    """Return the files a reference stands for; raise ``RegistryError`` when it is forged, another's, or too old."""
    try:
        values = signing.loads(reference, salt=_SALT, max_age=MAX_AGE_SECONDS)
        if values["owner"] != owner.pk:
            raise signing.BadSignature
        return [NamedFile(name, storage.read(blob)) for name, blob in values["files"]]
    except (signing.BadSignature, storage.BlobMissing, KeyError) as error:
        raise RegistryError("draft_gone", "The file of this form is gone. Choose it again.", field="file") from error
