"""What came in: the files of one upload, read as numbers, told apart, and brought into canonical form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from registry import refusals
from registry.errors import RegistryError
from registry.formats import (
    Family,
    FormatError,
    Inspection,
    NamedFile,
    Part,
    canonical,
    inspect_files,
    name_encoders,
)
from registry.formats.parts import is_sidecar
from registry.models import FAMILY_CHOICES
from registry.validation import MAX_FILENAME_CHARACTERS, clean_filename


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of one upload and the embeddings in them, at least one of each."""

    files: tuple[NamedFile, ...]
    parts: tuple[Part, ...]

    def sources_of(self, part: Part) -> list[NamedFile]:
        """The files that a part was read from."""
        return [file for file in self.files if file.name in part.sources]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked embedding in the form in which it is stored."""

    inspection: Inspection
    data: bytes  #: the canonical file
    filename: str
    uploads: tuple[bytes, ...]  #: the files it came from, for their hashes; they are not kept


def read_files(files: Sequence[NamedFile]) -> Upload:
    """Read everything that the files of one upload hold. Raises ``RegistryError`` naming the file that is refused."""
    if not files:
        raise RegistryError("required", _("Choose the file of the embedding."), field="file")
    named = tuple(NamedFile(clean_filename(file.name), file.data) for file in files)
    try:
        return Upload(named, inspect_files(named))
    except FormatError as error:
        prefix = f"{named[0].name}: " if len(named) == 1 else ""
        raise RegistryError(error.code, prefix + refusals.told(error), field="file") from error


def choose_part(upload: Upload, label: str = "") -> Part:
    """Return the part with a label or role, or the only one. Raises ``RegistryError`` naming what there is."""
    if not label and len(upload.parts) == 1:
        return upload.parts[0]
    found = [part for part in upload.parts if label and label in (part.label, part.role)]
    if len(found) == 1:
        return found[0]
    labels = ", ".join(part.label for part in upload.parts)
    if not label:
        message = _("The upload holds %(count)d embeddings (%(labels)s). Send it once for each, with part naming it.")
        message = message % {"count": len(upload.parts), "labels": labels}
        raise RegistryError("several_embeddings", message, field="part")
    message = _("No one embedding of the upload is called “%(label)s”; there is %(labels)s.")
    raise RegistryError("unknown_part", message % {"label": label, "labels": labels}, field="part")


def prepare(upload: Upload, part: Part, base: str) -> Prepared:
    """Bring a part into canonical form. ``base`` is the family that it is for, as :func:`check_base` returns it."""
    sources = upload.sources_of(part)
    filename = ", ".join(file.name for file in sources)[:MAX_FILENAME_CHARACTERS]
    encoders = name_encoders(part.inspection.encoders, Family(base))
    # A sidecar says what words are called, and may lie beside many embeddings: its hash is none of this one's.
    uploads = tuple(file.data for file in sources if not is_sidecar(file.data))
    return Prepared(replace(part.inspection, encoders=encoders), canonical(encoders), filename, uploads)


def check_base(base: str, part: Part) -> str:
    """Return ``base`` when it is among the families that a part's vectors fit."""
    fitting = [candidate.base for candidate in part.inspection.bases]
    if base in fitting:
        return base
    known = ", ".join(f"{family.value} ({family.label})" for family in fitting)
    message = (
        _("%(files)s: This is not an embedding for %(asked)s; its vectors fit %(known)s.")
        if known
        else _("%(files)s: This is not an embedding for %(asked)s; its vectors fit no base family that this hub knows.")
    )
    asked = dict(FAMILY_CHOICES).get(base, repr(base))
    told = {"files": ", ".join(part.sources), "asked": asked, "known": known}
    raise RegistryError("wrong_base", message % told, field="base")
