"""What the registry's routes take and answer. Checks live in the services; these only name and shape fields."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.formats import Family
from registry.formats.limits import MAX_FILES
from registry.models import Embedding, File, Kind, License, Preview, Rating, Reason, Version, Visibility

Choices = list[tuple[str, str]]
FAMILIES = [(family.value, family.label) for family in Family]


def choice(choices: Choices, **options: Any) -> serializers.ChoiceField:
    """A choice whose refusal says what there is to choose from."""
    message = "“{input}” is not among the choices: " + ", ".join(value for value, _ in choices) + "."
    return serializers.ChoiceField(choices=choices, error_messages={"invalid_choice": message}, **options)


class EncoderSerializer(serializers.Serializer):
    """The vectors for one text encoder."""

    name = serializers.CharField()
    shape = serializers.ListField(child=serializers.IntegerField(), help_text="[vectors, width].")
    dtype = serializers.CharField()


class FileSerializer(serializers.ModelSerializer):
    """A file that a version can be downloaded as."""

    class Meta:
        model = File
        fields = ["target", "dtype", "filename", "size", "sha256", "autov3", "blake3", "crc32"]


class PreviewSerializer(serializers.ModelSerializer):
    """A picture of what the embedding does."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Preview
        fields = ["id", "url", "width", "height", "source", "variant", "template", "prompt", "seed", "settings"]

    def get_url(self, preview: Preview) -> str:
        return self.context["request"].build_absolute_uri(preview.get_absolute_url())


class VersionSerializer(serializers.ModelSerializer):
    """One set of vectors and its files."""

    encoders = EncoderSerializer(many=True)
    files = FileSerializer(many=True)

    class Meta:
        model = Version
        fields = [
            "id",
            "number",
            "notes",
            "vectors",
            "encoders",
            "norms",
            "digest",
            "layout",
            "receipt",
            "created",
            "files",
        ]


class ShownVersionSerializer(VersionSerializer):
    """A version with its previews."""

    previews = PreviewSerializer(many=True)

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "previews"]


class HiddenSerializer(serializers.ModelSerializer):
    """Why staff have hidden an embedding."""

    reason = choice(Reason.choices, source="moderation_reason")
    text = serializers.CharField(source="moderation_text", help_text="What staff say of it.")
    since = serializers.DateTimeField(source="moderated")

    class Meta:
        model = Embedding
        fields = ["reason", "text", "since"]


class EmbeddingSerializer(serializers.ModelSerializer):
    """An embedding with its versions, newest first, and the newest version's previews."""

    owner = serializers.CharField(source="owner.username")
    url = serializers.SerializerMethodField(help_text="Its page.")
    versions = VersionSerializer(many=True)
    previews = serializers.SerializerMethodField()
    hidden = serializers.SerializerMethodField(
        help_text="Null unless staff have hidden it: then nobody else but its owner gets it."
    )

    class Meta:
        model = Embedding
        fields = [
            *(
                "id",
                "owner",
                "name",
                "title",
                "token",
                "kind",
                "base",
                "description",
                "tags",
                "license",
                "visibility",
                "rating",
            ),
            *("url", "versions", "previews", "downloads", "likes", "created", "updated", "hidden"),
        ]

    def get_url(self, embedding: Embedding) -> str:
        return self.context["request"].build_absolute_uri(embedding.get_absolute_url())

    @extend_schema_field(HiddenSerializer(allow_null=True))
    def get_hidden(self, embedding: Embedding) -> dict[str, Any] | None:
        return HiddenSerializer(embedding).data if embedding.is_hidden else None

    @extend_schema_field(PreviewSerializer(many=True))
    def get_previews(self, embedding: Embedding) -> list[dict[str, Any]]:
        version = embedding.latest
        return PreviewSerializer(version.previews.all() if version else [], many=True, context=self.context).data


class EditableSerializer(serializers.Serializer):
    """What the owner may change."""

    title = serializers.CharField(required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True, help_text="Markdown.")
    kind = choice(Kind.choices, required=False)
    tags = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text="Repeated, or commas between.",
    )
    license = choice(License.choices, required=False)
    visibility = choice(Visibility.choices, required=False)
    rating = choice(Rating.choices, required=False, help_text="general without one.")


class UploadSerializer(serializers.Serializer):
    """An embedding file, or several that belong together."""

    file = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        allow_empty=False,
        max_length=MAX_FILES,
        help_text="Repeated for files that belong together, such as the two halves of an SDXL embedding.",
    )


class PartSerializer(UploadSerializer):
    """One embedding of an upload."""

    part = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="Label of the one to take, as inspect tells it, where the upload holds several.",
    )


class NewVersionSerializer(PartSerializer):
    """A new version of an embedding."""

    notes = serializers.CharField(required=False, allow_blank=True)
    previews = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False, help_text="JPEG, PNG or WebP."
    )


class NewPreviewsSerializer(serializers.Serializer):
    """Pictures for a version."""

    previews = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), allow_empty=False, help_text="JPEG, PNG or WebP."
    )


class NewEmbeddingSerializer(PartSerializer, EditableSerializer):
    """An upload. Without a title, the name is the title."""

    name = serializers.CharField()
    token = serializers.CharField(help_text="The placeholder token, as typed in a prompt.")
    kind = choice(Kind.choices)
    base = choice(FAMILIES)
    license = choice(License.choices)
    previews = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False, help_text="JPEG, PNG or WebP."
    )


class PlaceSerializer(serializers.Serializer):
    """Where the same numbers are on this hub."""

    owner = serializers.CharField(source="version.embedding.owner.username")
    name = serializers.CharField(source="version.embedding.name")
    version = serializers.IntegerField(source="version.number")
    rounded = serializers.CharField(help_text="“float16” or “bfloat16” where one is a rounded copy of the other.")


class LookalikeSerializer(serializers.ModelSerializer):
    """Somebody else's embedding that looks like it is called the same."""

    owner = serializers.CharField(source="owner.username")
    url = serializers.SerializerMethodField(help_text="Its page.")

    class Meta:
        model = Embedding
        fields = ["owner", "name", "title", "token", "url"]

    def get_url(self, embedding: Embedding) -> str:
        return self.context["request"].build_absolute_uri(embedding.get_absolute_url())


class UploadedSerializer(EmbeddingSerializer):
    """An embedding as it was just made, with what its owner may want to know."""

    duplicates = serializers.SerializerMethodField(help_text="Other versions with the same numbers.")
    lookalikes = serializers.SerializerMethodField(
        help_text="Embeddings of others whose name, title or token looks the same: a warning."
    )

    class Meta(EmbeddingSerializer.Meta):
        fields = [*EmbeddingSerializer.Meta.fields, "duplicates", "lookalikes"]

    @extend_schema_field(PlaceSerializer(many=True))
    def get_duplicates(self, embedding: Embedding) -> list[dict[str, Any]]:
        return PlaceSerializer(self.context["duplicates"], many=True).data

    @extend_schema_field(LookalikeSerializer(many=True))
    def get_lookalikes(self, embedding: Embedding) -> list[dict[str, Any]]:
        return LookalikeSerializer(self.context["lookalikes"], many=True, context=self.context).data


class LikesSerializer(serializers.Serializer):
    """Whether you like it, and how many do."""

    liked = serializers.BooleanField()
    likes = serializers.IntegerField()
