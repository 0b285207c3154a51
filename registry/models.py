"""What the registry keeps: embeddings, their versions, the files written from them, previews and likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse

from hub.accounts.names import validate_embedding_name
from registry.fields import BlobField
from registry.formats.types import Family
from registry.querysets import EmbeddingQuerySet
from registry.skeletons import MAX_SKELETON_CHARACTERS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

MAX_TITLE_CHARACTERS = 120
#: Rendering stays under 0.1 s; longer texts belong on a page of their own.
MAX_DESCRIPTION_CHARACTERS = 10_000
MAX_TOKEN_CHARACTERS = 80
MAX_TAGS = 20
MAX_TAG_CHARACTERS = 40
#: Characters of a picture's SHA-256 in its address: the address changes with the bytes, so it may be cached for ever.
PICTURE_DIGEST_CHARACTERS = 12


class NextPublicId(Func):
    """The next number of the one sequence that embeddings and versions share.

    Clients of the Civitai protocol refuse a number that is both a model and a version.
    """

    template = "nextval('registry_public_id')"


class Kind(models.TextChoices):
    """What an embedding stands for in a prompt."""

    OBJECT = "object", "Object"
    STYLE = "style", "Style"
    NEGATIVE = "negative", "Negative"


class Visibility(models.TextChoices):
    """Who may know of an embedding."""

    PUBLIC = "public", "Public: listed and found by everyone"
    UNLISTED = "unlisted", "Unlisted: everyone who has the address"
    PRIVATE = "private", "Private: only you"


class License(models.TextChoices):
    """Licences to choose from, by SPDX identifier where there is one."""

    CC0 = "cc0-1.0", "CC0 1.0 (public domain)"
    CC_BY = "cc-by-4.0", "CC BY 4.0"
    CC_BY_SA = "cc-by-sa-4.0", "CC BY-SA 4.0"
    CC_BY_NC = "cc-by-nc-4.0", "CC BY-NC 4.0"
    CC_BY_NC_SA = "cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0"
    MIT = "mit", "MIT"
    APACHE = "apache-2.0", "Apache 2.0"
    OPENRAIL_M = "creativeml-openrail-m", "CreativeML Open RAIL-M"
    OTHER = "other", "Other (say which in the description)"


class HashKind(models.TextChoices):
    """What a hash is of. AutoV2 and the hashes in A1111's "TI hashes" are beginnings of the SHA-256."""

    SHA256 = "sha256", "SHA-256"
    AUTOV3 = "autov3", "AutoV3"
    BLAKE3 = "blake3", "BLAKE3"
    CRC32 = "crc32", "CRC32"
    CHECKSUM = "checksum", "A1111's checksum of the numbers"
    DIGEST = "digest", "digest of the numbers"
    DIGEST_F16 = "digest-f16", "digest of the numbers rounded to float16"
    DIGEST_BF16 = "digest-bf16", "digest of the numbers rounded to bfloat16"


FAMILY_CHOICES = [(family.value, family.label) for family in Family]


class Embedding(models.Model):
    """A shared word. Its numbers are in its versions; its public path is ``/{owner}/{name}``."""

    id = models.IntegerField(primary_key=True, db_default=NextPublicId(), editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="embeddings")
    name = models.CharField(max_length=64, validators=[validate_embedding_name])
    title = models.CharField(max_length=MAX_TITLE_CHARACTERS)
    token = models.CharField("placeholder token", max_length=MAX_TOKEN_CHARACTERS)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    base = models.CharField("base family", max_length=16, choices=FAMILY_CHOICES)
    description = models.TextField(blank=True, max_length=MAX_DESCRIPTION_CHARACTERS, help_text="Markdown.")
    description_html = models.TextField(blank=True, editable=False)
    tags = ArrayField(models.CharField(max_length=MAX_TAG_CHARACTERS), default=list, blank=True, size=MAX_TAGS)
    license = models.CharField("licence", max_length=32, choices=License.choices)
    visibility = models.CharField(max_length=16, choices=Visibility.choices, default=Visibility.PRIVATE)
    downloads = models.IntegerField(default=0, editable=False)
    likes = models.IntegerField(default=0, editable=False)
    skeletons = ArrayField(
        models.CharField(max_length=MAX_SKELETON_CHARACTERS),
        default=list,
        db_default=[],
        blank=True,
        editable=False,
        help_text="What its name, title and token look like.",
    )
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    search = models.GeneratedField(
        # The SQL function is made by the first migration; it is immutable, as a generated column requires.
        expression=Func(
            F("title"), F("name"), F("token"), F("tags"), F("description"), function="registry_search_vector"
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = EmbeddingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="registry_embedding_path")]
        indexes = [
            GinIndex(fields=["search"], name="registry_embedding_search"),
            GinIndex(fields=["tags"], name="registry_embedding_tags"),
            GinIndex(fields=["skeletons"], name="registry_embedding_skeletons"),
            models.Index(fields=["created", "id"], name="registry_embedding_new", condition=Q(visibility="public")),
            models.Index(
                fields=["downloads", "id"],
                name="registry_embedding_downloads",
                condition=Q(visibility="public"),
            ),
            models.Index(fields=["likes", "id"], name="registry_embedding_likes", condition=Q(visibility="public")),
        ]

    def __str__(self) -> str:
        return f"{self.owner.username}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("registry:embedding", args=[self.owner.username, self.name])

    @property
    def is_draft(self) -> bool:
        """Whether the owner has yet to share it."""
        return self.visibility == Visibility.PRIVATE

    @property
    def latest(self) -> Version | None:
        """The newest version; costs no query after ``with_cards()`` or ``with_details()``."""
        if hasattr(self, "latest_versions"):
            return next(iter(self.latest_versions), None)
        return next(iter(self.versions.all()), None)

    def is_editable_by(self, user: User | AnonymousUser) -> bool:
        """Whether ``user`` may change it. Staff moderate in the admin, not in somebody's name."""
        return user.is_authenticated and self.owner_id == user.pk


class Version(models.Model):
    """One set of vectors of an embedding, stored once as canonical safetensors and never changed."""

    id = models.IntegerField(primary_key=True, db_default=NextPublicId(), editable=False)
    embedding = models.ForeignKey(Embedding, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    notes = models.CharField(max_length=500, blank=True)
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the numbers alone.")
    blob = BlobField(owner="embedding__owner", help_text="SHA-256 and storage key of the canonical file.")
    size = models.IntegerField(default=0, db_default=0, help_text="Bytes of the canonical file.")
    vectors = models.IntegerField()
    encoders = models.JSONField(help_text="[{name, shape, dtype}] of the canonical file.")
    norms = models.JSONField(help_text="{encoder: [norm of each vector]}.")
    layout = models.CharField(max_length=32, help_text="Layout of the file that was uploaded.")
    filename = models.CharField(max_length=255, help_text="Name of the file that was uploaded.")
    receipt = models.JSONField(null=True, blank=True, help_text="How it was trained, when it was trained here.")
    indexed = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Which targets and hashes its files and hashes were made for.",
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["embedding", "number"], name="registry_version_number")]

    def __str__(self) -> str:
        return f"{self.embedding} v{self.number}"

    @property
    def cover(self) -> Preview | None:
        """The picture to show where there is room for one; no query after ``with_cards()`` or ``with_details()``."""
        if hasattr(self, "covers"):
            return next(iter(self.covers), None)
        return next((p for p in self.previews.all() if p.variant == Preview.Variant.LEARNED), None)


class File(models.Model):
    """A file that a version can be downloaded as. Several targets may give the same bytes under different names."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="files")
    target = models.CharField(max_length=24, help_text="A value of registry.formats.write.Target.")
    dtype = models.CharField(
        max_length=16,
        default="float32",
        db_default="float32",
        help_text="A value of registry.formats.write.Dtype.",
    )
    filename = models.CharField(max_length=160)
    size = models.IntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    autov3 = models.CharField(max_length=64, blank=True)
    blake3 = models.CharField(max_length=64, blank=True, default="", db_default="")
    crc32 = models.CharField(max_length=8)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "target", "dtype", "filename"], name="registry_file_once")
        ]

    def __str__(self) -> str:
        return self.filename


class Hash(models.Model):
    """The index of hashes: of the file that was uploaded, of every file written from it, and of the numbers.

    Any copy downloaded anywhere resolves back to its page by a whole hash or the beginning of one.
    """

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="hashes")
    kind = models.CharField(max_length=16, choices=HashKind.choices)
    value = models.CharField(max_length=64, help_text="Hexadecimal digits in lower case.")
    uploaded = models.BooleanField(default=False, help_text="Of the file that was uploaded.")

    class Meta:
        verbose_name_plural = "hashes"
        constraints = [models.UniqueConstraint(fields=["version", "kind", "value"], name="registry_hash_once")]
        indexes = [models.Index(fields=["value"], name="registry_hash_value", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class Preview(models.Model):
    """A picture of what the embedding does: drawn by a worker, or uploaded by the owner."""

    class Source(models.TextChoices):
        GENERATED = "generated", "Drawn here by the base model"
        UPLOADED = "uploaded", "Uploaded by the owner"

    class Variant(models.TextChoices):
        LEARNED = "learned", "With the embedding"
        INITIALISER = "initialiser", "With the initialiser words instead"

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="previews")
    position = models.IntegerField()
    blob = BlobField(owner="version__embedding__owner", help_text="SHA-256 and storage key of the WebP picture.")
    size = models.IntegerField(
        default=0, db_default=0, help_text="Bytes of the picture; 0 where it is older than this column."
    )
    width = models.IntegerField()
    height = models.IntegerField()
    source = models.CharField(max_length=16, choices=Source.choices)
    variant = models.CharField(max_length=16, choices=Variant.choices, default=Variant.LEARNED)
    template = models.CharField(max_length=300, blank=True, help_text="The prompt, {} standing for the word.")
    prompt = models.CharField(max_length=400, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True, help_text="Guidance scale, sampler steps, base model.")

    class Meta:
        ordering = ["position", "id"]

    def get_absolute_url(self) -> str:
        return reverse("registry:picture", args=[self.pk, self.blob[:PICTURE_DIGEST_CHARACTERS]])


class Like(models.Model):
    """Somebody likes an embedding."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="likes")
    embedding = models.ForeignKey(Embedding, on_delete=models.CASCADE, related_name="liked_by")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "embedding"], name="registry_like_once")]
