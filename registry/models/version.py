"""The versions of an embedding: their numbers, the files written from them, what identifies them, and previews."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry import infotext
from registry.fields import BlobField
from registry.models.embedding import Embedding, NextPublicId

#: Characters of a picture's SHA-256 in its address: the address changes with the bytes, so it may be cached for ever.
PICTURE_DIGEST_CHARACTERS = 12
#: Pixels of the widths that a picture is also kept in: a card on a phone, on a sharp screen, and a picture by itself.
RENDITION_WIDTHS = (256, 512, 768)
#: Characters of an embedding's SHA-256 in A1111's text.
_TI_HASH_CHARACTERS = 12


class HashKind(models.TextChoices):
    """What a hash is of. AutoV2 and the hashes in A1111's "TI hashes" are beginnings of the SHA-256."""

    SHA256 = "sha256", "SHA-256"
    AUTOV3 = "autov3", "AutoV3"
    BLAKE3 = "blake3", "BLAKE3"
    CRC32 = "crc32", "CRC32"
    CHECKSUM = "checksum", _("A1111's checksum of the numbers")
    DIGEST = "digest", _("digest of the numbers")
    DIGEST_F16 = "digest-f16", _("digest of the numbers rounded to float16")
    DIGEST_BF16 = "digest-bf16", _("digest of the numbers rounded to bfloat16")


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
        learned = (p for p in self.previews.all() if p.variant == Preview.Variant.LEARNED)
        return next((p for p in learned if not p.is_strength_step), None)


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
        GENERATED = "generated", _("Drawn here by the base model")
        UPLOADED = "uploaded", _("Uploaded by the owner")

    class Variant(models.TextChoices):
        LEARNED = "learned", _("With the embedding")
        INITIALISER = "initialiser", _("With the initialiser words instead")

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
    tone = models.SmallIntegerField(
        null=True, blank=True, editable=False, help_text="Number of the colour that keeps its place while it loads."
    )

    class Meta:
        ordering = ["position", "id"]

    def get_absolute_url(self) -> str:
        return reverse("registry:picture", args=[self.pk, self.blob[:PICTURE_DIGEST_CHARACTERS]])

    @property
    def generated(self) -> bool:
        """Whether a model drew it here, which its every file must say."""
        return self.source == self.Source.GENERATED

    @property
    def strength(self) -> float:
        """How far the vectors are on their way from the initialiser's (0) to the learned ones; 1 is the embedding as it is."""
        return self.settings.get("strength", 1)

    @property
    def is_strength_step(self) -> bool:
        """Whether it shows the embedding weaker or stronger than it is; such pictures stand for nothing else."""
        return self.strength != 1

    @property
    def rendition_widths(self) -> list[int]:
        """Pixels of the widths that it is offered in, none above its own; empty for a small one, which is sent as it is."""
        if self.width <= RENDITION_WIDTHS[0]:
            return []
        return [width for width in RENDITION_WIDTHS if width < self.width] + [self.width]

    @property
    def sources(self) -> list[tuple[str, str]]:
        """What a ``<picture>`` offers instead of the picture as it is stored: (media type, srcset), the best first."""
        widths = self.rendition_widths
        webp = [self._rendition_url(width, "webp") for width in widths[:-1]] + [self.get_absolute_url()]
        avif = [self._rendition_url(width, "avif") for width in widths]
        return [(f"image/{kind}", _srcset(urls, widths)) for kind, urls in (("avif", avif), ("webp", webp)) if widths]

    def _rendition_url(self, width: int, kind: str) -> str:
        digest = self.blob[:PICTURE_DIGEST_CHARACTERS]
        return reverse("registry:rendition", args=[self.pk, digest, width, kind])

    @property
    def file_prompt(self) -> str:
        """The prompt with the name of the embedding's file for its word, as A1111 reads it."""
        with_it = self.variant == self.Variant.LEARNED and self.template
        return self.template.replace("{}", self.version.embedding.name) if with_it else self.prompt

    @property
    def a1111_text(self) -> str:
        """Prompt, seed, settings and embedding as A1111 writes them; empty for a picture that was not drawn here.

        It reads the same for ever, since nothing of it can change. No query after ``with_details()``. The embedding's word
        is the name of its file there, and what was drawn without it does not name it.
        """
        if not self.generated:
            return ""
        version, embedding = self.version, self.version.embedding
        with_it = self.variant == self.Variant.LEARNED
        more = {
            "Model": (version.receipt or {}).get("base", {}).get("name"),
            "TI_hashes": f"{embedding.name}: {version.blob[:_TI_HASH_CHARACTERS]}" if with_it else "",
        }
        return infotext.of_drawing(self.file_prompt, self.seed, self.settings, (self.width, self.height), **more)


class Rendition(models.Model):
    """A preview in another size or format, made when it is first asked for and then kept."""

    class Kind(models.TextChoices):
        AVIF = "avif", "AVIF"
        WEBP = "webp", "WebP"

    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="renditions")
    width = models.SmallIntegerField(help_text="Pixels.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    blob = BlobField(owner="preview__version__embedding__owner", help_text="SHA-256 and storage key of the picture.")
    size = models.IntegerField(help_text="Bytes of the picture.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["preview", "width", "kind"], name="registry_rendition_once")]


def _srcset(urls: list[str], widths: list[int]) -> str:
    return ", ".join(f"{url} {width}w" for url, width in zip(urls, widths, strict=True))
