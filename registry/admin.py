"""The registry for staff: looking things up and correcting them. What hides or takes down is on pages of its own."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from hub.read_only import ReadOnlyAdmin
from registry.errors import RegistryError
from registry.models import AuditEntry, BlockedHash, Embedding, File, Preview, Report, Tombstone, Version
from registry.skeletons import skeletons
from registry.validation import check_title, normalise_tags


class _ReadOnly(admin.TabularInline):
    """Rows that belong together with stored bytes: changing one alone would make it untrue."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class VersionInline(_ReadOnly):
    model = Version
    fields = ["number", "vectors", "layout", "filename", "digest", "created"]
    readonly_fields = ["created"]
    show_change_link = True


class FileInline(_ReadOnly):
    model = File
    fields = ["target", "dtype", "filename", "size", "sha256", "autov3"]


class PreviewInline(_ReadOnly):
    model = Preview
    fields = ["position", "source", "variant", "prompt", "seed", "width", "height"]
    can_delete = True


class EmbeddingForm(forms.ModelForm):
    """What staff may correct."""

    def clean_title(self) -> str:
        try:
            return check_title(self.cleaned_data["title"])
        except RegistryError as error:
            raise ValidationError(error.message, code=error.code) from error

    def clean_tags(self) -> list[str]:
        try:
            return normalise_tags(self.cleaned_data["tags"])
        except RegistryError as error:
            raise ValidationError(error.message, code=error.code) from error


@admin.register(Embedding)
class EmbeddingAdmin(admin.ModelAdmin):
    form = EmbeddingForm
    list_display = [
        "__str__",
        "title",
        "token",
        "base",
        "kind",
        "shown_to",
        "rated",
        "moderation",
        "downloads",
        "likes",
        "created",
    ]
    list_filter = ["visibility", "rating", "moderation", "base", "kind", "license"]
    list_select_related = ["owner"]
    search_fields = ["name", "title", "token", "owner__username"]
    date_hierarchy = "created"
    # Files that people have carry these, and the counters and the rendered text follow from other rows.
    readonly_fields = [
        "owner",
        "name",
        "token",
        "base",
        "description",
        "decisions",
        "rating",
        "rating_locked",
        "moderation",
        "moderation_reason",
        "moderation_text",
        "moderated",
        "downloads",
        "likes",
        "created",
        "updated",
    ]
    inlines = [VersionInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Embedding | None = None) -> bool:
        """What staff take down leaves a tombstone, and its owner is told: not so here."""
        return False

    @admin.display(description=_("visibility"), ordering="visibility")
    def shown_to(self, embedding: Embedding) -> str:
        """In a word: what it means stands in the filter."""
        return embedding.visibility

    @admin.display(description=_("content rating"), ordering="rating")
    def rated(self, embedding: Embedding) -> str:
        """In a word too."""
        return embedding.rating

    @admin.display(description=_("hide, rate, take down"))
    def decisions(self, embedding: Embedding) -> str:
        """Where staff decide on it, so that it is told and logged."""
        address = reverse("registry:staff-embedding", args=[embedding.pk])
        return format_html('<a href="{}">{}</a>', address, _("Moderate"))

    def save_model(self, request: HttpRequest, obj: Embedding, form: EmbeddingForm, change: bool) -> None:
        # Only what was changed: a whole row would put back counters that have moved on since the page was opened.
        obj.skeletons = skeletons(obj.name, obj.title, obj.token)
        obj.save(update_fields=[*form.changed_data, "skeletons", "updated"])


@admin.register(Version)
class VersionAdmin(admin.ModelAdmin):
    list_display = ["__str__", "vectors", "layout", "digest", "created"]
    list_select_related = ["embedding__owner"]
    search_fields = ["embedding__name", "digest", "hashes__value"]
    fields = [
        "embedding",
        "number",
        "notes",
        "vectors",
        "encoders",
        "norms",
        "layout",
        "filename",
        "digest",
        "blob",
        "receipt",
    ]
    readonly_fields = [field for field in fields if field != "notes"]
    inlines = [FileInline, PreviewInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        """Its numbers have addresses out there; the embedding can be taken down."""
        return False


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ["id", "path", "reason", "state", "reporter", "created", "closed"]
    list_filter = ["state", "reason"]
    list_select_related = ["reporter"]
    search_fields = ["path", "text", "reporter__username"]
    date_hierarchy = "created"


class BlockedHashInline(_ReadOnly):
    model = BlockedHash


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "token", "base", "reason", "created", "lifted"]
    list_filter = ["reason", "base"]
    search_fields = ["owner_name", "name", "token", "hashes__value"]
    date_hierarchy = "created"
    inlines = [BlockedHashInline]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["created", "action", "by", "label", "about", "reason"]
    list_filter = ["action", "reason"]
    list_select_related = ["by", "about"]
    search_fields = ["label", "text", "key"]
    date_hierarchy = "created"
