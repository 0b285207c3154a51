"""What the hub answers, as frozen dataclasses. Fields that a newer hub adds are left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from starword.errors import BadAnswer

T = TypeVar("T")

#: States of a job that do not change any more.
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Account:
    """Who a token belongs to, and what it may do."""

    id: int
    login: str
    scopes: list[str]


@dataclass(frozen=True)
class File:
    """A file that a version can be downloaded as."""

    target: str
    dtype: str
    filename: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Version:
    """One set of vectors and its files."""

    number: int
    vectors: int
    digest: str
    created: str
    files: list[File]
    notes: str = ""


@dataclass(frozen=True)
class Preview:
    """A picture of what an embedding does."""

    url: str
    width: int
    height: int
    prompt: str = ""


@dataclass(frozen=True)
class Embedding:
    """An embedding with its versions, newest first."""

    id: int
    owner: str
    name: str
    title: str
    token: str
    kind: str
    base: str
    license: str
    visibility: str
    downloads: int
    likes: int
    created: str
    updated: str
    versions: list[Version]
    description: str = ""
    tags: list[str] = field(default_factory=list)
    rating: str = ""
    previews: list[Preview] = field(default_factory=list)

    @property
    def place(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True)
class Match:
    """A version that a hash or a name belongs to."""

    owner: str
    name: str
    title: str
    token: str
    base: str
    version: int
    matched: list[str]
    uploaded: bool = False

    @property
    def place(self) -> str:
        """``owner/name@vN``, as ``download`` takes it."""
        return f"{self.owner}/{self.name}@v{self.version}"


@dataclass(frozen=True)
class Matches:
    """Every version with a hash, the oldest first. Not ``unique``: the digits are too few to tell different numbers apart."""

    unique: bool
    results: list[Match]


@dataclass(frozen=True)
class UsedEmbedding:
    """An embedding that a picture's text names."""

    name: str
    found: bool
    recognised: str
    matches: list[Match]


@dataclass(frozen=True)
class Infotext:
    """The embeddings that a picture's text names."""

    embeddings: list[UsedEmbedding]
    not_found: list[str]


@dataclass(frozen=True)
class BaseCandidate:
    """A base family that vectors fit, and why."""

    base: str
    reason: str


@dataclass(frozen=True)
class Place:
    """Where the same numbers are on the hub."""

    owner: str
    name: str
    version: int


@dataclass(frozen=True)
class Part:
    """One embedding of an upload."""

    label: str
    container: str
    layout: str
    vectors: int
    tokens: list[str]
    bases: list[BaseCandidate]
    warnings: list[str]
    leaks: list[str]
    digest: str
    duplicates: list[Place]
    #: "positive" or "negative" where files come as such a pair.
    role: str = ""


@dataclass(frozen=True)
class Inspection:
    """What files hold."""

    file: str
    parts: list[Part]


@dataclass(frozen=True)
class BaseModel:
    """A base model that jobs may choose."""

    name: str
    title: str
    family: str
    vectors: int
    steps: dict[str, int]


@dataclass(frozen=True)
class JobError:
    """Why a job failed."""

    code: str
    message: str


@dataclass(frozen=True)
class Finding:
    """Something about the images that makes the result worse than it could be."""

    code: str
    level: str
    message: str


@dataclass(frozen=True)
class Job:
    """A job and how far it is."""

    id: int
    name: str
    token: str
    base: str
    state: str
    step: int
    total_steps: int
    created: str
    stage: str = ""
    seconds_left: float | None = None
    queue_position: int | None = None
    starts_in: float | None = None
    held: str = ""
    loss: float | None = None
    findings: list[Finding] = field(default_factory=list)
    error: JobError | None = None
    embedding: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


@cache
def _adapter(shape: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(shape)


def shaped(shape: type[T], answer: Any) -> T:
    """Return a decoded answer as ``shape``; ``BadAnswer`` where it is not of that shape."""
    try:
        return _adapter(shape).validate_python(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        message = f"The hub answered something that this client does not understand ({where}: {first['msg']})."
        raise BadAnswer("bad_answer", message) from error
