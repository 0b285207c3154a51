"""Finding what is here already: by a hash, by the text of a picture, by the numbers themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from hub.accounts.names import SLUG
from registry import fingerprints, infotext
from registry.errors import RegistryError
from registry.formats import Encoder
from registry.formats.hashes import EMPTY
from registry.models import Embedding, File, Hash, HashKind, Version
from registry.skeletons import skeletons

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

#: Hexadecimal digits of a hash that is looked up: the shortest that tools write, and a whole SHA-256.
MIN_DIGITS, MAX_DIGITS = 8, 64
#: Hashes that are looked up at once, and those of them that one statement looks up by their beginning.
MAX_HASHES, MAX_BEGINNINGS = 1_000, 100
#: Versions in one answer; more can only come from digits that are too few to mean anything.
MAX_MATCHES = 20
#: Look-alikes that are named; more would not make the point better.
MAX_LOOKALIKES = 5
_DIGITS = re.compile(f"[0-9a-f]{{{MIN_DIGITS},{MAX_DIGITS}}}")


@dataclass(slots=True)
class Match:
    """A version that a hash belongs to."""

    version: Version
    kinds: list[str] = field(default_factory=list)  #: which of its hashes, values of ``HashKind``; "name" for none
    uploaded: bool = False  #: whether the file that was uploaded has it
    files: list[File] = field(default_factory=list)  #: the files to download that have it


@dataclass(slots=True)
class Answer:
    """Everything that has a hash, the oldest first. ``unique``: one set of numbers, however often it was uploaded."""

    matches: list[Match]
    unique: bool


@dataclass(slots=True)
class Used:
    """An embedding that a picture's text names, and what it is here."""

    reference: infotext.Reference
    recognised: str  #: a value of ``HashKind``, "name", or "" when it was not found
    matches: list[Match]
    unique: bool


@dataclass(slots=True)
class Duplicate:
    """A version with the same numbers; ``rounded`` says of which dtype one of the two is a rounded copy, "" for none."""

    version: Version
    rounded: str


def by_hash(value: str, user: User | AnonymousUser) -> Answer:
    """Return what has a hash that begins with ``value``, among what ``user`` may see.

    Who has a whole SHA-256 has the file, and may find its page though no list shows it; a guessed beginning finds only what
    lists show. The hashes of empty input, which tools write for files they did not read, find nothing. Raises ``RegistryError``.
    """
    value = value.lower()
    if not _DIGITS.fullmatch(value):
        raise RegistryError("bad_hash", f"A hash has {MIN_DIGITS} to {MAX_DIGITS} hexadecimal digits.", field="hash")
    return by_hashes([value], user).get(value, Answer([], unique=False))


def by_hashes(values: Iterable[str], user: User | AnonymousUser) -> dict[str, Answer]:
    """Return the same for several, each in lower case and of digits alone, in their order; those that are not here are left out.

    Two queries, and two more for each :data:`MAX_BEGINNINGS` that are beginnings.
    """
    meant = [value for value in dict.fromkeys(values) if not any(empty.startswith(value) for empty in EMPTY)]
    whole = [value for value in meant if len(value) == MAX_DIGITS]
    begun = [value for value in meant if len(value) < MAX_DIGITS]
    found: dict[str, Answer] = {}
    if whole:
        found |= _found(whole, Q(value__in=whole), Embedding.objects.visible_to(user))
    listed = Embedding.objects.listed_for(user, explicit=True)
    for first in range(0, len(begun), MAX_BEGINNINGS):
        some = begun[first : first + MAX_BEGINNINGS]
        beginning = reduce(or_, (Q(value__startswith=value) for value in some))
        found |= _found(some, beginning, listed)
    return {value: found[value] for value in meant if value in found}


def _found(values: Sequence[str], wanted: Q, embeddings: QuerySet[Embedding]) -> dict[str, Answer]:
    """What each of ``values`` belongs to, among the rows that ``wanted`` finds for all of them."""
    lengths = {len(value) for value in values}
    rows: dict[str, list[Hash]] = {value: [] for value in values}
    of_all = Hash.objects.filter(wanted, version__embedding__in=embeddings).order_by("version_id", "id")
    for row in _with_files(of_all)[: MAX_MATCHES * len(HashKind) * len(values)]:
        for beginning in {row.value[:length] for length in lengths} & rows.keys():
            rows[beginning].append(row)
    return {value: _gathered(of_one, value) for value, of_one in rows.items() if of_one}


def by_whole_hashes(values: Iterable[str], user: User | AnonymousUser) -> dict[str, Hash]:
    """Return the oldest of what ``user`` may see with each whole SHA-256 of a file, by those of ``values`` that are known. One query."""
    wanted = {value.lower() for value in values} - EMPTY
    rows = Hash.objects.filter(
        kind=HashKind.SHA256, value__in=wanted, version__embedding__in=Embedding.objects.visible_to(user)
    )
    oldest = rows.order_by("value", "version_id").distinct("value").select_related("version")
    return {row.value: row for row in oldest}


def _with_files(rows: QuerySet[Hash]) -> QuerySet[Hash]:
    return rows.select_related("version__embedding__owner").prefetch_related("version__files")


def _gathered(rows: Sequence[Hash], value: str) -> Answer:
    """Gather hashes by version; a version's rows lie together."""
    matches: dict[int, Match] = {}
    values = set()
    for row in rows[: MAX_MATCHES * len(HashKind)]:
        match = matches.setdefault(row.version_id, Match(row.version))
        match.kinds.append(row.kind)
        match.uploaded |= row.uploaded
        match.files += [file for file in row.version.files.all() if _has(file, value) and file not in match.files]
        values.add(row.value)
    found = list(matches.values())[:MAX_MATCHES]
    numbers = {match.version.digest for match in found}
    return Answer(found, unique=len(values) == 1 or len(numbers) == 1)


def _has(file: File, value: str) -> bool:
    return any(own.startswith(value) for own in (file.sha256, file.autov3, file.blake3, file.crc32) if own)


def used_in(text: str, user: User | AnonymousUser) -> list[Used]:
    """Return the embeddings that a picture's text names, each with what it is here. Raises ``RegistryError``."""
    if len(text) > infotext.MAX_CHARACTERS:
        raise RegistryError(
            "too_long",
            f"The text has {len(text):,} characters; at most {infotext.MAX_CHARACTERS:,} are read.",
            field="text",
        )
    try:
        references = infotext.parse(text)
    except infotext.TooManyReferences as error:
        limits = f"{infotext.MAX_REFERENCES} embeddings, or {infotext.MAX_VALUES} hashes"
        raise RegistryError("too_many", f"The text names more than {limits}.", field="text") from error
    by_value = by_hashes([value for reference in references for value in reference.hashes], user)
    by_name = _named([reference.name for reference in references], user)
    checksums = _with_checksums(references, by_name)
    return [_find(reference, by_value, by_name.get(_slug(reference.name), []), checksums) for reference in references]


def _find(
    reference: infotext.Reference,
    by_value: Mapping[str, Answer],
    same_name: Sequence[Embedding],
    checksums: Sequence[Hash],
) -> Used:
    """By its hashes, the longest first; else by name and checksum; else by name alone, which says little."""
    for value in sorted(filter(by_value.__contains__, reference.hashes), key=len, reverse=True):
        answer = by_value[value]
        if not answer.unique:  # the name may tell which
            named = [match for match in answer.matches if match.version.embedding in same_name]
            answer = Answer(named, unique=True) if len(named) == 1 else answer
        return Used(reference, answer.matches[0].kinds[0], answer.matches, answer.unique)
    known = {embedding.pk for embedding in same_name}
    rows = [row for row in checksums if row.value in reference.checksums and row.version.embedding_id in known]
    if rows:
        answer = _gathered(rows, "-")
        return Used(reference, HashKind.CHECKSUM.value, answer.matches, answer.unique)
    if same_name:
        matches = [Match(embedding.latest, ["name"]) for embedding in same_name if embedding.latest]
        return Used(reference, "name", matches, len(matches) == 1)
    return Used(reference, "", [], False)


def _slug(name: str) -> str:
    """The name that an embedding has where its files are called so: a file is told by its name without regard to case."""
    return re.sub(r"\s+", "-", name.lower())


def _named(names: Iterable[str], user: User | AnonymousUser) -> dict[str, list[Embedding]]:
    """Embeddings whose files have one of the names, the oldest of each first, with their newest versions. Three queries."""
    slugs = [slug for slug in map(_slug, names) if SLUG.fullmatch(slug)]
    place = Window(RowNumber(), partition_by="name", order_by="id")
    named = Embedding.objects.listed_for(user).filter(name__in=slugs).annotate(place=place)
    latest = Version.objects.order_by("embedding_id", "-number").distinct("embedding_id").prefetch_related("files")
    found: dict[str, list[Embedding]] = {}
    for embedding in (
        named.filter(place__lte=MAX_MATCHES)
        .select_related("owner")
        .prefetch_related(Prefetch("versions", latest, to_attr="latest_versions"))
        .order_by("id")
    ):
        found.setdefault(embedding.name, []).append(embedding)
    return found


def _with_checksums(references: Sequence[infotext.Reference], by_name: Mapping[str, list[Embedding]]) -> list[Hash]:
    """The checksums of what has one of the names, among those that are given. Two queries."""
    given = [value for reference in references for value in reference.checksums]
    same_name = [embedding.pk for embeddings in by_name.values() for embedding in embeddings]
    rows = Hash.objects.filter(kind=HashKind.CHECKSUM, value__in=given, version__embedding__in=same_name)
    return list(_with_files(rows.order_by("version_id"))[: MAX_MATCHES * infotext.MAX_REFERENCES])


def find_duplicates(encoders: Sequence[Encoder], *, versions: QuerySet[Version]) -> list[Duplicate]:
    """Return those of ``versions`` that have the same numbers, the oldest first.

    The numbers are the same where they are equal as float32, or where one is the other rounded to float16 or bfloat16.
    """
    (found,) = find_duplicates_of_each([fingerprints.digests(encoders)], versions=versions)
    return found


def find_duplicates_of_each(
    known: Sequence[Mapping[str, str]], *, versions: QuerySet[Version], limit: int | None = None
) -> list[list[Duplicate]]:
    """Return the duplicates of each of several embeddings, by their :func:`fingerprints.digests`, in one query.

    ``limit`` bounds the rows that are read for all of them together.
    """
    exact = [digests[HashKind.DIGEST] for digests in known]
    rounded = [value for digests in known for kind, value in digests.items() if kind != HashKind.DIGEST]
    found = Hash.objects.filter(
        Q(kind__in=fingerprints.DIGESTS, value__in=exact) | Q(kind=HashKind.DIGEST, value__in=rounded),
        version__in=versions,
    )
    rows: dict[str, list[Hash]] = {}
    for row in found.select_related("version__embedding__owner").order_by("version_id")[:limit]:
        rows.setdefault(row.value, []).append(row)
    return [_duplicates(digests, rows) for digests in known]


def _duplicates(digests: Mapping[str, str], rows: Mapping[str, list[Hash]]) -> list[Duplicate]:
    """The versions of one embedding's digests among rows by their value."""
    exact = digests[HashKind.DIGEST]
    kinds: dict[int, set[str]] = {}
    same: dict[int, Version] = {}
    for kind, value in digests.items():
        for row in rows.get(value, ()):
            if value != exact and row.kind != HashKind.DIGEST:
                continue  # both rounded: what was lost of each may differ
            same[row.version_id] = row.version
            kinds.setdefault(row.version_id, set()).add(row.kind if value == exact else kind)
    return [Duplicate(same[pk], _rounding(kinds[pk])) for pk in sorted(same)]


def copies_of(embedding: Embedding) -> list[Embedding]:
    """Embeddings of anybody with a version of the same numbers, for staff."""
    digests = embedding.versions.values("digest")
    same = Embedding.objects.filter(versions__digest__in=digests).exclude(pk=embedding.pk)
    return list(same.select_related("owner").distinct().order_by("id")[:MAX_MATCHES])


def listed_versions(user: User | AnonymousUser) -> QuerySet[Version]:
    """The versions of embeddings that lists show ``user``, whatever their rating: who asks has the numbers."""
    return Version.objects.filter(embedding__in=Embedding.objects.listed_for(user, explicit=True))


def _rounding(kinds: set[str]) -> str:
    if HashKind.DIGEST in kinds:
        return ""
    return "float16" if HashKind.DIGEST_F16 in kinds else "bfloat16"


def find_lookalikes(user: User | AnonymousUser, *names: str) -> list[Embedding]:
    """Return public embeddings of other people whose name, title or token looks like one of ``names``."""
    (found,) = find_lookalikes_of_each(user, [names])
    return found


def find_lookalikes_of_each(user: User | AnonymousUser, named: Sequence[Sequence[str]]) -> list[list[Embedding]]:
    """Return the look-alikes of each of several embeddings, by its names, in one query."""
    shapes = [set(skeletons(*names)) for names in named]
    public = Embedding.objects.public()
    others = public.exclude(owner=user) if user.is_authenticated else public
    alike = others.filter(skeletons__overlap=sorted(set().union(*shapes))).select_related("owner").order_by("id")
    rows = list(alike[: MAX_LOOKALIKES * len(named)])
    return [[row for row in rows if shape.intersection(row.skeletons)][:MAX_LOOKALIKES] for shape in shapes]
