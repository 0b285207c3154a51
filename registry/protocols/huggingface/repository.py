"""A repository: one version of an embedding as a folder of files, which are written when they are asked for."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import PermissionDenied

from hub.accounts.names import SLUG
from hub.errors import Gone
from registry import downloads
from registry.downloads import Download
from registry.formats import Dtype, Target
from registry.models import Embedding, Preview, Reservation, Version
from registry.moderation import tombstones
from registry.pictures import renditions
from registry.protocols.huggingface import card, errors

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

MAIN = "main"
CARD, PICTURE, RECEIPT = "README.md", "preview.png", "training.json"
#: Formats that are files of a repository, under the names that they are downloaded by. Of two that have one name, the first is there.
TARGETS = (Target.DIFFUSERS, Target.DIFFUSERS_BIN, Target.CANONICAL, Target.A1111_PT)
#: Digits of a commit id that tell the version, so that an id leads back to it for ever; the others tell the state of its files.
_VERSION_DIGITS = 24
_COMMIT_DIGITS = 40
#: Pictures whose size as PNG is remembered.
_PICTURES_REMEMBERED = 512
_NUMBERED = re.compile(r"v([1-9][0-9]{0,8})")
_COMMIT = re.compile(f"[0-9a-f]{{{_COMMIT_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a listing tells of a file."""

    size: int  #: bytes
    oid: str  #: as git names its content


@dataclass(frozen=True, slots=True)
class Repository:
    """Files by path, at one commit; ``embedding`` and ``version`` are None where nothing but a name is kept."""

    owner: User
    name: str
    public: bool  #: whether shared caches may keep its files
    commit: str
    files: dict[str, Callable[[], Download]] = field(repr=False)
    front_matter: dict[str, Any] = field(default_factory=dict)  #: of its README
    embedding: Embedding | None = None
    version: Version | None = None
    reservation: Reservation | None = None

    @property
    def id(self) -> str:
        """``owner/name``."""
        return f"{self.owner.username}/{self.name}"

    def open(self, path: str) -> Download:
        """Open a file. Raises ``HubError`` (``EntryNotFound``)."""
        if path not in self.files:
            raise errors.entry_not_found(path, self.commit)
        return self.files[path]()

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        with self.open(path).stream as stream:
            return stream.read()

    def facts(self, path: str) -> Facts:
        """Size and git's name of a file."""
        if path == PICTURE and self.version is not None:
            picture = _picture_of(self.version)
            return _picture_facts(picture.blob, picture.generated, picture.a1111_text)
        return _facts(self.read(path))


def find(user: User | AnonymousUser, owner: str, name: str, revision: str = MAIN) -> Repository:
    """Return a repository at a revision. Raises ``HubError`` for what there is not, or what ``user`` may not know of.

    Revisions are ``main``, ``v1`` and so on, and commit ids, of which each that was ever told leads to its version.
    """
    embedding = Embedding.objects.visible_to(user).at(owner, name).select_related("owner").first()
    if embedding is None:
        return _reserved(user, owner, name, revision)
    version = _find_version(embedding, revision)
    # What was asked for by its id is kept under it, though its card may have changed since.
    return of_version(embedding, version, commit=revision if _COMMIT.fullmatch(revision) else "")


def history(repository: Repository) -> list[Repository]:
    """A repository at each of its versions, the newest first: three queries. Nothing where nothing but a name is kept."""
    if repository.embedding is None:
        return []
    versions = Version.objects.filter(embedding=repository.embedding).order_by("-number")
    return [of_version(repository.embedding, version) for version in versions.prefetch_related("files", "previews")]


def find_own(user: User, owner: str, name: str) -> Repository:
    """Return a repository that ``user`` may change; 404 or 403."""
    found = find(user, owner, name)
    if found.owner.pk != user.pk:
        raise PermissionDenied(f"{found.id} is not yours; only its owner may change it.")
    return found


def _find_version(embedding: Embedding, revision: str) -> Version:
    """A version with its files and pictures: always four queries."""
    candidates = list(embedding.versions.only("pk", "number", "blob", "embedding_id"))
    if not candidates:
        raise errors.repository_not_found()
    if revision == MAIN:
        chosen = candidates[0]
    elif number := _NUMBERED.fullmatch(revision):
        chosen = next((one for one in candidates if one.number == int(number[1])), None)
    else:
        chosen = next((one for one in candidates if _version_digits(one) == revision[:_VERSION_DIGITS]), None)
        chosen = chosen if _COMMIT.fullmatch(revision) else None
    if chosen is None:
        raise errors.revision_not_found(revision)
    version = Version.objects.prefetch_related("files", "previews").get(pk=chosen.pk)
    version.embedding = embedding
    return version


def of_version(embedding: Embedding, version: Version, *, commit: str = "") -> Repository:
    """The repository of an embedding at a version, whose files and previews are fetched already."""
    files: dict[str, Callable[[], Download]] = {}
    states: dict[str, str] = {}
    rows = [row for row in version.files.all() if row.dtype == Dtype.FLOAT32 and row.target in TARGETS]
    for row in sorted(rows, key=lambda row: TARGETS.index(Target(row.target))):
        files.setdefault(row.filename, partial(downloads.open_download, version, row.target, row.filename))
        states.setdefault(row.filename, row.sha256)
    picture = _picture_of(version)
    if picture is not None:
        files[PICTURE] = partial(_open_picture, picture)
        states[PICTURE] = picture.blob
    data = card.data_of(embedding, picture)
    texts = {CARD: card.write(embedding, data, files)}
    if version.receipt is not None:
        texts[RECEIPT] = json.dumps(version.receipt, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    for path, text in texts.items():
        files[path] = partial(_text, path, text.encode())
        states[path] = hashlib.sha1(text.encode()).hexdigest()
    return Repository(
        owner=embedding.owner,
        name=embedding.name,
        public=embedding.is_public,
        commit=commit or _version_digits(version) + _state_digits(states),
        files=dict(sorted(files.items())),
        front_matter=data,
        embedding=embedding,
        version=version,
    )


def _reserved(user: User | AnonymousUser, owner: str, name: str, revision: str) -> Repository:
    """The empty repository of a name that ``user`` keeps. Raises ``Gone`` for what was taken down."""
    kept = None
    if user.is_authenticated and user.username == owner and SLUG.fullmatch(name):
        kept = Reservation.objects.filter(owner=user, name=name).first()
    if kept is None:
        missing = tombstones.missing(user, owner, name)
        raise missing if isinstance(missing, Gone) else errors.repository_not_found()
    states = {CARD: hashlib.sha1(kept.card.encode()).hexdigest()}
    commit = hashlib.sha1(f"reservation {kept.pk}".encode()).hexdigest()[:_VERSION_DIGITS] + _state_digits(states)
    if revision not in (MAIN, commit):
        raise errors.revision_not_found(revision)
    files = {CARD: partial(_text, CARD, kept.card.encode())} if kept.card else {}
    return Repository(owner=kept.owner, name=name, public=False, commit=commit, files=files, reservation=kept)


def _version_digits(version: Version) -> str:
    """Of what never changes of a version; written files and cards may, with a release or an owner's wish."""
    return hashlib.sha1(f"{version.pk} {version.number} {version.blob}".encode()).hexdigest()[:_VERSION_DIGITS]


def _state_digits(states: dict[str, str]) -> str:
    """Of every file's content: clients keep what they have under a commit id, and ask no more."""
    told = "".join(f"{path} {state}\n" for path, state in sorted(states.items()))
    return hashlib.sha1(told.encode()).hexdigest()[: _COMMIT_DIGITS - _VERSION_DIGITS]


def _picture_of(version: Version) -> Preview | None:
    """The last picture that the owner uploaded, or else the version's cover."""
    own = [preview for preview in version.previews.all() if preview.source == Preview.Source.UPLOADED]
    return own[-1] if own else version.cover


def _open_picture(picture: Preview) -> Download:
    data = renditions.as_png(picture.blob, generated=picture.generated, parameters=picture.a1111_text)
    return _download(PICTURE, data, "image/png")


@lru_cache(maxsize=_PICTURES_REMEMBERED)
def _picture_facts(blob: str, generated: bool, parameters: str) -> Facts:
    """A PNG takes a twentieth of a second to write, and each listing asks how large it is."""
    return _facts(renditions.as_png(blob, generated=generated, parameters=parameters))


def _text(path: str, data: bytes) -> Download:
    return _download(path, data, "application/json" if path.endswith(".json") else "text/plain; charset=utf-8")


def _download(path: str, data: bytes, media_type: str) -> Download:
    return Download(path, len(data), hashlib.sha256(data).hexdigest(), media_type, io.BytesIO(data))


def _facts(data: bytes) -> Facts:
    return Facts(len(data), hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest())
