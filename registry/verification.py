"""Whether the storage still has what the database names, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone

from registry import blobs, storage
from registry.fingerprints import current_index
from registry.formats import FormatError, hashes, inspect
from registry.models import Version


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was stored."""

    file: str  #: its name in the storage: the SHA-256 it was stored under
    what: str  #: what is wrong with it
    named_by: list[str]  #: the rows that need it


@dataclass(slots=True)
class Findings:
    """What was looked at, and what is wrong."""

    files: int = 0
    bytes: int = 0
    versions: int = 0
    lost: list[Fault] = field(default_factory=list)  #: named, and not there
    changed: list[Fault] = field(default_factory=list)  #: there with other bytes
    unreadable: list[Fault] = field(default_factory=list)  #: versions that cannot be read, or hold other numbers
    orphaned: list[str] = field(default_factory=list)  #: there, old, and named by nothing; a sweep takes them

    @property
    def sound(self) -> bool:
        """Whether nothing that is needed is lost or damaged. Orphans are no harm."""
        return not (self.lost or self.changed or self.unreadable)


def verify(*, since: str = "", progress: Callable[[Findings, str], None]) -> Findings:
    """Hash every stored file from ``since`` on, and read every version whose file is among them.

    May run beside the site. ``progress`` is called before each file with what was found so far and the file's name.
    """
    found = Findings()
    missing = blobs.named(since)  # read before the folders are listed, so that what is put meanwhile is not missed
    older_than = timezone.now() - blobs.MIN_AGE
    for name in storage.every_name(since):
        progress(found, name)
        if name in missing:
            if _is_there(name, found):
                missing.discard(name)
        elif storage.size_if_older(name, older_than):
            found.orphaned.append(name)
    for name in sorted(missing):
        # Asked again: it may have been deleted, or not yet been listed, while this ran.
        if not _is_there(name, found) and (rows := blobs.naming(name)):
            found.lost.append(Fault(name, "It is not in the storage.", rows))
    _read_versions(since, found, progress)
    return found


def _is_there(name: str, found: Findings) -> bool:
    """Hash a file; say whether it is there at all."""
    try:
        sha256, size = storage.hash_anew(name)
    except storage.BlobMissing:
        return False
    found.files += 1
    found.bytes += size
    if sha256 != name:
        found.changed.append(Fault(name, f"Its {size} bytes hash to {sha256}.", blobs.naming(name)))
    return True


def _read_versions(since: str, found: Findings, progress: Callable[[Findings, str], None]) -> None:
    """Look whether what was stored under a version is what the version says."""
    known = {fault.file for fault in (*found.lost, *found.changed)}
    versions = Version.objects.filter(blob__gte=since).order_by("pk").values_list("blob", "digest", "indexed")
    for blob, digest, indexed in versions.iterator():
        if blob in known:
            continue
        progress(found, blob)
        try:
            encoders = inspect(storage.read(blob)).encoders
            # An older release's digest may be of another kind, until index_hashes has been there.
            other = indexed == current_index() and hashes.digest(encoders) != digest
            problem = "It holds other numbers." if other else ""
        except FormatError as error:
            problem = error.message
        except storage.BlobMissing:  # deleted meanwhile: what was lost before is known
            continue
        found.versions += 1
        if problem:
            found.unreadable.append(Fault(blob, problem, blobs.naming(blob)))
