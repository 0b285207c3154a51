"""The registry for staff: looking things up and taking things down."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from registry.errors import RegistryError
from registry.models import Embedding, File, Preview, Version
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
        "visibility",
        "downloads",
        "likes",
        "created",
    ]
    list_filter = ["visibility", "base", "kind", "license"]
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
        "downloads",
        "likes",
        "created",
        "updated",
    ]
    inlines = [VersionInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

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
