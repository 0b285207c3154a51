"""Models, versions and files as Civitai describes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from django.utils.html import escape

from registry.formats.hashes import AUTOV2_DIGITS
from registry.models import Embedding, File, Rating, Version
from registry.protocols.civitai import pictures, words
from registry.protocols.civitai.addresses import Addresses
from registry.protocols.moments import written

#: What is said of the scans that Civitai makes.
_PICKLE_SCAN = "This hub wrote the file from numbers. Nothing else of the upload is in it."
_VIRUS_SCAN = "Not scanned: this hub wrote the file from numbers, and nothing else of the upload is in it."


def model(embedding: Embedding, addresses: Addresses, *, primary_only: bool = False) -> dict[str, Any]:
    """An embedding with its versions, newest first, as :func:`listing.with_versions` fetches it."""
    terms = words.terms_of(embedding.license)
    numbered = [version for version in embedding.versions.all() if has_file(version.listed_files)]
    return {
        "id": embedding.pk,
        "name": embedding.title,
        "description": embedding.description_html,
        "type": words.MODEL_TYPE,
        "nsfw": embedding.rating == Rating.EXPLICIT,
        "nsfwLevel": words.LEVELS[Rating(embedding.rating)],
        "availability": words.AVAILABILITY[embedding.visibility],
        "supportsGeneration": False,
        "allowNoCredit": terms.no_credit,
        "allowCommercialUse": list(terms.commercial),
        "allowDerivatives": terms.derivatives,
        "allowDifferentLicense": terms.different_license,
        "minor": False,
        "poi": False,
        "sfwOnly": False,
        "cosmetic": None,
        "stats": _stats(embedding) | {"tippedAmountCount": 0},
        "creator": {"username": embedding.owner.username, "image": None},
        "tags": words.tags_of(embedding.kind, embedding.tags),
        "modelVersions": [
            {"index": index} | _version(version, version.listed_files, addresses, primary_only=primary_only)
            for index, version in enumerate(numbered)
        ],
    }


def version(version: Version, addresses: Addresses, *, wanted: File | None = None) -> dict[str, Any]:
    """A version by itself, as :func:`listing.versions` fetches it.

    ``wanted`` is the file that somebody has the hash of. It is then the primary one, whatever its format: Lora-Manager and
    Civitai's own extension know a file again only by the hash of that.
    """
    embedding = version.embedding
    listed = [file for file in version.files.all() if (file.target, file.dtype) in words.LISTED]
    if wanted is not None and wanted not in listed:
        listed.append(wanted)
    about = {
        "name": embedding.title,
        "type": words.MODEL_TYPE,
        "nsfw": embedding.rating == Rating.EXPLICIT,
        "poi": False,
    }
    return _version(version, listed, addresses, wanted=wanted) | {
        "modelId": embedding.pk,
        "air": f"urn:air:{words.ecosystem_of(embedding.base)}:embedding:starword:{embedding.pk}@{version.pk}",
        "updatedAt": written(version.created),
        "trainingStatus": "Approved" if version.receipt else None,
        "trainingDetails": None,
        "uploadType": "Trained" if version.receipt else "Created",
        "usageControl": "Download",
        "model": about,
    }


def has_file(files: Iterable[File]) -> bool:
    """Whether the version's own file is there; it is not while hashes of an older release are yet to be indexed."""
    return any(map(_is_own, files))


def _is_own(file: File) -> bool:
    return (file.target, file.dtype) == words.LISTED[0]


def file_name(version: Version, file: File) -> str:
    """The name of a file on somebody's disk, whatever its format: the word."""
    return f"{words.word_of(version.embedding.name)}{PurePath(file.filename).suffix}"


def _version(
    version: Version,
    listed: Sequence[File],
    addresses: Addresses,
    *,
    wanted: File | None = None,
    primary_only: bool = False,
) -> dict[str, Any]:
    """What a version is wherever it is told of. The primary file is the first: sd-civitai-browser-plus takes that."""
    embedding = version.embedding
    primary = wanted or next(filter(_is_own, listed))
    others = [] if primary_only else [file for file in listed if file != primary]
    entries = [_file(version, primary, addresses, primary=True, own=wanted is None)]
    entries += [_file(version, file, addresses, primary=False, own=False) for file in others]
    return {
        "id": version.pk,
        "name": f"v{version.number}",
        "description": f"<p>{escape(version.notes)}</p>" if version.notes else "",
        "baseModel": words.base_of(embedding.base),
        "baseModelType": words.BASE_TYPE,
        "status": "Published",
        "createdAt": written(version.created),
        "publishedAt": written(version.created),
        "availability": words.AVAILABILITY[embedding.visibility],
        "nsfwLevel": words.LEVELS[Rating(embedding.rating)],
        "trainedWords": [words.word_of(embedding.name)],
        "supportsGeneration": False,
        "covered": bool(version.pictures),
        # Downloads are counted for all versions together.
        "stats": _stats(embedding),
        "files": entries,
        "images": [pictures.of_version(picture, addresses) for picture in version.pictures],
        "downloadUrl": entries[0]["downloadUrl"],
    }


def _stats(embedding: Embedding) -> dict[str, int]:
    return {
        "downloadCount": embedding.downloads,
        "thumbsUpCount": embedding.likes,
        "thumbsDownCount": 0,
        "favoriteCount": embedding.likes,
        "commentCount": 0,
    }


def _file(version: Version, file: File, addresses: Addresses, *, primary: bool, own: bool) -> dict[str, Any]:
    """A file; ``own`` for the one that is the version's own, whose address needs no more than its number."""
    return {
        "id": file.pk,
        "name": file_name(version, file),
        "type": words.FILE_TYPE,
        "sizeKB": file.size / 1024,
        "metadata": {"format": words.format_of(file.target), "size": "full", "fp": words.precision_of(file.dtype)},
        "pickleScanResult": "Success",
        "pickleScanMessage": _PICKLE_SCAN,
        "virusScanResult": "Success",
        "virusScanMessage": _VIRUS_SCAN,
        "scannedAt": written(version.created),
        "hashes": _hashes(file),
        "downloadUrl": addresses.download(version, None if own else file),
        "primary": primary,
    }


def _hashes(file: File) -> dict[str, str]:
    """In capitals. AutoV1 is of a place that files of this size do not reach, AutoV3 of safetensors alone."""
    known = {
        "AutoV2": file.sha256[:AUTOV2_DIGITS],
        "AutoV3": file.autov3,
        "SHA256": file.sha256,
        "CRC32": file.crc32,
        "BLAKE3": file.blake3,
    }
    return {name: value.upper() for name, value in known.items() if value}
