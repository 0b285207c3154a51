"""An embedding as people know it, and who likes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from hub.accounts.names import validate_embedding_name
from registry.formats.types import Family
from registry.models.reasons import MAX_STATEMENT_CHARACTERS, Reason
from registry.querysets import EmbeddingQuerySet
from registry.skeletons import MAX_SKELETON_CHARACTERS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User
    from registry.models.version import Version

MAX_TITLE_CHARACTERS = 120
#: Rendering stays under 0.1 s; longer texts belong on a page of their own.
MAX_DESCRIPTION_CHARACTERS = 10_000
MAX_TOKEN_CHARACTERS = 80
MAX_TAGS = 20
MAX_TAG_CHARACTERS = 40


class NextPublicId(Func):
    """The next number of the one sequence that embeddings and versions share.

    Clients of the Civitai protocol refuse a number that is both a model and a version.
    """

    template = "nextval('registry_public_id')"


class Kind(models.TextChoices):
    """What an embedding stands for in a prompt."""

    OBJECT = "object", _("Object")
    STYLE = "style", _("Style")
    NEGATIVE = "negative", _("Negative")


class Visibility(models.TextChoices):
    """Who may know of an embedding."""

    PUBLIC = "public", _("Public: listed and found by everyone")
    UNLISTED = "unlisted", _("Unlisted: everyone who has the address")
    PRIVATE = "private", _("Private: only you")


class Rating(models.TextChoices):
    """How much of it everybody may like to see without asking for it."""

    GENERAL = "general", _("General: fit for everybody")
    SUGGESTIVE = "suggestive", _("Suggestive: pictures are blurred until somebody asks for them")
    EXPLICIT = "explicit", _("Explicit: listed only for people who chose so")


class Moderation(models.TextChoices):
    """What staff did to it. One that was taken down is no row any more but a tombstone."""

    NONE = "", _("Nothing")
    HIDDEN = "hidden", _("Hidden: only its owner and staff can see it")


class License(models.TextChoices):
    """Licences to choose from, by SPDX identifier where there is one."""

    CC0 = "cc0-1.0", _("CC0 1.0 (public domain)")
    CC_BY = "cc-by-4.0", "CC BY 4.0"
    CC_BY_SA = "cc-by-sa-4.0", "CC BY-SA 4.0"
    CC_BY_NC = "cc-by-nc-4.0", "CC BY-NC 4.0"
    CC_BY_NC_SA = "cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0"
    MIT = "mit", "MIT"
    APACHE = "apache-2.0", "Apache 2.0"
    OPENRAIL_M = "creativeml-openrail-m", "CreativeML Open RAIL-M"
    OTHER = "other", _("Other (say which in the description)")


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
    rating = models.CharField(
        _("content rating"), max_length=16, choices=Rating.choices, default=Rating.GENERAL, db_default=Rating.GENERAL
    )
    rating_locked = models.BooleanField(
        _("rating set by staff"), default=False, db_default=False, help_text=_("Its owner cannot change the rating.")
    )
    moderation = models.CharField(
        max_length=16, choices=Moderation.choices, default="", db_default="", blank=True, editable=False
    )
    moderation_reason = models.CharField(
        max_length=32, choices=Reason.choices, default="", db_default="", blank=True, editable=False
    )
    moderation_text = models.CharField(
        max_length=MAX_STATEMENT_CHARACTERS,
        default="",
        db_default="",
        blank=True,
        editable=False,
        help_text=_("What staff told its owner."),
    )
    moderated = models.DateTimeField(null=True, blank=True, editable=False)
    vectors = models.SmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Vectors of the newest version, by which lists are filtered."
    )
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
            models.Index(fields=["updated", "id"], name="registry_embedding_updated", condition=Q(visibility="public")),
            # The counts of filters are read from this alone.
            models.Index(
                fields=["base", "kind", "license", "vectors", "rating"],
                name="registry_embedding_facets",
                condition=Q(visibility="public", moderation=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner.username}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("registry:embedding", args=[self.owner.username, self.name])

    @property
    def is_hidden(self) -> bool:
        """Whether staff have taken it out of everybody's sight."""
        return self.moderation == Moderation.HIDDEN

    @property
    def is_public(self) -> bool:
        """Whether anybody at all may see it, so that shared caches may keep it."""
        return self.visibility == Visibility.PUBLIC and not self.is_hidden

    @property
    def latest(self) -> Version | None:
        """The newest version; costs no query after ``with_cards()`` or ``with_details()``."""
        if hasattr(self, "latest_versions"):
            return next(iter(self.latest_versions), None)
        return next(iter(self.versions.all()), None)

    def is_liked_by(self, user: User | AnonymousUser) -> bool:
        """Whether ``user`` likes it. One query, none without an account."""
        return user.is_authenticated and self.liked_by.filter(owner=user).exists()

    def is_editable_by(self, user: User | AnonymousUser) -> bool:
        """Whether ``user`` may change it. Staff moderate, they do not edit in somebody's name."""
        return user.is_authenticated and self.owner_id == user.pk


class Like(models.Model):
    """Somebody likes an embedding."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="likes")
    embedding = models.ForeignKey(Embedding, on_delete=models.CASCADE, related_name="liked_by")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "embedding"], name="registry_like_once")]
