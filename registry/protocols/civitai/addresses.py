"""Addresses in answers: absolute ones, and signed ones that work by themselves for some minutes.

Clients follow a download's redirect without their key, so the signed address stands for it: for one file and one reader, whose
right to it is looked at again when the address is used.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.urls import reverse
from rest_framework.request import Request

from hub.accounts.models import User
from hub.api import ApiError
from registry.models import PICTURE_DIGEST_CHARACTERS, File, Preview, Version
from registry.protocols.civitai import words

#: Seconds that a signed address works: a queue of downloads waits, and one that broke off is taken up again.
SECONDS = 15 * 60
_FILE_SALT = "registry.protocols.civitai.file"
_PICTURE_SALT = "registry.protocols.civitai.picture"


class Addresses:
    """Addresses for the reader who asks, at the host that they asked."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def absolute(self, path: str) -> str:
        """A path with scheme and host."""
        return self.request.build_absolute_uri(path)

    def download(self, version: Version, file: File | None = None) -> str:
        """Where to download a file; the version's own needs no more than the number."""
        path = reverse("civitai:download", args=[version.pk])
        if file is not None:
            precision, form = words.precision_of(file.dtype), words.format_of(file.target)
            asked = {"type": words.FILE_TYPE, "format": form, "size": "full", "fp": precision, "fileId": file.pk}
            path = f"{path}?{urlencode(asked)}"
        return self.absolute(path)

    def bytes_of(self, version: Version, file: File, name: str) -> str:
        """Where the bytes of a file are, for some minutes."""
        values = [version.pk, file.target, file.dtype, file.filename, self._reader]
        return self.absolute(reverse("civitai:file", args=[signing.dumps(values, salt=_FILE_SALT), name]))

    def picture(self, picture: Preview) -> str:
        """Where a picture is; clients send no key for it, so that of a private embedding is signed."""
        if picture.version.embedding.is_public:
            return self.absolute(picture.get_absolute_url())
        values = [picture.pk, picture.blob[:PICTURE_DIGEST_CHARACTERS], self._reader]
        return self.absolute(reverse("civitai:picture", args=[signing.dumps(values, salt=_PICTURE_SALT)]))

    @property
    def _reader(self) -> int:
        return self.request.user.pk or 0


def read_file(reference: str) -> tuple[int, str, str, str, User | AnonymousUser]:
    """Return version, target, dtype, file name and reader of a signed address. Raises ``ApiError``."""
    version, target, dtype, filename, reader = _read(reference, _FILE_SALT)
    return version, target, dtype, filename, _reader(reader)


def read_picture(reference: str) -> tuple[int, str, User | AnonymousUser]:
    """Return number, beginning of the SHA-256, and reader. Raises ``ApiError``."""
    picture, digest, reader = _read(reference, _PICTURE_SALT)
    return picture, digest, _reader(reader)


def _read(reference: str, salt: str) -> list:
    try:
        return signing.loads(reference, salt=salt, max_age=SECONDS)
    except signing.BadSignature as error:
        minutes = SECONDS // 60
        raise ApiError(
            "expired",
            f"This address is over {minutes} minutes old, or not whole. Ask for the download again.",
            status=403,
        ) from error


def _reader(number: int) -> User | AnonymousUser:
    """Who an address was made for; somebody whose account is closed is nobody."""
    return User.objects.filter(pk=number, is_active=True).first() or AnonymousUser() if number else AnonymousUser()
