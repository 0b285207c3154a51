"""Uploads: a commit's files become an embedding, its next version, what is said of it, and its pictures. All or nothing."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from hub.api import ApiError
from registry import intake, services
from registry.errors import RegistryError
from registry.formats import NamedFile, Part
from registry.intake import Upload
from registry.models import Embedding, Kind, License, Reservation
from registry.pictures.gallery import add_pictures
from registry.pictures.previews import NewPreview, read_picture
from registry.protocols.huggingface import card, errors
from registry.protocols.huggingface.repository import CARD, MAIN, RECEIPT, Repository, find

#: Files of one commit: an embedding in every format, its card and its pictures, several times over.
MAX_FILES = 40
#: Names that are pictures of what the embedding does; a picture of another name may have an embedding inside.
_PICTURES = frozenset({"preview.png", "preview.jpg", "preview.jpeg", "preview.webp"})
_EMBEDDINGS = (".safetensors", ".pt", ".bin", ".png", ".webp")
#: What clients and git add by themselves, and what this hub writes alone: the client is told to leave it out.
_IGNORED = frozenset({".gitattributes", ".gitignore", RECEIPT})
#: Tokens that stand for "whatever the file is called".
_NO_TOKEN = ("", "*")
_TAKEN = "an embedding (.safetensors, .pt, .bin), README.md and preview.png"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(slots=True)
class Commit:
    """What a client sent."""

    summary: str = ""
    parent: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)


def is_ignored(path: str) -> bool:
    """Whether the client shall leave a file out without a word of refusal."""
    return path in _IGNORED or path.startswith((".cache/", ".git/", ".huggingface/"))


def check_paths(paths: Sequence[str]) -> None:
    """Refuse files that have no place here, before the client sends them."""
    if len(paths) > MAX_FILES:
        raise ApiError(
            "too_many_files", f"{len(paths)} files are too many for one commit; at most {MAX_FILES} are taken."
        )
    strange = [path for path in paths if not path.isprintable() or not (is_ignored(path) or _has_place(path))]
    if strange:
        raise ApiError(
            "no_place",
            f"{', '.join(path[:80] for path in strange[:3])}: a repository here holds {_TAKEN}, and no folders. "
            'Leave other files out, for example with allow_patterns=["*.safetensors", "README.md"].',
        )


def _has_place(path: str) -> bool:
    return "/" not in path and (path == CARD or path.lower().endswith(_EMBEDDINGS) or path in _PICTURES)


def read(lines: Iterable[Any]) -> Commit:
    """Return the commit that the lines of a request describe. Raises ``ApiError`` for what there is no place for."""
    commit = Commit()
    for line in lines:
        key = line.get("key") if isinstance(line, dict) else None
        value = line.get("value") if isinstance(line, dict) else None
        if not isinstance(value, dict):
            raise ApiError("bad_commit", "Each line of a commit is an object with “key” and “value”.")
        path = value.get("path")
        if key == "header":
            commit.summary = _text(value.get("summary"))
            commit.parent = _text(value.get("parentCommit"))
        elif not isinstance(path, str) or not path:
            raise ApiError("bad_commit", "Each file of a commit needs a “path”.")
        elif key == "file":
            commit.files[path] = _content(path, value)
        elif key in ("deletedFile", "deletedFolder"):
            commit.deleted.append(path)
        elif key == "lfsFile":
            raise ApiError(
                "no_lfs", f"{path[:80]}: send the file's content in the commit; this hub has no LFS storage."
            )
        else:
            raise ApiError("bad_commit", f"{str(key)[:40]!r} is nothing that a commit can hold here.")
    return commit


def _text(value: Any) -> str:
    return _CONTROL.sub(" ", value).encode("utf-8", "replace").decode().strip() if isinstance(value, str) else ""


def _content(path: str, value: dict[str, Any]) -> bytes:
    content = value.get("content")
    if value.get("encoding") != "base64" or not isinstance(content, str):
        raise ApiError("bad_commit", f"{path[:80]}: send its content in base64.")
    try:
        return b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError("bad_commit", f"{path[:80]}: its content is not valid base64.") from error


@transaction.atomic
def apply(*, repository: Repository, commit: Commit) -> None:
    """Do what a commit to ``main`` asks for, or refuse it. Files that are there with the same bytes are passed over.

    Commits of one account come one after the other, each to what the one before left.
    """
    repository.owner.lock()
    repository = find(repository.owner, repository.owner.username, repository.name)
    if commit.parent and commit.parent != repository.commit:
        raise errors.HubError(
            412, "PreconditionFailed", f"{MAIN} is at {repository.commit} by now; fetch it, and commit again."
        )
    if commit.deleted:
        raise ApiError(
            "virtual_file",
            f"{', '.join(path[:80] for path in commit.deleted[:3])}: files here are written from the embedding and cannot be "
            "deleted one by one. Delete the repository, or change the embedding on its page.",
        )
    check_paths(list(commit.files))
    news = {
        path: data
        for path, data in commit.files.items()
        if not is_ignored(path) and not _is_there(repository, path, data)
    }
    said = card.read(news[CARD]) if CARD in news else {}
    pictures = [NewPreview(picture=read_picture(path, data)) for path, data in news.items() if path in _PICTURES]
    files = [NamedFile(path, data) for path, data in news.items() if path != CARD and path not in _PICTURES]
    if repository.embedding is not None:
        _change(repository.embedding, files, said, pictures, commit.summary)
    elif files:
        _create(repository.reservation, files, said, pictures)
    elif pictures:
        raise ApiError("no_embedding", "Upload the embedding's file first, or in the same commit as its preview.")
    elif CARD in news:
        repository.reservation.card = news[CARD].decode("utf-8-sig").replace("\r\n", "\n")
        repository.reservation.save(update_fields=["card"])


def _is_there(repository: Repository, path: str, data: bytes) -> bool:
    return path in repository.files and repository.read(path) == data


def _create(
    reservation: Reservation, files: Sequence[NamedFile], said: dict[str, Any], pictures: Sequence[NewPreview]
) -> None:
    """Create the embedding that a name was kept for; its card may have come before."""
    if reservation.card:
        said = card.read(reservation.card.encode()) | said
    upload = _one_embedding(files)
    part = _only_part(upload)
    bases = [candidate.base.value for candidate in part.inspection.bases]
    if len(bases) != 1 and "base" not in said:
        fitting = ", ".join(bases) or "no family that this hub knows"
        raise RegistryError(
            "wrong_base",
            f"{', '.join(part.sources)}: its vectors fit {fitting}. Say which in the first lines of README.md:\n"
            "---\nstarword:\n  base: …\n---",
            field="base",
        )
    own = next(iter(part.inspection.tokens), "")
    new = services.NewEmbedding(
        part=part,
        name=reservation.name,
        visibility=reservation.visibility,
        previews=pictures,
        **{
            "title": reservation.name,
            "token": own if own not in _NO_TOKEN else f"<{reservation.name}>",
            "kind": Kind.NEGATIVE if part.role == "negative" else Kind.OBJECT,
            "base": bases[0] if bases else "",
            "license": License.OTHER,
        }
        | _known(said),
    )
    services.upload_parts(owner=reservation.owner, upload=upload, new=[new])


def _change(
    embedding: Embedding,
    files: Sequence[NamedFile],
    said: dict[str, Any],
    pictures: Sequence[NewPreview],
    summary: str,
) -> None:
    """Add a version where the numbers are new, change what is said, and append pictures to the newest version."""
    if files:
        upload = _one_embedding(files)
        try:
            services.add_version(
                embedding=embedding, files=upload.files, notes=summary[: services.MAX_NOTES_CHARACTERS]
            )
        except RegistryError as error:
            if error.code != "unchanged":
                raise
    changed = {name: value for name, value in _known(said).items() if value != getattr(embedding, name)}
    if changed:
        services.update_embedding(embedding=embedding, **changed)
    if pictures:
        version = embedding.versions.order_by("-number")[0]
        # A folder is often sent again as a whole, and a picture is stored in another form than it came.
        shown = set(version.previews.values_list("blob", flat=True))
        news = [preview for preview in pictures if preview.picture.blob not in shown]
        add_pictures(version=version, previews=news)


def _known(said: dict[str, Any]) -> dict[str, Any]:
    """What a card says, with a licence of the hub's list."""
    known = said.get("license", License.OTHER) in License.values
    return said if known else said | {"license": License.OTHER}


def _one_embedding(files: Sequence[NamedFile]) -> Upload:
    """Read the files of one embedding. There may be copies of it in several formats, as a repository here has them."""
    groups: dict[tuple[str, str], list[NamedFile]] = {}
    for file in files:
        stem, _, extension = file.name.rpartition(".")
        groups.setdefault((stem.removesuffix("_2"), extension), []).append(file)
    uploads = [intake.read_files(group) for group in groups.values()]
    parts = [_only_part(upload) for upload in uploads]
    if len(uploads) == 1:
        return uploads[0]
    if len({part.inspection.digest for part in parts}) > 1:
        names = ", ".join(name for part in parts for name in part.sources)
        raise RegistryError(
            "several_embeddings",
            f"{names} hold different vectors. A repository is one embedding: make one for each, or commit one version "
            "after the other.",
            field="file",
        )
    # The copy that carries the token, where there is one.
    return max(uploads, key=lambda upload: any(token not in _NO_TOKEN for token in upload.parts[0].inspection.tokens))


def _only_part(upload: Upload) -> Part:
    """The embedding of an upload that holds no other: a commit has no way of naming one."""
    if len(upload.parts) == 1:
        return upload.parts[0]
    names = ", ".join(dict.fromkeys(name for part in upload.parts for name in part.sources))
    labels = ", ".join(part.label for part in upload.parts)
    raise RegistryError(
        "several_embeddings",
        f"{names}: there are {len(upload.parts)} embeddings in it ({labels}), and a repository is one. Upload it on the hub's "
        "page, where each gets its own, or send each in a file of its own.",
        field="file",
    )
