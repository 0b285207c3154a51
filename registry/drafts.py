"""An uploaded file between the two steps of the upload page: its bytes in storage, a signed reference with the person."""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing

from hub.accounts.models import User
from registry import storage
from registry.errors import RegistryError

#: Seconds that a person may take to fill in the second step.
MAX_AGE_SECONDS = 24 * 60 * 60
_SALT = "registry.upload"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that was inspected and not yet published."""

    filename: str
    data: bytes


def keep(*, owner: User, filename: str, data: bytes) -> str:
    """Store the bytes and return the reference. Only ``owner`` can use it."""
    return signing.dumps({"owner": owner.pk, "filename": filename[:255], "blob": storage.put(data)}, salt=_SALT)


def find(*, owner: User, reference: str) -> Draft:
    """Return the file a reference stands for; raise ``RegistryError`` when it is forged, another's, or too old."""
    try:
        values = signing.loads(reference, salt=_SALT, max_age=MAX_AGE_SECONDS)
        if values["owner"] != owner.pk:
            raise signing.BadSignature
        return Draft(values["filename"], storage.read(values["blob"]))
    except (signing.BadSignature, storage.BlobMissing) as error:
        raise RegistryError("draft_gone", "The file of this form is gone. Choose it again.", field="file") from error
